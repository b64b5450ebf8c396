/**
 * A box that tells something and may offer to do something about it.
 *
 * @import { VNode } from "preact"
 */
import { html } from "./html.js";

/**
 * @param {object} props
 * @param {"info" | "good" | "warn" | "bad"} props.tone
 * @param {string} props.title
 * @param {unknown} [props.children]
 * @param {unknown} [props.actions] Buttons and links.
 * @returns {VNode}
 */
export function Notice({ tone, title, children, actions }) {
  return html`<section class=${`notice is-${tone}`} role=${tone === "bad" ? "alert" : "status"}>
    <div class="notice-body"><strong>${title}</strong>${children}</div>
    ${actions ? html`<div class="notice-actions">${actions}</div>` : null}
  </section>`;
}
