/**
 * One's own account: password, second factor, and the browsers that are signed in.
 *
 * @import { Api } from "../api.js"
 * @import { Text } from "../i18n.js"
 * @import { Account, OwnSession } from "../types/account.js"
 * @import { Place } from "./framed.js"
 * @import { VNode } from "preact"
 */
import { h } from "preact";
import { useEffect, useState } from "preact/hooks";
import { html } from "../ui/html.js";
import { Notice } from "../ui/notice.js";
import { Field, typed } from "./card.js";
import { Factor } from "./account-factor.js";
import { startFramed } from "./framed.js";
import { SecretForm } from "./sign-in.js";

/**
 * @param {{place: Place, account: Account, onChange: (said: string) => void}} props
 * @returns {VNode}
 */
function PasswordPart({ place, account, onChange }) {
  const { api, t } = place;
  const [open, setOpen] = useState(false);
  const set = account.password_set;
  const lead = account.password_changed_at
    ? t("account.password_since", { at: new Date(account.password_changed_at).toLocaleString() })
    : t("account.password_none");
  const names = set ? ["current", "new"] : ["new"];
  return html`<section class="part" aria-labelledby="password-title">
    <h2 id="password-title">${t("account.password")}</h2>
    <p>${lead}</p>
    ${open
      ? h(SecretForm, {
          t, names, submit: t("account.password_save"), missing: t("accept.missing"),
          send: async (form) => {
            const current = set ? typed(form, "current") : null;
            await api.call("POST", "/me/password", { current, new: typed(form, "new") });
            setOpen(false);
            onChange(t("account.password_saved"));
          },
          fields: (wrong) => html`<div class="fields">
            <input type="email" class="visually-hidden" autocomplete="username" value=${account.email}
              readonly tabindex="-1" aria-hidden="true" />
            ${set ? h(Field, {
              id: "current", label: t("account.password_current"), type: "password",
              autocomplete: "current-password", wrong, messageId: "form-message",
            }) : null}
            ${h(Field, {
              id: "new", label: t("accept.password"), type: "password", autocomplete: "new-password",
              hint: t("accept.password_hint"), wrong, messageId: "form-message",
            })}
          </div>`,
        })
      : html`<button class="button" type="button" onClick=${() => setOpen(true)}>
          ${t(set ? "account.password_change" : "account.password_set")}</button>`}
  </section>`;
}

/**
 * @param {{place: Place, sessions: readonly OwnSession[], onChange: (said: string) => void,
 *   onFail: (error: unknown) => void}} props
 * @returns {VNode}
 */
function Sessions({ place, sessions, onChange, onFail }) {
  const { api, t } = place;
  /** @param {OwnSession} session */
  const end = async (session) => {
    try {
      await api.call("DELETE", `/me/sessions/${encodeURIComponent(session.id)}`);
      onChange(t("account.session_ended"));
    } catch (error) {
      onFail(error);
    }
  };
  const endAll = async () => {
    try {
      await api.call("DELETE", "/me/sessions");
      window.location.assign("/sign-in");
    } catch (error) {
      onFail(error);
    }
  };
  return html`<section class="part" aria-labelledby="sessions-title">
    <h2 id="sessions-title">${t("account.sessions")}</h2>
    <p>${t("account.sessions_lead")}</p>
    <ul class="sessions">
      ${sessions.map((session) => html`<li key=${session.id}>
        <div><strong>${session.device}</strong>
          <p class="fine">
            ${t("account.session_seen", { at: new Date(session.last_seen_at).toLocaleString() })}</p></div>
        ${session.current
          ? html`<span class="badge">${t("account.session_here")}</span>`
          : html`<button class="button" type="button" onClick=${() => end(session)}
              aria-label=${t("account.session_end_named", { device: session.device })}>
              ${t("account.session_end")}</button>`}
      </li>`)}
    </ul>
    <button class="button" type="button" onClick=${endAll}>${t("account.end_all")}</button>
  </section>`;
}

/** @param {{place: Place}} props @returns {VNode} */
function AccountPage({ place }) {
  const { api, t, me } = place;
  const [account, setAccount] = useState(/** @type {Account | null} */ (null));
  const [sessions, setSessions] = useState(/** @type {readonly OwnSession[]} */ ([]));
  const [problem, setProblem] = useState("");
  /** @param {unknown} error */
  const onFail = (error) => setProblem(place.fail(error));
  const load = async () => {
    try {
      const [now, list] = await Promise.all([
        api.call("GET", "/me/account"),
        api.call("GET", "/me/sessions"),
      ]);
      setAccount(now);
      setSessions(list.items);
    } catch (error) {
      onFail(error);
    }
  };
  /** @param {string} said */
  const onChange = (said) => {
    setProblem("");
    place.say(said);
    void load();
  };
  useEffect(() => void load(), []);
  return html`<main id="main" class="account-page" tabindex="-1">
    <h1>${t("account.title")}</h1>
    <p class="lead"><span dir="auto">${me.member.name}</span>
      ${account ? html` · <span dir="auto">${account.email}</span>` : null}</p>
    ${problem
      ? h(Notice, { tone: "bad", title: t("account.trouble"), children: html`<p>${problem}</p>` })
      : null}
    ${account === null ? html`<p role="status">${problem ? "" : t("loading")}</p>` : html`<div class="parts">
      ${h(PasswordPart, { place, account, onChange })}
      ${h(Factor, { place, account, onChange })}
      ${h(Sessions, { place, sessions, onChange, onFail })}
    </div>`}
  </main>`;
}

/** @param {{root: HTMLElement, api: Api, t: Text}} surroundings */
export async function start(surroundings) {
  const title = surroundings.t("account.title");
  await startFramed(surroundings, { here: "", title }, AccountPage);
}
