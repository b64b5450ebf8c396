/**
 * Time on a task: from the moment it is painted, while the page is visible. The clock is a
 * parameter.
 */

/** @param {() => number} now Milliseconds of a clock that never goes back. */
export function createStopwatch(now) {
  let gathered = 0;
  /** @type {number | null} */
  let since = null;
  return {
    /** @param {number} gatheredMs What a stored draft brings along. */
    reset(gatheredMs) {
      gathered = gatheredMs;
      since = null;
    },
    run() {
      since ??= now();
    },
    pause() {
      if (since !== null) gathered += now() - since;
      since = null;
    },
    /** @returns {number} Whole milliseconds. */
    elapsedMs: () => Math.round(gathered + (since === null ? 0 : now() - since)),
  };
}
