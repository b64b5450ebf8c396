/**
 * From a key press to an action. Pure but for `listen`.
 *
 * Keys of one character can be turned off (WCAG 2.2, 2.1.4); named keys such as Enter and the
 * arrows stay, and so do those with Ctrl. A press inside a field belongs to the field, except
 * Ctrl+Enter, which submits, and Ctrl+K. Every key can be given to another action.
 *
 * @import { Binding } from "./types/editor.js"
 */

/**
 * @typedef {object} Press
 * @property {string} key
 * @property {boolean} ctrlKey
 * @property {boolean} metaKey
 * @property {boolean} altKey
 * @property {boolean} [shiftKey]
 * @property {boolean} repeat
 * @property {"field" | "control" | "scroller" | "page"} where
 *   The focus: a text field, something with its own use for Enter or for the arrows, the rest.
 */

const ALONE = new Set(["Shift", "Control", "Alt", "Meta", "CapsLock", "Dead", "Unidentified", "Process"]);
/** What a browser or a screen reader needs for itself. */
const RESERVED = new Set(["Tab", "Escape", "Shift+Tab", " ", "F5", "F6", "F11", "F12"]);

/**
 * A press as it is written in a binding: `x`, `ArrowLeft`, `Ctrl+z`, `Ctrl+Shift+z`.
 * @param {Pick<Press, "key" | "ctrlKey" | "metaKey" | "shiftKey">} press
 * @returns {string}
 */
export function keyOf({ key, ctrlKey, metaKey, shiftKey = false }) {
  const name = key.length === 1 ? key.toLowerCase() : key;
  if (!ctrlKey && !metaKey) return name;
  return shiftKey && key.length === 1 ? `Ctrl+Shift+${name}` : `Ctrl+${name}`;
}

/**
 * @param {Press} press
 * @param {readonly Binding[]} bindings
 * @param {{singleKeys: boolean}} options
 * @returns {string | null} The action, or null when the press is not ours.
 */
export function actionOf(press, bindings, { singleKeys }) {
  if (press.repeat || press.altKey) return null;
  const modified = press.ctrlKey || press.metaKey;
  if (press.key === "Enter") {
    if (modified) return "submit";
    const free = press.where === "page" || press.where === "scroller";
    return free ? actionFor("Enter", bindings) : null;
  }
  if (press.where === "scroller" && press.key.startsWith("Arrow")) return null;
  if (press.where === "field" && keyOf(press) !== "Ctrl+k") return null;
  if (!modified && press.key.length === 1 && !singleKeys) return null;
  return actionFor(keyOf(press), bindings);
}

/**
 * @param {string} key
 * @param {readonly Binding[]} bindings
 */
function actionFor(key, bindings) {
  return bindings.find((binding) => binding.keys.includes(key))?.action ?? null;
}

/** @typedef {Readonly<Record<string, readonly string[]>>} Remapped Keys by action. */

/**
 * @param {readonly Binding[]} bindings
 * @param {Remapped} remapped
 * @returns {Binding[]} With the person's own keys; a key does what it was given to last.
 */
export function withOwnKeys(bindings, remapped) {
  const own = new Set(
    bindings.flatMap(({ action }) => (Object.hasOwn(remapped, action) ? (remapped[action] ?? []) : [])),
  );
  return bindings.map((binding) =>
    Object.hasOwn(remapped, binding.action)
      ? { ...binding, keys: [...(remapped[binding.action] ?? [])] }
      : { ...binding, keys: binding.keys.filter((key) => !own.has(key)) },
  );
}

/**
 * What giving a key to an action would mean.
 * @param {Press} press
 * @param {string} action
 * @param {readonly Binding[]} bindings As they are now.
 * @returns {{key: string, taken: Binding | null} | "alone" | "reserved"} `taken` has it now.
 */
export function proposeKey(press, action, bindings) {
  if (ALONE.has(press.key)) return "alone";
  const key = keyOf(press);
  if (press.altKey || RESERVED.has(key) || key === "Ctrl+Enter" || key === "Ctrl+k") return "reserved";
  const modified = press.ctrlKey || press.metaKey;
  // With Ctrl most keys are the browser's: only those that undo are ours.
  if (modified && !/^Ctrl\+(?:Shift\+)?[zy]$/.test(key)) return "reserved";
  const taken = bindings.find((one) => one.action !== action && one.keys.includes(key)) ?? null;
  return { key, taken };
}

/**
 * Where a press happened.
 * @param {EventTarget | null} target
 * @returns {Press["where"]}
 */
export function placeOf(target) {
  if (!(target instanceof Element)) return "page";
  if (target.closest("textarea, select, [contenteditable]")) return "field";
  const input = target.closest("input");
  if (input) return ["radio", "checkbox"].includes(input.type) ? "page" : "field";
  if (target.closest("a, button, summary")) return "control";
  return target.closest("pre, table, [role='region']") ? "scroller" : "page";
}

/**
 * Calls `act` for each press that is bound, until the returned function is called. Nothing
 * happens while a dialog is open or an input method composes.
 *
 * @param {Document} page
 * @param {() => {bindings: readonly Binding[], singleKeys: boolean}} current
 * @param {(action: string) => void} act
 * @returns {() => void}
 */
export function listen(page, current, act) {
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    if (page.querySelector("dialog[open]")) return;
    const { bindings, singleKeys } = current();
    const press = {
      key: event.key,
      ctrlKey: event.ctrlKey,
      metaKey: event.metaKey,
      altKey: event.altKey,
      shiftKey: event.shiftKey,
      repeat: event.repeat,
      where: placeOf(event.target),
    };
    const action = actionOf(press, bindings, { singleKeys });
    if (action === null) return;
    event.preventDefault();
    act(action);
  };
  page.addEventListener("keydown", onKey);
  return () => page.removeEventListener("keydown", onKey);
}
