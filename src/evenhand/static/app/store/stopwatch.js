/**
 * Time on a task: from the moment it is painted, while the page is visible and somebody is at work.
 * After `idleMs` without a touch (a key, the pointer, a scroll) the time no longer counts, until
 * the next touch. The clock is a parameter.
 */

export const IDLE_MS = 60_000;

/**
 * @param {() => number} now Milliseconds of a clock that never goes back.
 * @param {number} [idleMs]
 */
export function createStopwatch(now, idleMs = IDLE_MS) {
  let gathered = 0;
  /** @type {number | null} */
  let since = null;
  let touched = now();
  /** Until when the running stretch counts. */
  const end = () => Math.min(now(), touched + idleMs);
  const stretch = () => (since === null ? 0 : Math.max(0, end() - since));
  return {
    /** @param {number} gatheredMs What a stored draft brings along. */
    reset(gatheredMs) {
      gathered = gatheredMs;
      since = null;
    },
    run() {
      if (since !== null) return;
      since = now();
      touched = since;
    },
    pause() {
      gathered += stretch();
      since = null;
    },
    /** Somebody is at work. */
    touch() {
      if (since !== null && now() > touched + idleMs) {
        gathered += stretch();
        since = now();
      }
      touched = now();
    },
    /** @returns {boolean} Whether the time counts right now. */
    isActive: () => since !== null && now() <= touched + idleMs,
    /** @returns {number} Whole milliseconds. */
    elapsedMs: () => Math.round(gathered + stretch()),
  };
}
