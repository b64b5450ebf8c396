/**
 * The house's mark: a pair of scales at rest.
 *
 * @import { VNode } from "preact"
 */
import { html } from "./html.js";

/** @returns {VNode} */
export function Mark() {
  return html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="8" />
    <path d="M16 7v17M10 25h12M7 11h18M7 11l-3 8h6zM25 11l-3 8h6z" />
  </svg>`;
}
