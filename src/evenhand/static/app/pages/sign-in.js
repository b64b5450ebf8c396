/**
 * Signing in: address and password, then what is left (a workspace to choose, a second factor); or
 * a one-time code (`#code`). `?back=` names the page of this site to go on to.
 *
 * @import { Api } from "../api.js"
 * @import { Text } from "../i18n.js"
 * @import { SignedInNow, SignInStep } from "../types/account.js"
 * @import { VNode } from "preact"
 */
import { h, render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "../ui/html.js";
import { Notice } from "../ui/notice.js";
import { accountSentence, Card, Field, focusField, Message, typed } from "./card.js";

/**
 * The page of this site that was asked for, never another site's.
 * @param {string} search
 * @param {string} origin
 * @returns {string}
 */
export function pageBack(search, origin) {
  const wanted = new URLSearchParams(search).get("back") ?? "/home";
  if (!wanted.startsWith("/")) return "/home";
  try {
    const url = new URL(wanted, origin);
    return url.origin === origin ? url.pathname + url.search + url.hash : "/home";
  } catch {
    return "/home";
  }
}

/** @returns {"code" | "password"} */
function wayAsked() {
  return window.location.hash === "#code" ? "code" : "password";
}

/**
 * A form that sends, says what went wrong, and puts the focus where to go on.
 * @param {object} props
 * @param {Text} props.t
 * @param {string} props.submit
 * @param {string} props.missing
 * @param {readonly string[]} props.names Its fields; the last is selected after a refusal.
 * @param {(form: HTMLFormElement) => Promise<void>} props.send
 * @param {(wrong: boolean) => unknown} props.fields
 * @returns {VNode}
 */
export function SecretForm({ t, submit, missing, names, send, fields }) {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [message, setMessage] = useState("");
  const [busy, setBusy] = useState(false);
  useEffect(() => focusField(form.current), []);

  /** @param {SubmitEvent} event */
  async function onSubmit(event) {
    event.preventDefault();
    const here = form.current;
    if (here === null || busy) return;
    const empty = names.find((one) => typed(here, one) === "");
    if (empty !== undefined) {
      setMessage(missing);
      focusField(here, empty);
      return;
    }
    setBusy(true);
    setMessage("");
    try {
      await send(here);
    } catch (error) {
      setMessage(accountSentence(error, t));
      focusField(here, names.at(-1));
    } finally {
      setBusy(false);
    }
  }

  return html`<form ref=${form} class="secret-form" onSubmit=${onSubmit} novalidate>
    ${fields(message !== "")}
    ${h(Message, { id: "form-message", text: message })}
    <button class="button is-main" type="submit" aria-disabled=${busy}>
      ${busy ? t("sign_in.busy") : submit}
    </button>
  </form>`;
}

/**
 * @param {object} props
 * @param {Api} props.api
 * @param {Text} props.t
 * @param {SignInStep} props.step
 * @param {(done: SignedInNow) => void} props.onDone
 * @returns {VNode}
 */
export function SecondFactor({ api, t, step, onDone }) {
  return h(SecretForm, {
    t,
    submit: t("sign_in.submit"),
    missing: t("sign_in.factor_missing"),
    names: ["totp"],
    send: async (form) =>
      onDone(await api.call("POST", "/session/continue", { ticket: step.ticket, code: typed(form, "totp") })),
    fields: (wrong) => h(Field, {
      id: "totp", label: t("sign_in.factor"), type: "text", autocomplete: "one-time-code",
      hint: t("sign_in.factor_hint"), wrong, messageId: "form-message",
    }),
  });
}

/**
 * @param {{steps: readonly SignInStep[], onChoose: (step: SignInStep) => void, message: string}} props
 * @returns {VNode}
 */
function Workspaces({ steps, onChoose, message }) {
  const list = useRef(/** @type {HTMLUListElement | null} */ (null));
  useEffect(() => list.current?.querySelector("button")?.focus(), []);
  return html`<div>
    <ul ref=${list} class="choices">
      ${steps.map((step) => html`<li key=${step.workspace.id}>
        <button class="button" type="button" dir="auto" onClick=${() => onChoose(step)}>
          ${step.workspace.name}</button>
      </li>`)}
    </ul>
    ${h(Message, { id: "form-message", text: message })}
  </div>`;
}

/**
 * @param {{api: Api, t: Text, onAnswer: (answer: SignedInNow | {steps: SignInStep[]}) => void}} props
 * @returns {VNode}
 */
function PasswordForm({ api, t, onAnswer }) {
  return h(SecretForm, {
    t,
    submit: t("sign_in.submit"),
    missing: t("sign_in.both_missing"),
    names: ["email", "password"],
    send: async (form) => onAnswer(await api.call("POST", "/session/password", {
      email: typed(form, "email").trim(), password: typed(form, "password"),
    })),
    fields: (wrong) => html`<div class="fields">
      ${h(Field, {
        id: "email", label: t("sign_in.email"), type: "email", autocomplete: "username", wrong,
        messageId: "form-message",
      })}
      ${h(Field, {
        id: "password", label: t("sign_in.password"), type: "password", autocomplete: "current-password",
        wrong, messageId: "form-message",
      })}
    </div>`,
  });
}

/**
 * @param {{api: Api, t: Text, onAnswer: (answer: SignedInNow | {steps: SignInStep[]}) => void}} props
 * @returns {VNode}
 */
function CodeForm({ api, t, onAnswer }) {
  return h(SecretForm, {
    t,
    submit: t("sign_in.submit"),
    missing: t("sign_in.missing"),
    names: ["code"],
    send: async (form) =>
      onAnswer(await api.call("POST", "/session", { code: typed(form, "code").trim() })),
    fields: (wrong) => h(Field, {
      id: "code", label: t("sign_in.code"), type: "text", autocomplete: "one-time-code", wrong,
      messageId: "form-message",
    }),
  });
}

/** @param {{t: Text, at: string, onGoOn: () => void}} props @returns {VNode} */
export function ResetNotice({ t, at, onGoOn }) {
  const button = useRef(/** @type {HTMLButtonElement | null} */ (null));
  useEffect(() => button.current?.focus(), []);
  const actions = html`<button ref=${button} class="button is-main" type="button" onClick=${onGoOn}>
    ${t("sign_in.go_on")}</button>`;
  const text = t("sign_in.reset_text", { at: new Date(at).toLocaleString() });
  return h(Notice, {
    tone: "warn", title: t("sign_in.reset_title"), children: html`<p>${text}</p>`, actions,
  });
}

/**
 * @param {{api: Api, t: Text, back: string, ended: boolean}} props
 * @returns {VNode}
 */
function SignIn({ api, t, back, ended }) {
  const [way, setWay] = useState(wayAsked);
  const [steps, setSteps] = useState(/** @type {readonly SignInStep[]} */ ([]));
  const [resetAt, setResetAt] = useState("");
  const [message, setMessage] = useState("");
  useEffect(() => {
    const onHash = () => setWay(wayAsked());
    window.addEventListener("hashchange", onHash);
    onHash(); // The address may have changed between the first drawing and this.
    return () => window.removeEventListener("hashchange", onHash);
  }, []);
  const goOn = () => window.location.assign(back);

  /** @param {SignedInNow | {steps: SignInStep[]}} answer */
  function onAnswer(answer) {
    if ("steps" in answer) setSteps(answer.steps);
    else if (answer.reset_at) setResetAt(answer.reset_at);
    else goOn();
  }

  /** @param {SignInStep} step */
  async function onChoose(step) {
    if (step.second_factor) return setSteps([step]);
    try {
      onAnswer(await api.call("POST", "/session/continue", { ticket: step.ticket, code: null }));
    } catch (error) {
      setMessage(accountSentence(error, t));
    }
  }

  const title = t("sign_in.title");
  if (resetAt) return h(Card, { title }, h(ResetNotice, { t, at: resetAt, onGoOn: goOn }));
  const [only] = steps;
  if (steps.length === 1 && only?.second_factor) {
    const factor = h(SecondFactor, { api, t, step: only, onDone: onAnswer });
    return h(Card, { title, lead: t("sign_in.factor_lead") }, factor);
  }
  if (steps.length > 0) {
    return h(Card, { title, lead: t("sign_in.choose") }, h(Workspaces, { steps, onChoose, message }));
  }
  const other = way === "code" ? "password" : "code";
  return h(Card, { title, lead: t(`sign_in.lead.${way}`) },
    ended
      ? h(Notice, {
          tone: "info", title: t("sign_in.ended_title"), children: html`<p>${t("sign_in.ended_text")}</p>`,
        })
      : null,
    h(way === "code" ? CodeForm : PasswordForm, { key: way, api, t, onAnswer }),
    html`<p class="other-way"><a href=${`#${other}`}>${t(`sign_in.use.${other}`)}</a></p>`,
    html`<p class="fine">${t("sign_in.help")}</p>`,
  );
}

/** @param {{root: HTMLElement, api: Api, t: Text}} surroundings */
export async function start({ root, api, t }) {
  document.title = `${t("sign_in.title")} · Evenhand`;
  const { search, origin } = window.location;
  const ended = new URLSearchParams(search).has("back");
  render(h(SignIn, { api, t, back: pageBack(search, origin), ended }), root);
}
