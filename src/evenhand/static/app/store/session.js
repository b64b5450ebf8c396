/**
 * What was done since the page was opened: counts and times, nothing that would push anybody.
 */
import { signal } from "@preact/signals-core";

/**
 * @typedef {object} SessionNumbers
 * @property {ReadonlyMap<string, number>} answered Time on task in milliseconds, by lease.
 * @property {number} skipped
 * @property {number} flagged
 * @property {number} undone
 */

/**
 * @param {Iterable<number>} values
 * @returns {number | null} The median; of an even count the mean of the middle two.
 */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const high = sorted[sorted.length >> 1] ?? 0;
  const low = sorted[(sorted.length - 1) >> 1] ?? 0;
  return (low + high) / 2;
}

export class Session {
  numbers = signal(
    /** @type {SessionNumbers} */ ({ answered: new Map(), skipped: 0, flagged: 0, undone: 0 }),
  );

  /** @param {string} leaseId @param {number} activeMs Of an answer that the server has. */
  answered(leaseId, activeMs) {
    const { numbers } = this;
    numbers.value = { ...numbers.value, answered: new Map([...numbers.value.answered, [leaseId, activeMs]]) };
  }

  /** @param {string} leaseId Whose answer was taken back. */
  undone(leaseId) {
    const answered = new Map(this.numbers.value.answered);
    answered.delete(leaseId);
    this.numbers.value = { ...this.numbers.value, answered, undone: this.numbers.value.undone + 1 };
  }

  /** @param {"skip" | "flag"} verb */
  setAside(verb) {
    const name = verb === "skip" ? "skipped" : "flagged";
    this.numbers.value = { ...this.numbers.value, [name]: this.numbers.value[name] + 1 };
  }
}
