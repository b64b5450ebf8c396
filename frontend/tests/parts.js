/** The pairwise editor without its view, which needs a page. */
import { parseAnswer, renderAnswer } from "../../src/evenhand/static/app/editors/pairwise/codec.js";
import * as reducer from "../../src/evenhand/static/app/editors/pairwise/reducer.js";

/** @type {import("../../src/evenhand/static/app/store/bench.js").Reducer} */
export const editor = {
  ...reducer,
  answer: (state, lease, settings) => renderAnswer(state, lease.order, settings),
  parse: (answer) => parseAnswer(answer),
};
