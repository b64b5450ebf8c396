/**
 * The state of one comparison. Pure.
 *
 * @import { PairwiseSettings } from "../../types/api.js"
 * @import { Gap } from "../../types/editor.js"
 * @import { Pick } from "./codec.js"
 */
import { codePoints, REASON_LENGTH_MAX, storable } from "./codec.js";

/**
 * @typedef {object} PairwiseState
 * @property {Pick | null} pick The side as shown.
 * @property {string} reason As typed.
 */

/** @returns {PairwiseState} */
export const initial = () => ({ pick: null, reason: "" });

/**
 * @param {PairwiseState} state
 * @param {string} action
 * @param {string | undefined} value
 * @param {PairwiseSettings} settings
 * @returns {PairwiseState} The same object when nothing changes.
 */
export function reduce(state, action, value, settings) {
  switch (action) {
    case "pick-a":
      return { ...state, pick: "a" };
    case "pick-b":
      return { ...state, pick: "b" };
    case "pick-tie":
      return settings.tie ? { ...state, pick: "tie" } : state;
    case "type-reason":
      return settings.reason === "off" ? state : { ...state, reason: storable(value ?? "") };
    default:
      return state;
  }
}

/** @param {PairwiseState} state */
export const touched = (state) => state.pick !== null || state.reason !== "";

/**
 * @param {PairwiseState} state
 * @param {PairwiseSettings} settings
 * @returns {Gap | null}
 */
export function gap(state, settings) {
  if (state.pick === null) {
    return { text: settings.tie ? "pairwise.gap.pick" : "pairwise.gap.pick_no_tie", field: "pick" };
  }
  if (settings.reason === "off") return null;
  if (settings.reason === "required" && state.reason.trim() === "") {
    return { text: "pairwise.gap.reason", field: "reason" };
  }
  if (codePoints(state.reason) > REASON_LENGTH_MAX) {
    return { text: "pairwise.gap.reason_long", field: "reason" };
  }
  return null;
}

/**
 * The state of a stored draft; the initial one if it was stored in another shape.
 * @param {unknown} draft
 * @returns {PairwiseState}
 */
export function restore(draft) {
  if (typeof draft !== "object" || draft === null) return initial();
  const { pick, reason } = /** @type {Record<string, unknown>} */ (draft);
  return {
    pick: pick === "a" || pick === "b" || pick === "tie" ? pick : null,
    reason: typeof reason === "string" ? storable(reason) : "",
  };
}
