/**
 * Inviting somebody: the link is made once and shown once; its secret stands in the fragment, which
 * browsers do not send.
 *
 * @import { Party } from "../types/manage.js"
 * @import { VNode } from "preact"
 * @import { Place } from "./framed.js"
 */
import { h } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";

const ROLES = ["annotator", "reviewer", "manager", "auditor", "owner"];

/**
 * @param {{link: string, name: string, place: Place, onAgain: () => void}} props
 * @returns {VNode}
 */
function Link({ link, name, place, onAgain }) {
  const { t } = place;
  const [copied, setCopied] = useState(false);
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  // It is shown this once, and may have been asked for further down the page.
  useEffect(() => field.current?.select(), []);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link);
      setCopied(true);
      place.say(t("people.copied"));
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      field.current?.select(); // The browser forbids it: the text is ready to be copied by hand.
    }
  };
  return html`<div class="invited" role="group" aria-label=${t("people.link")}>
    <p dir="auto">${t("people.link_text", { name })}</p>
    <div class="copy-line">
      <input type="text" id="invitation-link" ref=${field} readonly value=${link}
        aria-label=${t("people.link")} />
      <button class="button" type="button" onClick=${copy}>
        ${h(Icon, { name: "copy" })}${t(copied ? "people.copied" : "people.copy")}</button>
    </div>
    <button class="button is-quiet" type="button" onClick=${onAgain}>${t("people.another")}</button>
  </div>`;
}

/** @typedef {{member: string, name: string, link: string}} MadeLink */

/** @param {string} member @param {string} name @param {string} code @returns {MadeLink} */
export function linkOf(member, name, code) {
  return { member, name, link: `${window.location.origin}/accept#${code}` };
}

/**
 * @param {object} props
 * @param {Place} props.place
 * @param {readonly Party[]} props.vendors
 * @param {MadeLink | null} props.made The link that is shown; the list of invitations makes some too.
 * @param {(made: MadeLink | null) => void} props.onMade
 * @param {() => Promise<void>} props.onInvited
 * @returns {VNode}
 */
export function Invite({ place, vendors, made, onMade, onInvited }) {
  const { api, t } = place;
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [message, setMessage] = useState("");
  const [busy, setBusy] = useState(false);

  /** @param {Event} event */
  const send = async (event) => {
    event.preventDefault();
    if (busy || form.current === null) return;
    const given = new FormData(form.current);
    /** @param {string} name */
    const text = (name) => String(given.get(name) ?? "").trim();
    if (text("name") === "" || !/^[^\s@]+@[^\s@]+$/.test(text("email"))) {
      setMessage(t("people.missing"));
      form.current.querySelector("input")?.focus();
      return;
    }
    setBusy(true);
    setMessage("");
    try {
      const body = {
        name: text("name"), email: text("email"), role: text("role"),
        vendor_id: text("vendor") === "" ? null : text("vendor"),
      };
      const { code, member_id: member } = await api.call("POST", "/invitations", body);
      onMade(linkOf(member, body.name, code));
      place.say(t("people.invited", { name: body.name }));
      await onInvited();
    } catch (error) {
      setMessage(place.fail(error));
    }
    setBusy(false);
  };
  return html`<section class="panel" aria-labelledby="invite-title">
    <h2 id="invite-title">${t("people.invite")}</h2>
    ${made !== null
      ? h(Link, { key: made.link, ...made, place, onAgain: () => onMade(null) })
      : html`<form class="invite" ref=${form} onSubmit=${send} novalidate>
          <label><span>${t("people.name")}</span>
            <input type="text" name="name" dir="auto" maxlength="200" autocomplete="off" required
              aria-describedby="invite-message" /></label>
          <label><span>${t("people.email")}</span>
            <input type="email" name="email" maxlength="320" autocomplete="off" required
              aria-describedby="invite-message" /></label>
          <label><span>${t("people.role")}</span>
            <select name="role">
              ${ROLES.filter((role) => role !== "owner" || place.me.member.role === "owner").map((role) =>
              html`<option key=${role} value=${role}>${t(`role.${role}`)}</option>`)}</select></label>
          <label><span>${t("people.vendor")}</span>
            <select name="vendor"><option value="">${t("annotators.no_vendor")}</option>
              ${vendors.map(({ id, name }) => html`<option key=${id} value=${id}>${name}</option>`)}</select>
                </label>
          <button class="button is-main" type="submit" disabled=${busy}>${t("people.send")}</button>
          <p id="invite-message" class="field-error" role="alert">${message}</p>
        </form>`}
  </section>`;
}
