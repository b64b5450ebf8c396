/**
 * The work of one annotator in one project: which task is shown, what was typed into it, what is
 * on its way. Knows neither the page nor the kind of task; time and the network are parameters.
 *
 * @import { Feedback, Lease, PairwiseAnswer, PairwiseSettings, Submitted, Wanted } from "../types/api.js"
 * @import { Gap } from "../types/editor.js"
 * @import { Draft, Journal, OutboxEntry } from "../types/store.js"
 * @import { Trouble } from "./outbox.js"
 */
import { batch, computed, signal } from "@preact/signals-core";
import { fateOf, Outbox } from "./outbox.js";
import { append, EMPTY, finish, wanted } from "./queue.js";
import { createStopwatch } from "./stopwatch.js";

const REFILL_DELAY_MS = 3000;
const DRAFT_DELAY_MS = 200;
const DRAFT_AGE_MS_MAX = 86_400_000;

/**
 * What the bench needs of an editor.
 * @typedef {object} Reducer
 * @property {() => unknown} initial
 * @property {(draft: unknown) => unknown} restore
 * @property {(state: any) => boolean} touched
 * @property {(state: any, action: string, value: string | undefined, settings: any) => unknown} reduce
 * @property {(state: any, settings: any) => Gap | null} gap
 * @property {(state: any, lease: Lease, settings: any) => PairwiseAnswer} answer
 */

/**
 * What the bench needs of the API.
 * @typedef {object} Service
 * @property {(projectId: string, wanted: Wanted) => Promise<{leases: Lease[]}>} lease
 * @property {(projectId: string, submission: any) => Promise<Submitted>} submit
 * @property {(leaseId: string, verb: "skip" | "flag", reason: string) => Promise<unknown>} setAside
 */

/** @typedef {"loading" | "working" | "empty" | "trouble"} Phase */

/**
 * @typedef {object} BenchOptions
 * @property {Service} api
 * @property {Journal} journal
 * @property {Reducer} editor
 * @property {{id: string, settings: PairwiseSettings}} project
 * @property {string} memberId
 * @property {() => number} now Milliseconds since the epoch.
 * @property {() => number} elapsed Milliseconds of a clock that never goes back.
 * @property {(work: () => void, delayMs: number) => void} schedule
 */

export class Bench {
  /** @type {Map<string, {state: unknown, active_ms: number}>} */
  #drafts = new Map();
  #queue = signal(EMPTY);
  #filling = signal(true);

