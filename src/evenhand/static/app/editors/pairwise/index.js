/**
 * The editor of pairwise preferences.
 *
 * @import { Editor } from "../../types/editor.js"
 * @import { PairwiseState } from "./reducer.js"
 */
import { parseAnswer, renderAnswer } from "./codec.js";
import { bindings } from "./keys.js";
import { gap, initial, reduce, restore, touched } from "./reducer.js";
import { View } from "./view.js";

/**
 * @param {PairwiseState} state
 * @param {import("../../types/editor.js").Text} t
 */
function tell({ pick, reason }, t) {
  const picked = pick === null ? t("pairwise.nothing_picked") : t(`pairwise.option.${pick}`);
  return reason === "" ? picked : t("pairwise.described", { picked, reason });
}

/** @type {Editor<PairwiseState>} */
export const editor = {
  initial,
  restore,
  touched,
  reduce,
  bindings,
  gap,
  answer: (state, lease, settings) => renderAnswer(state, lease.order, settings),
  parse: (answer) => parseAnswer(answer),
  describe: (answer, t) => tell(parseAnswer(answer), t),
  tell,
  View,
};
