/**
 * Keys, drawn as on a keyboard.
 *
 * @import { VNode } from "preact"
 */
import { html } from "./html.js";

const SHOWN = new Map([
  ["ArrowLeft", "←"],
  ["ArrowRight", "→"],
  ["ArrowDown", "↓"],
  ["ArrowUp", "↑"],
]);

/**
 * @param {{keys: readonly string[]}} props
 * @returns {VNode}
 */
export function Keys({ keys }) {
  return html`<span class="keys" aria-hidden="true">
    ${keys.map((key) => html`<kbd key=${key}>${SHOWN.get(key) ?? key}</kbd>`)}
  </span>`;
}
