/**
 * Small drawings, stroked in the colour of the text beside them. Drawn for this house.
 *
 * @import { VNode } from "preact"
 */
import { html } from "./html.js";

/** @type {Readonly<Record<string, string>>} */
const PATHS = {
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.3 15.3 20 20",
  download: "M12 4v11M7 10.5l5 5 5-5M5 20h14",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  back: "M19 12H5M11 6l-6 6 6 6",
  live: "M12 13.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM7.5 16.5a6.4 6.4 0 0 1 0-9M16.5 7.5a6.4 6.4 0 0 1 0 9",
  seal: "M6 11h12v9H6zM8.5 11V7.5a3.5 3.5 0 0 1 7 0V11",
  flag: "M6 20V4h11l-2 4 2 4H6",
  plus: "M12 5v14M5 12h14",
};

/** @param {{name: keyof typeof PATHS & string}} props @returns {VNode} */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d=${PATHS[name] ?? ""} />
  </svg>`;
}

/**
 * The house's mark: a pair of scales at rest.
 * @returns {VNode}
 */
export function Mark() {
  return html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="8" />
    <path d="M16 7v17M10 25h12M7 11h18M7 11l-3 8h6zM25 11l-3 8h6z" />
  </svg>`;
}

const SHOWN = new Map([
  ["ArrowLeft", "←"],
  ["ArrowRight", "→"],
  ["ArrowDown", "↓"],
  ["ArrowUp", "↑"],
]);

/**
 * Keys, as on a keyboard.
 * @param {{keys: readonly string[]}} props
 * @returns {VNode}
 */
export function Keys({ keys }) {
  return html`<span class="keys" aria-hidden="true">
    ${keys.map((key) => html`<kbd key=${key}>${SHOWN.get(key) ?? key}</kbd>`)}
  </span>`;
}
