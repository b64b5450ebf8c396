/**
 * The second factor on the account page: set up, recovery codes, remove.
 *
 * @import { Text } from "../i18n.js"
 * @import { Account } from "../types/account.js"
 * @import { Place } from "./framed.js"
 * @import { VNode } from "preact"
 */
import { h } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "../ui/html.js";
import { Field, typed } from "./card.js";
import { SecretForm } from "./sign-in.js";

/** @typedef {"add" | "codes" | "remove"} Wish */

/**
 * A text to take along, with a button that copies it.
 * @param {{t: Text, id: string, label: string, text: string}} props
 * @returns {VNode}
 */
function Copied({ t, id, label, text }) {
  const [done, setDone] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(t("account.copied"));
    } catch {
      setDone(t("account.copy_by_hand")); // Forbidden by the browser: the text stands there.
    }
  };
  return html`<div class="taken-along">
    <p id=${id} class="fine">${label}</p>
    <pre class="secret-text" aria-labelledby=${id} tabindex="0">${text}</pre>
    <button class="button" type="button" onClick=${copy}>${t("account.copy")}</button>
    <span role="status" class="fine">${done}</span>
  </div>`;
}

/**
 * @param {{t: Text, codes: readonly string[], onDone: () => void}} props
 * @returns {VNode}
 */
function RecoveryCodes({ t, codes, onDone }) {
  const title = useRef(/** @type {HTMLHeadingElement | null} */ (null));
  useEffect(() => title.current?.focus(), []);
  return html`<div class="recovery">
    <h3 ref=${title} tabindex="-1">${t("account.codes_title")}</h3>
    <p>${t("account.codes_lead")}</p>
    ${h(Copied, { t, id: "codes-label", label: t("account.codes_label"), text: codes.join("\n") })}
    <button class="button is-main" type="button" onClick=${onDone}>${t("account.codes_kept")}</button>
  </div>`;
}

/**
 * @param {{place: Place, secret: {secret: string, uri: string}, onCodes: (codes: string[]) => void}} props
 * @returns {VNode}
 */
function Confirm({ place, secret, onCodes }) {
  const { api, t } = place;
  return html`<div class="confirm-factor">
    <p>${t("account.factor_steps")}</p>
    ${h(Copied, { t, id: "secret-label", label: t("account.factor_secret"), text: secret.secret })}
    <p><a href=${secret.uri}>${t("account.factor_open")}</a></p>
    ${h(SecretForm, {
      t, names: ["totp"], submit: t("account.factor_confirm"), missing: t("sign_in.factor_missing"),
      send: async (form) => {
        const made = await api.call("POST", "/me/second-factor/confirm", { code: typed(form, "totp") });
        onCodes(made.recovery_codes);
      },
      fields: (wrong) => h(Field, {
        id: "totp", label: t("account.factor_code"), type: "text", autocomplete: "one-time-code",
        inputmode: "numeric", wrong, messageId: "form-message",
      }),
    })}
  </div>`;
}

/**
 * @param {{place: Place, account: Account, onChange: (said: string) => void}} props
 * @returns {VNode}
 */
export function Factor({ place, account, onChange }) {
  const { api, t } = place;
  const [wish, setWish] = useState(/** @type {Wish | null} */ (null));
  const [secret, setSecret] = useState(/** @type {{secret: string, uri: string} | null} */ (null));
  const [codes, setCodes] = useState(/** @type {readonly string[]} */ ([]));
  const close = () => {
    setWish(null);
    setSecret(null);
    setCodes([]);
  };
  /** @param {HTMLFormElement} form */
  const send = async (form) => {
    const proof = { password: typed(form, "password") };
    if (wish === "add") setSecret(await api.call("POST", "/me/second-factor", proof));
    else if (wish === "codes") setCodes((await api.call("POST", "/me/recovery-codes", proof)).recovery_codes);
    else {
      await api.call("POST", "/me/second-factor/remove", proof);
      close();
      onChange(t("account.factor_removed"));
    }
  };
  return html`<section class="part" aria-labelledby="factor-title">
    <h2 id="factor-title">${t("account.factor")}</h2>
    ${codes.length > 0 ? null : html`<p>${account.second_factor
      ? t("account.factor_on", { count: account.recovery_codes_left })
      : t("account.factor_off")}</p>`}
    ${codes.length > 0
      ? h(RecoveryCodes, { t, codes, onDone: () => { close(); onChange(t("account.factor_saved")); } })
      : secret
        ? h(Confirm, { place, secret, onCodes: setCodes })
        : wish
          ? h(SecretForm, {
              key: wish, t, names: ["password"], submit: t(`account.do.${wish}`),
              missing: t("accept.missing"), send,
              fields: (wrong) => h(Field, {
                id: "password", label: t("account.password_again"), type: "password",
                autocomplete: "current-password", wrong, messageId: "form-message",
              }),
            })
          : h(Wishes, { account, t, onWish: setWish })}
  </section>`;
}

/**
 * @param {{account: Account, t: Text, onWish: (wish: Wish) => void}} props
 * @returns {VNode}
 */
function Wishes({ account, t, onWish }) {
  if (!account.password_set) return html`<p class="fine">${t("account.factor_needs_password")}</p>`;
  /** @type {Wish[]} */
  const wishes = account.second_factor ? ["codes", "remove"] : ["add"];
  return html`<p class="wishes">${wishes.map((wish) => html`<button key=${wish} class="button" type="button"
    onClick=${() => onWish(wish)}>${t(`account.do.${wish}`)}</button>`)}</p>`;
}