  /** @param {BenchOptions} options */
  constructor(options) {
    this.options = options;
    this.state = signal(options.editor.initial());
    this.gap = signal(/** @type {Gap | null} */ (null));
    this.trouble = signal(/** @type {Trouble | null} */ (null));
    this.feedback = signal(/** @type {Feedback | null} */ (null));
    this.sentCount = signal(0);
    this.current = computed(() => this.#queue.value.leases[0] ?? null);
    this.stopwatch = createStopwatch(options.elapsed);
    this.outbox = new Outbox({
      journal: options.journal,
      memberId: options.memberId,
      schedule: options.schedule,
      send: (entry) => this.#send(entry),
      onSent: (answer, entry) => this.#sent(answer, entry),
      onRefused: () => void this.fill(),
    });
    this.keeper = new DraftKeeper(options, () => this.#draft());
    this.phase = computed(() => this.#phase());
  }

  /** Takes over drafts and unsent answers, then asks for work. */
  async start() {
    const { journal, memberId, now } = this.options;
    for (const draft of await journal.drafts(memberId)) this.#drafts.set(draft.lease_id, draft);
    await this.outbox.load();
    void this.outbox.flush();
    await this.fill();
    await this.keeper.prune(new Set(this.held()), now());
  }

  /** Asks for leases until enough are held; repeats by itself while nobody answers. */
  async fill() {
    const { api, project, schedule } = this.options;
    this.#filling.value = true;
    try {
      const { leases } = await api.lease(project.id, wanted(this.#queue.value, this.#unsentIds()));
      batch(() => {
        this.#arrived(leases);
        this.#filling.value = false;
      });
    } catch (error) {
      const problem = fateOf(error);
      batch(() => {
        this.trouble.value = problem;
        this.#filling.value = false;
      });
      if (problem.fate === "retry") schedule(() => void this.fill(), REFILL_DELAY_MS);
    }
  }

  /** @param {string} action @param {string} [value] */
  act(action, value) {
    const { editor, project } = this.options;
    if (this.current.value === null) return;
    const next = editor.reduce(this.state.value, action, value, project.settings);
    if (next === this.state.value) return;
    batch(() => {
      this.state.value = next;
      if (this.gap.value !== null) this.gap.value = editor.gap(next, project.settings);
    });
    this.keeper.changed();
  }

  /** @returns {boolean} Whether it is on its way; if not, `gap` says what is missing. */
  submit() {
    const { editor, project, memberId, now } = this.options;
    const lease = this.current.value;
    if (lease === null) return false;
    const missing = editor.gap(this.state.value, project.settings);
    if (missing !== null) {
      this.gap.value = { ...missing };
      return false;
    }
    /** @type {OutboxEntry} */
    const entry = {
      project_id: project.id,
      member_id: memberId,
      lease_id: lease.id,
      answer: editor.answer(this.state.value, lease, project.settings),
      active_ms: this.stopwatch.elapsedMs(),
      stored_at: now(),
      refused: null,
    };
    batch(() => {
      this.feedback.value = null;
      this.#leave(lease.id);
      void this.outbox.add(entry);
    });
    void this.keeper.forget(lease.id);
    return true;
  }

  /**
   * Gives the shown task up, with a reason. Raises what the API raises; the task then stays.
   * @param {"skip" | "flag"} verb
   * @param {string} reason
   */
  async setAside(verb, reason) {
    const lease = this.current.value;
    if (lease === null) return;
    await this.options.api.setAside(lease.id, verb, reason);
    this.#leave(lease.id);
    await this.keeper.forget(lease.id);
    await this.fill();
  }

  /** @returns {string[]} Lease ids, the shown one first. */
  held() {
    return this.#queue.value.leases.map(({ id }) => id);
  }

  /** @returns {string[]} Leases with nothing typed, which a closing page gives back. */
  releasable() {
    const kept = this.options.editor.touched(this.state.value) ? this.current.value?.id : undefined;
    return this.held().filter((id) => id !== kept);
  }

  /** Forgets what was typed into tasks that are given back. */
  async forgetDrafts() {
    const { journal, memberId } = this.options;
    for (const draft of await journal.drafts(memberId)) await this.keeper.forget(draft.lease_id);
  }

  /** @returns {Phase} */
  #phase() {
    if (this.current.value !== null) return "working";
    if (this.trouble.value !== null) return "trouble";
    return this.#filling.value || this.outbox.unsent.value.length > 0 ? "loading" : "empty";
  }

  /** @param {OutboxEntry} entry */
  #send({ project_id, lease_id, answer, active_ms }) {
    const { api, project } = this.options;
    const submission = { lease_id, answer, active_ms };
    if (project_id !== project.id) return api.submit(project_id, submission);
    const next = wanted(this.#queue.value, this.#unsentIds(lease_id));
    return api.submit(project_id, { ...submission, next });
  }

  /** @param {Submitted} answer @param {OutboxEntry} entry */
  #sent(answer, entry) {
    batch(() => {
      this.sentCount.value += 1;
      if (answer.judgment.feedback) this.feedback.value = answer.judgment.feedback;
      if (entry.project_id === this.options.project.id) this.#arrived(answer.leases);
    });
  }

  /** @param {string} [except] @returns {string[]} */
  #unsentIds(except) {
    const ids = this.outbox.unsent.value.map((entry) => entry.lease_id);
    return ids.filter((id) => id !== except);
  }

  /** @param {readonly Lease[]} leases */
  #arrived(leases) {
    const unsent = this.#unsentIds();
    const before = this.current.value?.id;
    this.trouble.value = null;
    this.#queue.value = append(this.#queue.value, leases.filter(({ id }) => !unsent.includes(id)));
    if (this.current.value?.id !== before) this.#show();
  }

  /** @param {string} leaseId */
  #leave(leaseId) {
    this.#queue.value = finish(this.#queue.value, leaseId);
    this.#drafts.delete(leaseId);
    this.#show();
  }

  /** Puts the first lease of the queue on the table, with its draft. */
  #show() {
    const { editor } = this.options;
    const draft = this.current.value === null ? undefined : this.#drafts.get(this.current.value.id);
    this.state.value = draft === undefined ? editor.initial() : editor.restore(draft.state);
    this.gap.value = null;
    this.stopwatch.reset(draft?.active_ms ?? 0);
  }

  /** @returns {Draft | null} */
  #draft() {
    const lease = this.current.value;
    if (lease === null || !this.options.editor.touched(this.state.value)) return null;
    const draft = { state: this.state.value, active_ms: this.stopwatch.elapsedMs() };
    this.#drafts.set(lease.id, draft);
    const { memberId, now } = this.options;
    return { lease_id: lease.id, member_id: memberId, stored_at: now(), ...draft };
  }
}

/** Writes the draft of the shown task a moment after its last change. */
class DraftKeeper {
  #waiting = false;

  /**
   * @param {Pick<BenchOptions, "journal" | "schedule" | "memberId">} options
   * @param {() => Draft | null} current
   */
  constructor(options, current) {
    this.options = options;
    this.current = current;
  }

  changed() {
    if (this.#waiting) return;
    this.#waiting = true;
    this.options.schedule(() => {
      this.#waiting = false;
      const draft = this.current();
      if (draft !== null) void this.#comfort(this.options.journal.putDraft(draft));
    }, DRAFT_DELAY_MS);
  }

  /** @param {string} leaseId */
  forget(leaseId) {
    return this.#comfort(this.options.journal.deleteDraft(leaseId));
  }

  /** @param {ReadonlySet<string>} held @param {number} nowMs */
  async prune(held, nowMs) {
    const { journal, memberId } = this.options;
    for (const draft of await journal.drafts(memberId)) {
      const old = nowMs - draft.stored_at > DRAFT_AGE_MS_MAX;
      if (old && !held.has(draft.lease_id)) await this.forget(draft.lease_id);
    }
  }

  /** @param {Promise<void>} write A draft is a comfort: without storage the page works on. */
  async #comfort(write) {
    try {
      await write;
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  }
}
