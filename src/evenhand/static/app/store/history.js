/**
 * Steps inside one task, to go back and forth. Pure. Letters typed in a row are one step.
 */

/** @typedef {{past: readonly unknown[], future: readonly unknown[], last: string}} History */

/** @type {History} */
export const NO_STEPS = { past: [], future: [], last: "" };

/**
 * @param {History} history
 * @param {unknown} before The state that the action changed.
 * @param {string} action
 * @returns {History}
 */
export function record(history, before, action) {
  const goesOn = action === history.last && action.startsWith("type-") && history.past.length > 0;
  const past = goesOn ? history.past : [...history.past, before];
  return { past, future: [], last: action };
}

/**
 * @param {History} history
 * @param {unknown} state The present one.
 * @returns {{history: History, state: unknown} | null} Null when there is no step to take.
 */
export function stepBack(history, state) {
  if (history.past.length === 0) return null;
  const past = history.past.slice(0, -1);
  return { history: { past, future: [state, ...history.future], last: "" }, state: history.past.at(-1) };
}

/**
 * @param {History} history
 * @param {unknown} state The present one.
 * @returns {{history: History, state: unknown} | null}
 */
export function stepForward(history, state) {
  if (history.future.length === 0) return null;
  const [next, ...future] = history.future;
  return { history: { past: [...history.past, state], future, last: "" }, state: next };
}
