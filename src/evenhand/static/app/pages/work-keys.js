/**
 * The map of keys: what each does, another key for it, single characters on or off.
 *
 * @import { Text } from "../i18n.js"
 * @import { Binding } from "../types/editor.js"
 * @import { VNode } from "preact"
 * @import { PreferenceStore } from "./preferences.js"
 */
import { h } from "preact";
import { useState } from "preact/hooks";
import { proposeKey } from "../keys.js";
import { Dialog } from "../ui/dialog.js";
import { html } from "../ui/html.js";
import { Keys } from "../ui/icon.js";

/** The frame answers to it on every page. */
const FIXED = new Set(["palette"]);

/**
 * @param {object} props
 * @param {Binding} props.binding
 * @param {boolean} props.asking
 * @param {() => void} props.onAsk
 * @param {(event: KeyboardEvent) => void} props.onPress
 * @param {Text} props.t
 * @returns {VNode}
 */
function Row({ binding, asking, onAsk, onPress, t }) {
  const { action, keys, label } = binding;
  const name = t(label);
  return html`<div data-action=${action}>
    <dt>${name}</dt>
    <dd>
      <span class="visually-hidden">${keys.length === 0 ? t("keys.none") : keys.join(", ")}</span>
      ${h(Keys, { keys })}
      ${FIXED.has(action)
        ? null
        : html`<button class="button is-quiet key-change" type="button" aria-pressed=${asking}
            aria-label=${t("keys.change_of", { name })} onClick=${onAsk}
            onKeyDown=${(/** @type {KeyboardEvent} */ event) => asking && onPress(event)}>
            ${t(asking ? "keys.press" : "keys.change")}
          </button>`}
    </dd>
  </div>`;
}

/**
 * @param {object} props
 * @param {readonly Binding[]} props.bindings As they are now.
 * @param {PreferenceStore} props.preferences
 * @param {() => void} props.onClose
 * @param {Text} props.t
 * @returns {VNode}
 */
export function KeysDialog({ bindings, preferences, onClose, t }) {
  const [asking, setAsking] = useState(/** @type {string | null} */ (null));
  const [message, setMessage] = useState("");
  const { singleKeys, keys: own } = preferences.value.value;

  /** @param {KeyboardEvent} event @param {Binding} binding */
  const press = (event, binding) => {
    const where = /** @type {const} */ ("page");
    const proposed = proposeKey({ ...pressOf(event), where }, binding.action, bindings);
    if (proposed === "alone") return;
    event.preventDefault();
    event.stopPropagation();
    setAsking(null);
    if (event.key === "Escape") setMessage("");
    else if (proposed === "reserved") setMessage(t("keys.reserved"));
    else {
      preferences.giveKey(binding.action, proposed.key);
      const values = { key: proposed.key, name: t(binding.label) };
      const lost = proposed.taken;
      setMessage(lost ? t("keys.moved", { ...values, from: t(lost.label) }) : t("keys.given", values));
    }
  };
  const body = html`<div>
    <dl class="key-map">
      ${bindings.map((binding) => h(Row, {
        key: binding.action,
        binding,
        t,
        asking: asking === binding.action,
        onAsk: () => setAsking(asking === binding.action ? null : binding.action),
        onPress: (event) => press(event, binding),
      }))}
      <div><dt>${t("key.submit_in_field")}</dt><dd>${h(Keys, { keys: ["Ctrl", "Enter"] })}</dd></div>
    </dl>
    <p class="fine key-message" role="status">${message}</p>
    <label class="switch">
      <input type="checkbox" checked=${singleKeys} onChange=${() => preferences.toggle("singleKeys")} />
      <span>${t("keys.single")}</span>
    </label>
    <div class="dialog-actions">
      ${Object.keys(own).length > 0
        ? html`<button class="button" type="button" onClick=${() => {
            preferences.resetKeys();
            setMessage(t("keys.was_reset"));
          }}>${t("keys.reset")}</button>`
        : null}
      <button class="button is-main" type="button" onClick=${onClose}>${t("dialog.close")}</button>
    </div>
  </div>`;
  return h(Dialog, { title: t("keys.title"), onClose, children: body });
}

/** @param {KeyboardEvent} event */
function pressOf({ key, ctrlKey, metaKey, altKey, shiftKey }) {
  return { key, ctrlKey, metaKey, altKey, shiftKey, repeat: false };
}
