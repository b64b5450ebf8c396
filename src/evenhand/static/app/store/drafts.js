/**
 * Writes what is typed: into the browser within 250 ms of a change, to the server within 2 s.
 *
 * The server counts its writes; whoever has not seen the last one is refused, and the annotator
 * then chooses between the two. A draft is a comfort: without storage or network the page works on.
 *
 * @import { Draft, Journal } from "../types/store.js"
 */
import { fateOf } from "./outbox.js";

const BROWSER_DELAY_MS = 200;
const SERVER_DELAY_MS = 1500;
const AGAIN_DELAY_MS = 5000;
const AGE_MS_MAX = 7 * 86_400_000;
const ENDED = new Set(["lease_expired", "lease_ended", "lease_not_yours", "lease_used"]);

/**
 * @typedef {object} DraftService
 * @property {(leaseId: string, draft: {version: number, state: unknown, active_ms: number}) =>
 *   Promise<{version: number}>} putDraft
 */

/**
 * @typedef {object} KeeperOptions
 * @property {DraftService} api
 * @property {Journal} journal
 * @property {(work: () => void, delayMs: number) => void} schedule
 * @property {string} memberId
 * @property {() => Draft | null} current The shown task's draft, null when nothing was typed.
 * @property {(leaseId: string) => void} onConflict Another page of the same person wrote.
 * @property {(leaseId: string) => void} onMoved The lease has ended.
 */

export class DraftKeeper {
  /** @type {Map<string, number>} The version that this page has seen, by lease. */
  #versions = new Map();
  #browserWaits = false;
  #serverWaits = false;
  #writing = false;
  /** @type {Set<string>} */
  #held = new Set();

  /** @param {KeeperOptions} options */
  constructor(options) {
    this.options = options;
  }

  /** @param {string} leaseId @param {number} version */
  saw(leaseId, version) {
    this.#versions.set(leaseId, version);
    this.#held.delete(leaseId);
  }

  /** @param {string} leaseId */
  versionOf(leaseId) {
    return this.#versions.get(leaseId) ?? 0;
  }

  changed() {
    if (!this.#browserWaits) {
      this.#browserWaits = true;
      this.options.schedule(() => {
        this.#browserWaits = false;
        void this.keep();
      }, BROWSER_DELAY_MS);
    }
    this.#later(SERVER_DELAY_MS);
  }

  /** Writes the shown task's draft into the browser, now. */
  async keep() {
    const draft = this.options.current();
    if (draft !== null) await this.#comfort(this.options.journal.putDraft(draft));
  }

  /** @param {string} leaseId */
  forget(leaseId) {
    this.#versions.delete(leaseId);
    return this.#comfort(this.options.journal.deleteDraft(leaseId));
  }

  /** @param {number} nowMs @param {readonly Draft[]} drafts */
  async prune(nowMs, drafts) {
    for (const draft of drafts) {
      if (nowMs - draft.stored_at > AGE_MS_MAX) await this.forget(draft.lease_id);
    }
  }

  /** @param {number} delayMs */
  #later(delayMs) {
    if (this.#serverWaits) return;
    this.#serverWaits = true;
    this.options.schedule(() => {
      this.#serverWaits = false;
      void this.send();
    }, delayMs);
  }

  /** Sends the shown task's draft to the server, now. One write is under way at a time. */
  async send() {
    const draft = this.options.current();
    if (draft === null || this.#held.has(draft.lease_id)) return;
    if (this.#writing) {
      this.#later(SERVER_DELAY_MS);
      return;
    }
    this.#writing = true;
    const { lease_id, state, active_ms } = draft;
    try {
      const seen = this.versionOf(lease_id);
      const { version } = await this.options.api.putDraft(lease_id, { version: seen, state, active_ms });
      this.saw(lease_id, version);
      await this.#comfort(this.options.journal.putDraft({ ...draft, version }));
    } catch (error) {
      this.#failed(lease_id, fateOf(error));
    } finally {
      this.#writing = false;
    }
  }

  /** @param {string} leaseId @param {import("./outbox.js").Trouble} problem */
  #failed(leaseId, problem) {
    if (problem.fate === "retry") this.#later(AGAIN_DELAY_MS);
    else if (problem.code === "draft_conflict") {
      this.#held.add(leaseId);
      this.options.onConflict(leaseId);
    } else if (ENDED.has(problem.code)) this.options.onMoved(leaseId);
  }

  /** @param {Promise<void>} write */
  async #comfort(write) {
    try {
      await write;
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  }
}
