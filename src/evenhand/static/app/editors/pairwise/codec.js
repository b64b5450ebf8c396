/**
 * Between what the annotator sees and what is recorded.
 *
 * The page speaks of sides as shown: A is the answer shown first. The record names the item's
 * own side, left or right, and in which order they were shown, so that a position bias can be
 * measured later. Golden answers: specs/answers/pairwise.
 *
 * @import { Order, PairwiseAnswer, PairwiseSettings } from "../../types/api.js"
 * @import { PairwiseState } from "./reducer.js"
 */

/** In Unicode code points. */
export const REASON_LENGTH_MAX = 4000;

/** @typedef {"a" | "b" | "tie"} Pick */

/** @type {Record<Order, Record<Pick, PairwiseAnswer["choice"]>>} */
const CHOICES = {
  given: { a: "left", b: "right", tie: "tie" },
  swapped: { a: "right", b: "left", tie: "tie" },
};

/**
 * The side of the item that is shown as A or B.
 * @param {"a" | "b"} pick
 * @param {Order} order
 * @returns {"left" | "right"}
 */
export function sideOf(pick, order) {
  return (pick === "a") === (order === "given") ? "left" : "right";
}

/**
 * @param {PairwiseState} state
 * @param {Order} order
 * @param {PairwiseSettings} settings
 * @returns {PairwiseAnswer} Raises for what the server would refuse: the page asks `gap` first.
 */
export function renderAnswer(state, order, settings) {
  if (state.pick === null) throw new Error("Nothing is picked.");
  const answer = { choice: CHOICES[order][state.pick], order };
  const reason = settings.reason === "off" || state.reason.trim() === "" ? null : state.reason;
  const whole = reason === null ? answer : { ...answer, reason };
  const problems = answerProblems(whole, settings);
  if (problems.length > 0) throw new Error(`Not an answer: ${JSON.stringify(problems)}`);
  return whole;
}

/**
 * The state that renders to the given answer.
 * @param {PairwiseAnswer} answer
 * @returns {PairwiseState}
 */
export function parseAnswer(answer) {
  const sides = CHOICES[answer.order];
  const pick = /** @type {Pick[]} */ (["a", "b", "tie"]).find((side) => sides[side] === answer.choice);
  return { pick: pick ?? null, reason: answer.reason ?? "" };
}

/**
 * The text as it can be stored: U+0000 and half surrogate pairs, which no answer may hold,
 * become the replacement sign, so that the writer sees them.
 * @param {string} text
 */
export const storable = (text) => text.toWellFormed().replaceAll("\0", "\ufffd");

/** @param {string} name @returns {string} A JSON Pointer (RFC 6901) to a field of the answer. */
const pointer = (name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;

/** @param {string} text */
export const codePoints = (text) => [...text].length;

const FIELDS = new Set(["choice", "order", "reason"]);

/**
 * Everything that is wrong with an answer of unknown shape, each with a pointer to its field.
 * @param {unknown} answer
 * @param {PairwiseSettings} settings
 * @returns {{path: string, code: string}[]}
 */
export function answerProblems(answer, settings) {
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) {
    return [{ path: "", code: "not_an_object" }];
  }
  const fields = /** @type {Record<string, unknown>} */ (answer);
  const problems = Object.keys(fields)
    .filter((name) => !FIELDS.has(name))
    .map((name) => ({ path: pointer(name), code: "unknown_field" }));
  const choice = fields["choice"];
  if (typeof choice !== "string" || !["left", "right", "tie"].includes(choice)) {
    problems.push({ path: "/choice", code: "not_a_choice" });
  } else if (choice === "tie" && !settings.tie) {
    problems.push({ path: "/choice", code: "tie_is_off" });
  }
  const order = fields["order"];
  if (typeof order !== "string" || !["given", "swapped"].includes(order)) {
    problems.push({ path: "/order", code: "not_an_order" });
  }
  return [...problems, ...reasonProblems(fields, settings)];
}

/**
 * @param {Record<string, unknown>} fields
 * @param {PairwiseSettings} settings
 * @returns {{path: string, code: string}[]}
 */
function reasonProblems(fields, settings) {
  const present = Object.hasOwn(fields, "reason");
  const reason = fields["reason"];
  if (!present) return settings.reason === "required" ? [{ path: "/reason", code: "missing" }] : [];
  if (typeof reason !== "string") return [{ path: "/reason", code: "not_text" }];
  if (settings.reason === "off") return [{ path: "/reason", code: "reason_is_off" }];
  if (storable(reason) !== reason) return [{ path: "/reason", code: "not_storable" }];
  if (codePoints(reason) > REASON_LENGTH_MAX) return [{ path: "/reason", code: "too_long" }];
  const blank = reason.trim() === "";
  return blank && settings.reason === "required" ? [{ path: "/reason", code: "missing" }] : [];
}
