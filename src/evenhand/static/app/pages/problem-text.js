/**
 * From a stable error code to a sentence that says what to do.
 *
 * @import { Text } from "../i18n.js"
 */
import { ApiProblem, NetworkFailure } from "../api.js";

const KNOWN = new Set([
  "lease_expired",
  "lease_not_yours",
  "wall_denied",
  "log_unavailable",
  "sign_in_required",
  "network",
  "undo_gold",
  "undo_too_late",
  "undo_used",
  "judgment_withdrawn",
]);

/**
 * @param {{code: string, detail: string}} problem
 * @param {Text} t
 * @returns {string}
 */
export function textOf({ code, detail }, t) {
  if (code === "wall_denied") return t("error.wall_denied", { detail });
  if (KNOWN.has(code)) return t(`error.${code}`);
  return detail || t("error.unavailable");
}

/**
 * @param {unknown} error
 * @param {Text} t
 * @returns {string} Raises an error that is none of the API's.
 */
export function sentenceOf(error, t) {
  if (error instanceof NetworkFailure) return t("error.network");
  if (error instanceof ApiProblem) return textOf(error, t);
  throw error;
}
