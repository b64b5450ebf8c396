/**
 * The keys of a comparison.
 *
 * @import { PairwiseSettings } from "../../types/api.js"
 * @import { Binding } from "../../types/editor.js"
 */

/**
 * @param {PairwiseSettings} settings
 * @returns {Binding[]} Without those that the settings turn off.
 */
export function bindings(settings) {
  const keys = [
    { action: "pick-a", keys: ["1", "ArrowLeft"], label: "pairwise.key.a" },
    { action: "pick-b", keys: ["2", "ArrowRight"], label: "pairwise.key.b" },
  ];
  if (settings.tie) {
    keys.push({ action: "pick-tie", keys: ["3", "0", "ArrowDown"], label: "pairwise.key.tie" });
  }
  if (settings.reason !== "off") {
    keys.push({ action: "focus-reason", keys: ["r"], label: "pairwise.key.reason" });
  }
  return keys;
}
