/**
 * Templates bound to Preact. Components whose props matter are created by `h`, because what
 * stands in a template is not type-checked.
 *
 * @import { VNode } from "preact"
 */
import htm from "htm";
import { h } from "preact";

const bound = htm.bind(h);

/**
 * @param {TemplateStringsArray} strings
 * @param {...unknown} values
 * @returns {VNode} Templates here have one root.
 */
export function html(strings, ...values) {
  return /** @type {VNode} */ (bound(strings, ...values));
}
