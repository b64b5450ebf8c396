/**
 * From a key press to an action. Pure but for `listen`.
 *
 * Keys of one character can be turned off (WCAG 2.2, 2.1.4); named keys such as Enter and the
 * arrows stay. A press inside a field belongs to the field, except Ctrl+Enter, which submits.
 *
 * @import { Binding } from "./types/editor.js"
 */

/**
 * @typedef {object} Press
 * @property {string} key
 * @property {boolean} ctrlKey
 * @property {boolean} metaKey
 * @property {boolean} altKey
 * @property {boolean} repeat
 * @property {"field" | "control" | "scroller" | "page"} where
 *   The focus: a text field, something with its own use for Enter or for the arrows, the rest.
 */

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
    if (modified) return actionFor("Enter", bindings);
    const free = press.where === "page" || press.where === "scroller";
    return free ? actionFor("Enter", bindings) : null;
  }
  if (press.where === "scroller" && press.key.startsWith("Arrow")) return null;
  if (modified || press.where === "field") return null;
  if (press.key.length === 1 && !singleKeys) return null;
  return actionFor(press.key, bindings);
}

/**
 * @param {string} key
 * @param {readonly Binding[]} bindings
 */
function actionFor(key, bindings) {
  const wanted = key.length === 1 ? key.toLowerCase() : key;
  return bindings.find((binding) => binding.keys.includes(wanted))?.action ?? null;
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
