/**
 * Starts a page inside the frame: who is here, may they, what when the session ends meanwhile.
 *
 * @import { Api } from "../api.js"
 * @import { Text } from "../i18n.js"
 * @import { Me } from "../types/api.js"
 * @import { FunctionComponent, VNode } from "preact"
 */
import { signal } from "@preact/signals";
import { h, render } from "preact";
import { ApiProblem } from "../api.js";
import { Frame } from "../ui/frame.js";
import { html } from "../ui/html.js";
import { Notice } from "../ui/notice.js";
import { sentenceOf } from "./problem-text.js";

/** @typedef {{root: HTMLElement, api: Api, t: Text}} Surroundings */

/**
 * What a framed page works with.
 * @typedef {object} Place
 * @property {Api} api
 * @property {Text} t
 * @property {Me} me
 * @property {(permission: string) => boolean} may
 * @property {(text: string) => void} say Through the live region.
 * @property {(error: unknown) => string} fail A sentence for what went wrong; a session that has
 *   ended clears the page instead. Raises what is neither a refusal nor silence.
 */

/**
 * @typedef {object} About
 * @property {string} here Name of the place in the navigation, "" for none.
 * @property {string} title
 * @property {string} [permission] Whoever lacks it is told so instead of shown the page.
 */

/**
 * The page's own message where its content would be.
 * @param {{title: string, text: string, href: string, action: string, tone?: "info" | "warn"}} props
 * @returns {VNode}
 */
export function DeadEnd({ title, text, href, action, tone = "info" }) {
  const actions = html`<a class="button" href=${href}>${action}</a>`;
  const notice = h(Notice, { tone, title, children: html`<p>${text}</p>`, actions });
  return html`<main id="main" class="dead-end" tabindex="-1">${notice}</main>`;
}

/** @returns {string} The sign-in page, which leads back here. */
function signInAddress() {
  const back = window.location.pathname + window.location.search;
  return `/sign-in?${new URLSearchParams({ back })}`;
}

/**
 * @param {string} title
 */
export function titled(title) {
  document.title = `${title} · Evenhand`;
}

/**
 * @param {Surroundings} surroundings
 * @param {About} about
 * @param {FunctionComponent<{place: Place}>} Page Draws one `<main id="main" tabindex="-1">`.
 */
export async function startFramed({ root, api, t }, about, Page) {
  titled(about.title);
  const status = signal("");
  const ended = signal(false);
  let me;
  try {
    me = await api.me();
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) {
      window.location.replace(signInAddress());
      return;
    }
    const text = sentenceOf(error, t);
    const href = window.location.href;
    render(h(DeadEnd, { title: t("dead_end.title"), text, href, action: t("dead_end.reload") }), root);
    return;
  }
  const held = new Set(me.permissions);
  /** @type {Place} */
  const place = {
    api, t, me,
    may: (permission) => held.has(permission),
    say: (text) => void (status.value = text),
    fail(error) {
      if (error instanceof ApiProblem && error.status === 401) ended.value = true;
      return sentenceOf(error, t);
    },
  };
  const refused = about.permission !== undefined && !held.has(about.permission);
  render(h(Whole, { place, here: about.here, Page, refused, status, ended }), root);
}

/**
 * @param {object} props
 * @param {Place} props.place
 * @param {string} props.here
 * @param {FunctionComponent<{place: Place}>} props.Page
 * @param {boolean} props.refused
 * @param {{value: string}} props.status
 * @param {{value: boolean}} props.ended
 * @returns {VNode}
 */
function Whole({ place, here, Page, refused, status, ended }) {
  const { me, t, api } = place;
  const signOut = async () => {
    try {
      await api.signOut();
    } catch (error) {
      if (!(error instanceof ApiProblem && error.status === 401)) {
        status.value = sentenceOf(error, t);
        return;
      }
    }
    window.location.assign("/sign-in");
  };
  // What was on the page goes with the session: nobody reads on over somebody's shoulder.
  if (ended.value) {
    return html`<div class="framed">${h(DeadEnd, {
      tone: "warn", title: t("ended.title"), text: t("ended.text"),
      href: signInAddress(), action: t("notice.sign_in"),
    })}</div>`;
  }
  const children = refused
    ? h(DeadEnd, {
        title: t("refused.title"), text: t("refused.text", { role: t(`role.${me.member.role}`) }),
        href: "/home", action: t("refused.home"),
      })
    : h(Page, { place });
  return h(Frame, { me, here, t, status: status.value, onSignOut: () => void signOut(), children });
}
