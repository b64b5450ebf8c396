/**
 * What sign-in, invitation and account share: a card in the middle of the page, and fields that say
 * what is wrong with them.
 *
 * @import { Text } from "../i18n.js"
 * @import { VNode } from "preact"
 */
import { h } from "preact";
import { ApiProblem } from "../api.js";
import { html } from "../ui/html.js";
import { Mark } from "../ui/icon.js";
import { sentenceOf } from "./problem-text.js";

/** Codes whose sentence stands in the catalogue; the server's own sentence does for the rest. */
const KNOWN = new Set(["sign_in_refused", "code_refused", "second_factor_wrong", "sign_in_busy"]);

/**
 * @param {unknown} error
 * @param {Text} t
 * @returns {string} Raises what is neither a refusal nor silence.
 */
export function accountSentence(error, t) {
  if (error instanceof ApiProblem && KNOWN.has(error.code)) return t(`account_error.${error.code}`);
  return sentenceOf(error, t);
}

/**
 * @param {{title: string, lead?: string, children?: unknown}} props
 * @returns {VNode}
 */
export function Card({ title, lead, children }) {
  return html`<main id="main" class="sign-in">
    <div class="sign-in-card">
      <p class="brand">${h(Mark, {})}<span>Evenhand</span></p>
      <h1 tabindex="-1">${title}</h1>
      ${lead ? html`<p class="lead">${lead}</p>` : null}
      ${children}
    </div>
  </main>`;
}

/**
 * A labelled field. Its message and hint are read with it.
 * @param {object} props
 * @param {string} props.id
 * @param {string} props.label
 * @param {string} props.type
 * @param {string} props.autocomplete
 * @param {string} [props.hint]
 * @param {boolean} [props.wrong]
 * @param {string} [props.messageId] Of the form's message.
 * @param {string} [props.value] A value that is only shown.
 * @param {string} [props.inputmode]
 * @returns {VNode}
 */
export function Field({ id, label, type, autocomplete, hint, wrong, messageId, value, inputmode }) {
  const described = [hint ? `${id}-hint` : "", messageId ?? ""].filter(Boolean).join(" ");
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <input id=${id} name=${id} type=${type} autocomplete=${autocomplete} autocapitalize="off"
      spellcheck=${false} required=${value === undefined} readonly=${value !== undefined} value=${value}
      inputmode=${inputmode} maxlength="1024" aria-invalid=${wrong === true}
      aria-describedby=${described || undefined} />
    ${hint ? html`<p id=${`${id}-hint`} class="fine">${hint}</p>` : null}
  </div>`;
}

/**
 * What a form says after a try; the region is there from the start, so that it is read out.
 * @param {{id: string, text: string}} props
 * @returns {VNode}
 */
export function Message({ id, text }) {
  return html`<p id=${id} class="field-error" role="alert">${text}</p>`;
}

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 * @returns {string} As typed: nothing is trimmed.
 */
export function typed(form, name) {
  return String(new FormData(form).get(name) ?? "");
}

/**
 * Puts the focus into the first empty field, or else into the first one.
 * @param {HTMLFormElement | null} form
 * @param {string} [name] A certain field, its content selected.
 */
export function focusField(form, name) {
  /** @type {HTMLInputElement[]} */
  const fields = form === null ? [] : [...form.querySelectorAll("input:not([readonly])")].map(
    (one) => /** @type {HTMLInputElement} */ (one),
  );
  const wanted = fields.find((one) => one.name === name)
    ?? fields.find((one) => one.value === "")
    ?? fields[0];
  wanted?.focus();
  if (name !== undefined) wanted?.select();
}
