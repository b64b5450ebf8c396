/**
 * Submissions on their way to the server.
 *
 * An entry is written to the journal before it is sent and deleted after the server has
 * acknowledged it, so a closed page, a crash or a lost network loses nothing; a submission is
 * safe to repeat. Entries go one at a time, oldest first. What the server refuses for good stays
 * in the journal with the reason, until the annotator has seen it.
 *
 * @import { Submitted } from "../types/api.js"
 * @import { Journal, OutboxEntry } from "../types/store.js"
 */
import { computed, signal } from "@preact/signals-core";

const DELAYS_MS = [1000, 2000, 4000, 8000, 15_000, 30_000];

/** @typedef {"retry" | "sign-in" | "refused"} Fate */

/** @typedef {{fate: Fate, code: string, detail: string}} Trouble */

/**
 * What an error of a request means for what was sent.
 * @param {unknown} error
 * @returns {Trouble} Raises an error that is none of the API's.
 */
export function fateOf(error) {
  if (!(error instanceof Error)) throw error;
  if (error.name === "NetworkFailure") return { fate: "retry", code: "network", detail: "" };
  if (error.name !== "ApiProblem") throw error;
  const problem = /** @type {Error & {status: number, code: string, detail: string}} */ (error);
  const { status, code, detail } = problem;
  if (status === 401) return { fate: "sign-in", code: "sign_in_required", detail };
  if (status === 429 || status >= 500) return { fate: "retry", code, detail };
  return { fate: "refused", code, detail };
}

/**
 * @typedef {object} OutboxOptions
 * @property {Journal} journal
 * @property {string} memberId
 * @property {(entry: OutboxEntry) => Promise<Submitted>} send
 * @property {(work: () => void, delayMs: number) => void} schedule
 * @property {(answer: Submitted, entry: OutboxEntry) => void} onSent
 * @property {(entry: OutboxEntry) => void} onRefused
 */

export class Outbox {
  /** @type {Promise<void> | null} */
  #going = null;
  #failures = 0;

  /** @param {OutboxOptions} options */
  constructor(options) {
    this.options = options;
    this.entries = signal(/** @type {readonly OutboxEntry[]} */ ([]));
    this.trouble = signal(/** @type {Trouble | null} */ (null));
    this.durable = signal(options.journal.durable);
    this.unsent = computed(() => this.entries.value.filter((entry) => entry.refused === null));
    this.refused = computed(() => this.entries.value.filter((entry) => entry.refused !== null));
  }

  /** @param {readonly OutboxEntry[]} found That an earlier page left behind. */
  takeOver(found) {
    const known = new Set(this.entries.value.map((entry) => entry.lease_id));
    const fresh = found.filter((entry) => !known.has(entry.lease_id));
    this.entries.value = [...fresh, ...this.entries.value];
  }

  /** @param {OutboxEntry} entry Shown as unsent at once; sent when it is in the journal. */
  async add(entry) {
    this.entries.value = [...this.entries.value, entry];
    await this.#journalled(() => this.options.journal.putEntry(entry));
    await this.flush();
  }

  /** @param {string} leaseId A refused entry that the annotator has seen. */
  async dismiss(leaseId) {
    this.#drop(leaseId);
    await this.#journalled(() => this.options.journal.deleteEntry(leaseId));
  }

  /**
   * Sends what waits. A call while sending is under way waits for that one.
   * @returns {Promise<void>} Until everything is sent, or something stands in the way.
   */
  flush() {
    this.#going ??= this.#sendAll().finally(() => {
      this.#going = null;
    });
    return this.#going;
  }

  async #sendAll() {
    for (let going = true; going; ) {
      const first = this.unsent.value[0];
      going = first !== undefined && (await this.#deliver(first));
    }
  }

  /** @param {OutboxEntry} entry @returns {Promise<boolean>} Whether to go on with the next. */
  async #deliver(entry) {
    let answer;
    try {
      answer = await this.options.send(entry);
    } catch (error) {
      return this.#failed(entry, fateOf(error));
    }
    this.#failures = 0;
    this.trouble.value = null;
    this.#drop(entry.lease_id);
    this.options.onSent(answer, entry);
    await this.#journalled(() => this.options.journal.deleteEntry(entry.lease_id));
    return true;
  }

  /** @param {OutboxEntry} entry @param {Trouble} problem */
  async #failed(entry, problem) {
    if (problem.fate === "refused") {
      const { code, detail } = problem;
      const kept = { ...entry, refused: { code, detail } };
      this.entries.value = this.entries.value.map((other) =>
        other.lease_id === entry.lease_id ? kept : other,
      );
      await this.#journalled(() => this.options.journal.putEntry(kept));
      this.options.onRefused(kept);
      return true;
    }
    this.trouble.value = problem;
    if (problem.fate === "retry") {
      const delay = DELAYS_MS[Math.min(this.#failures, DELAYS_MS.length - 1)] ?? 0;
      this.#failures += 1;
      this.options.schedule(() => void this.flush(), delay);
    }
    return false;
  }

  /** @param {string} leaseId */
  #drop(leaseId) {
    this.entries.value = this.entries.value.filter((entry) => entry.lease_id !== leaseId);
  }

  /** @param {() => Promise<void>} write */
  async #journalled(write) {
    try {
      await write();
    } catch (error) {
      // A full disk must not stop the submission; the page then warns before it is closed.
      if (!(error instanceof DOMException)) throw error;
      this.durable.value = false;
    }
  }
}
