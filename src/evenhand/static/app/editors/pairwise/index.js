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

/** @type {Editor<PairwiseState>} */
export const editor = {
  initial,
  restore,
  touched,
  reduce,
  bindings,
  gap,
  answer: (state, lease, settings) => renderAnswer(state, lease.order, settings),
  describe: (answer, t) => {
    const { pick, reason } = parseAnswer(answer);
    const picked = pick === null ? "" : t(`pairwise.option.${pick}`);
    return reason === "" ? picked : t("pairwise.described", { picked, reason });
  },
  View,
};
