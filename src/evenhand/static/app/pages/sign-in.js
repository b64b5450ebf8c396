/**
 * Signing in with a one-time code.
 *
 * @import { Api } from "../api.js"
 * @import { Text } from "../i18n.js"
 * @import { VNode } from "preact"
 */
import { h, render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiProblem } from "../api.js";
import { html } from "../ui/html.js";
import { Mark } from "../ui/mark.js";

/**
 * @param {unknown} error
 * @param {Text} t
 * @returns {string} A sentence; raises what is neither a refusal nor silence.
 */
function sentenceFor(error, t) {
  if (!(error instanceof ApiProblem)) {
    if (error instanceof Error && error.name === "NetworkFailure") return t("error.network");
    throw error;
  }
  if (error.code === "code_refused") return t("sign_in.refused");
  if (error.status === 429) return t("sign_in.too_many");
  return error.detail || t("error.unavailable");
}

/**
 * @param {{api: Api, t: Text}} props
 * @returns {VNode}
 */
function SignIn({ api, t }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [message, setMessage] = useState("");
  const [busy, setBusy] = useState(false);
  useEffect(() => field.current?.focus(), []);

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    const code = field.current?.value.trim() ?? "";
    if (code === "") {
      setMessage(t("sign_in.missing"));
      field.current?.focus();
      return;
    }
    setBusy(true);
    setMessage("");
    try {
      await api.signIn(code);
      window.location.assign("/work");
    } catch (error) {
      setMessage(sentenceFor(error, t));
      setBusy(false);
      field.current?.focus();
      field.current?.select();
    }
  }

  return html`<main class="sign-in">
    <form class="sign-in-card" onSubmit=${submit} novalidate>
      <p class="brand">${h(Mark, {})}<span>Evenhand</span></p>
      <h1>${t("sign_in.title")}</h1>
      <p class="lead">${t("sign_in.lead")}</p>
      <label for="code">${t("sign_in.code")}</label>
      <input id="code" ref=${field} type="text" autocomplete="one-time-code" autocapitalize="off"
        spellcheck=${false} required aria-describedby="code-message" aria-invalid=${message !== ""} />
      <p id="code-message" class="field-error" role="alert">${message}</p>
      <button class="button is-main" type="submit" disabled=${busy}>
        ${t(busy ? "sign_in.busy" : "sign_in.submit")}
      </button>
    </form>
  </main>`;
}

/** @param {{root: HTMLElement, api: Api, t: Text}} surroundings */
export async function start({ root, api, t }) {
  document.title = `${t("sign_in.title")} · Evenhand`;
  render(h(SignIn, { api, t }), root);
}
