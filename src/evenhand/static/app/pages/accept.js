/**
 * An invitation (or a reset) by link: `/accept#<code>`. The code stands in the fragment, which a
 * browser sends to nobody, and leaves the address bar at once.
 *
 * @import { Api } from "../api.js"
 * @import { Text } from "../i18n.js"
 * @import { InvitationSeen, SignedInNow, SignInStep } from "../types/account.js"
 * @import { VNode } from "preact"
 */
import { h, render } from "preact";
import { useState } from "preact/hooks";
import { ApiProblem } from "../api.js";
import { html } from "../ui/html.js";
import { Notice } from "../ui/notice.js";
import { accountSentence, Card, Field, typed } from "./card.js";
import { SecondFactor, SecretForm } from "./sign-in.js";

/**
 * @param {{api: Api, t: Text, code: string, seen: InvitationSeen}} props
 * @returns {VNode}
 */
function Join({ api, t, code, seen }) {
  const [steps, setSteps] = useState(/** @type {readonly SignInStep[]} */ ([]));
  const goOn = () => window.location.assign("/home");
  /** @param {SignedInNow | {steps: SignInStep[]}} answer */
  const onAnswer = (answer) => ("steps" in answer ? setSteps(answer.steps) : goOn());
  const [step] = steps;
  const heading = seen.purpose === "reset" ? "accept.title_reset" : "accept.title";
  const title = t(heading, { workspace: seen.workspace });
  if (step) {
    const factor = h(SecondFactor, { api, t, step, onDone: goOn });
    return h(Card, { title, lead: t("sign_in.factor_lead") }, factor);
  }
  const lead = t("accept.lead", { name: seen.name, role: t(`role.${seen.role}`) });
  return h(Card, { title, lead }, h(SecretForm, {
    t,
    submit: t("accept.submit"),
    missing: t("accept.missing"),
    names: ["password"],
    send: async (form) =>
      onAnswer(await api.call("POST", "/invitations/join", { code, password: typed(form, "password") })),
    fields: (wrong) => html`<div class="fields">
      ${h(Field, {
        id: "email", label: t("sign_in.email"), type: "email", autocomplete: "username", value: seen.email,
      })}
      ${h(Field, {
        id: "password", label: t("accept.password"), type: "password", autocomplete: "new-password",
        hint: t("accept.password_hint"), wrong, messageId: "form-message",
      })}
    </div>`,
  }));
}

/**
 * @param {{t: Text, text: string}} props
 * @returns {VNode}
 */
function Refused({ t, text }) {
  const actions = html`<a class="button" href="/sign-in">${t("notice.sign_in")}</a>`;
  return h(Card, { title: t("accept.refused_title") },
    h(Notice, { tone: "bad", title: t("accept.refused"), children: html`<p>${text}</p>`, actions }));
}

/** @param {{root: HTMLElement, api: Api, t: Text}} surroundings */
export async function start({ root, api, t }) {
  document.title = `${t("accept.tab")} · Evenhand`;
  // Another link opened in this tab changes only the fragment: begin again.
  window.addEventListener("hashchange", () => window.location.reload());
  const code = window.location.hash.slice(1);
  window.history.replaceState(null, "", window.location.pathname);
  if (code === "") {
    render(h(Refused, { t, text: t("accept.no_code") }), root);
    return;
  }
  try {
    const seen = await api.call("POST", "/invitations/look", { code });
    render(h(Join, { api, t, code, seen }), root);
  } catch (error) {
    const refused = error instanceof ApiProblem && error.status < 500;
    render(h(Refused, { t, text: refused ? t("accept.refused_text") : accountSentence(error, t) }), root);
  }
}
