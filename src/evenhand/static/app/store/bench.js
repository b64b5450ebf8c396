/**
 * The work of one annotator in one project: which task is shown, what was typed into it, what is
 * on its way, and the way back. Knows neither the page nor the kind of task; time and the network
 * are parameters.
 *
 * @import { DraftRef, Feedback, Lease, OwnWork, PairwiseAnswer, PairwiseSettings } from "../types/api.js"
 * @import { StoredDraft, Submitted, Undone, Wanted } from "../types/api.js"
 * @import { Gap } from "../types/editor.js"
 * @import { Draft, Journal, OutboxEntry } from "../types/store.js"
 * @import { Opening } from "./opening.js"
 * @import { Trouble } from "./outbox.js"
 */
import { batch, computed, signal } from "@preact/signals-core";
import { DraftKeeper } from "./drafts.js";
import { stepBack, stepForward } from "./history.js";
import { Leftovers } from "./leftovers.js";
import { openDesk } from "./opening.js";
import { fateOf, Outbox } from "./outbox.js";
import { append, EMPTY, finish, putFirst, wanted } from "./queue.js";
import { Recent } from "./recent.js";
import { Session } from "./session.js";
import { Table } from "./table.js";

const REFILL_DELAY_MS = 3000;
const RENEW_DELAY_MS_MAX = 240_000;
const RENEW_DELAY_MS_MIN = 1000;

/**
 * What the bench needs of an editor.
 * @typedef {object} Reducer
 * @property {() => unknown} initial
 * @property {(draft: unknown) => unknown} restore
 * @property {(state: any) => boolean} touched
 * @property {(state: any, action: string, value: string | undefined, settings: any) => unknown} reduce
 * @property {(state: any, settings: any) => Gap | null} gap
 * @property {(state: any, lease: Lease, settings: any) => PairwiseAnswer} answer
 * @property {(answer: any, lease: Lease) => unknown} parse
 */

/**
 * What the bench needs of the API.
 * @typedef {object} Service
 * @property {(projectId: string, wanted: Wanted) => Promise<{leases: Lease[]}>} lease
 * @property {(projectId: string, submission: any) => Promise<Submitted>} submit
 * @property {(leaseId: string, verb: "skip" | "flag", reason: string) => Promise<unknown>} setAside
 * @property {(judgmentId: string) => Promise<Undone>} undo
 * @property {(projectId: string, since: string) => Promise<OwnWork>} ownWork
 * @property {(leases: string[]) => Promise<{leases: {id: string}[]}>} renew
 * @property {() => Promise<{items: DraftRef[]}>} drafts
 * @property {(leaseId: string) => Promise<StoredDraft>} readDraft
 * @property {(leaseId: string, draft: {version: number, state: unknown, active_ms: number}) =>
 *   Promise<{version: number}>} putDraft
 */

/** @typedef {"loading" | "working" | "empty" | "trouble"} Phase */

/**
 * What came of going back: a step inside the task, an answer taken back, nothing there, one that
 * the server does not have yet, or a refusal.
 * @typedef {{kind: "step" | "taken" | "nothing" | "unsent"} | {kind: "refused", trouble: Trouble}} Undoing
 */

/**
 * @typedef {object} BenchOptions
 * @property {Service} api
 * @property {Journal} journal
 * @property {Reducer} editor
 * @property {{id: string, settings: PairwiseSettings, lease_ttl_s: number}} project
 * @property {string} memberId
 * @property {() => number} now Milliseconds since the epoch.
 * @property {() => number} elapsed Milliseconds of a clock that never goes back.
 * @property {(work: () => void, delayMs: number) => void} schedule
 */

export class Bench {
  #undoing = false;
  #recent = new Recent();
  #queue = signal(EMPTY);
  #filling = signal(true);

  /** @param {BenchOptions} options */
  constructor(options) {
    this.options = options;
    this.table = new Table({
      editor: options.editor,
      settings: options.project.settings,
      elapsed: options.elapsed,
      onChange: () => this.keeper.changed(),
    });
    this.state = this.table.state;
    this.gap = this.table.gap;
    this.trouble = signal(/** @type {Trouble | null} */ (null));
    this.feedback = signal(/** @type {Feedback | null} */ (null));
    this.sentCount = signal(0);
    this.session = new Session();
    this.current = computed(() => this.#queue.value.leases[0] ?? null);
    this.stopwatch = this.table.stopwatch;
    this.outbox = new Outbox({
      journal: options.journal,
      memberId: options.memberId,
      schedule: options.schedule,
      send: (entry) => this.#send(entry),
      onSent: (answer, entry) => this.#sent(answer, entry),
      onRefused: (entry) => {
        this.#recent.drop(entry.lease_id);
        void this.fill();
      },
    });
    const { api, journal, schedule, memberId, project } = options;
    this.keeper = new DraftKeeper({
      api, journal, schedule, memberId,
      current: () => this.#draft(),
      onConflict: (leaseId) => void (this.leftovers.conflict.value = leaseId),
      onMoved: (leaseId) => void this.#moved([leaseId]),
    });
    this.leftovers = new Leftovers({
      api, project,
      editor: options.editor,
      keeper: this.keeper,
      table: this.table,
      leases: () => this.#queue.value.leases,
      unsent: () => this.outbox.entries.value.map(({ lease_id }) => lease_id),
    });
    this.phase = computed(() => this.#phase());
  }

  /**
   * Takes over drafts and unsent answers, then the first leases.
   * @param {Promise<Opening> | Opening} [opening] That was begun before the bench was there.
   */
  async start(opening = openDesk(this.options)) {
    const { drafts: kept, entries, leases } = await opening;
    for (const draft of kept) {
      this.table.put(draft.lease_id, draft);
      this.keeper.saw(draft.lease_id, draft.version);
    }
    this.outbox.takeOver(entries);
    void this.outbox.flush();
    const filled = await this.fill(leases);
    if (filled) await this.leftovers.adopt(kept);
    const { now } = this.options;
    await this.keeper.prune(now(), kept.filter(({ lease_id }) => !this.held().includes(lease_id)));
    if (filled) await this.leftovers.resume();
  }

  /** Keeps the leases alive from now on, as long as somebody is at work. */
  startRenewing() {
    const { project, schedule } = this.options;
    const third = (project.lease_ttl_s * 1000) / 3;
    const delay = Math.max(RENEW_DELAY_MS_MIN, Math.min(third, RENEW_DELAY_MS_MAX));
    schedule(() => void this.renew().finally(() => this.startRenewing()), delay);
  }

  /** Extends what is held; what the server no longer knows as held is put aside. */
  async renew() {
    const held = this.held();
    if (held.length === 0 || !this.stopwatch.isActive()) return;
    try {
      const { leases } = await this.options.api.renew(held);
      const alive = new Set(leases.map(({ id }) => id));
      const gone = held.filter((id) => !alive.has(id));
      if (gone.length > 0) await this.#moved(gone);
    } catch (error) {
      fateOf(error); // The next round asks again; a submission says for itself what is wrong.
    }
  }

  /** @param {readonly string[]} leaseIds That ended without this page's doing. */
  async #moved(leaseIds) {
    const gone = leaseIds.filter((id) => this.held().includes(id));
    if (gone.length === 0) return;
    await this.keeper.keep();
    const draft = this.#draft();
    batch(() => {
      if (draft !== null && gone.includes(draft.lease_id)) {
        this.leftovers.strand(draft);
      }
      for (const id of gone) this.#leave(id);
    });
    await this.fill();
  }

  /**
   * Asks for leases until enough are held; repeats by itself while nobody answers.
   * @param {Promise<{leases: Lease[]}>} [asked] The answer to what was asked already.
   * @returns {Promise<boolean>} Whether the server answered.
   */
  async fill(asked) {
    const { api, project, schedule } = this.options;
    this.#filling.value = true;
    try {
      asked ??= api.lease(project.id, wanted(this.#queue.value, this.#unsentIds()));
      const { leases } = await asked;
      batch(() => {
        this.#arrived(leases);
        this.#filling.value = false;
      });
      return true;
    } catch (error) {
      const problem = fateOf(error);
      batch(() => {
        this.trouble.value = problem;
        this.#filling.value = false;
      });
      if (problem.fate === "retry") schedule(() => void this.fill(), REFILL_DELAY_MS);
      return false;
    }
  }

  /** @param {string} action @param {string} [value] */
  act(action, value) {
    this.table.act(action, value);
  }

  /** @returns {boolean} Whether there was a step that had been taken back. */
  redo() {
    return this.table.step(stepForward);
  }

  /**
   * One step back inside the task, or the last answer back.
   * @returns {Promise<Undoing>}
   */
  async undo() {
    if (this.table.step(stepBack)) return { kind: "step" };
    if (this.#undoing) return { kind: "nothing" };
    this.#undoing = true;
    try {
      return await this.#takeBack();
    } catch (error) {
      return { kind: "refused", trouble: fateOf(error) };
    } finally {
      this.#undoing = false;
    }
  }

  /** @returns {Promise<Undoing>} */
  async #takeBack() {
    const { api, project } = this.options;
    const since = new Date(this.options.now()).toISOString();
    const answer = await this.#recent.newest(async () => (await api.ownWork(project.id, since)).latest);
    if (answer === null) return { kind: "nothing" };
    if (answer.judgment_id === null) await this.outbox.flush();
    if (answer.judgment_id === null) return { kind: "unsent" };
    let undone;
    try {
      undone = await api.undo(answer.judgment_id);
    } catch (error) {
      const trouble = fateOf(error);
      if (trouble.fate === "refused") this.#recent.drop(answer.lease_id);
      return { kind: "refused", trouble };
    }
    await this.keeper.keep();
    batch(() => this.#cameBack(answer.lease_id, undone));
    return { kind: "taken" };
  }

  /** @param {string} oldLeaseId @param {Undone} undone */
  #cameBack(oldLeaseId, { lease, answer, active_ms }) {
    this.#recent.drop(oldLeaseId);
    this.session.undone(oldLeaseId);
    this.sentCount.value = Math.max(0, this.sentCount.value - 1);
    this.feedback.value = null;
    this.table.typed(); // What is shown stays in memory while the other task is before it.
    this.table.put(lease.id, { state: this.options.editor.parse(answer, lease), active_ms });
    this.#queue.value = putFirst(this.#queue.value, lease);
    this.#show();
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
      project_id: project.id, member_id: memberId, lease_id: lease.id,
      answer: editor.answer(this.state.value, lease, project.settings),
      active_ms: this.stopwatch.elapsedMs(),
      stored_at: now(), refused: null,
    };
    batch(() => {
      this.feedback.value = null;
      this.#recent.add(lease.id);
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
    this.session.setAside(verb);
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
      this.#recent.acknowledged(entry.lease_id, answer.judgment.id);
      this.session.answered(entry.lease_id, entry.active_ms);
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
    this.table.forget(leaseId);
    this.leftovers.settle(leaseId);
    this.#show();
  }

  /** Puts the first lease of the queue on the table, with its draft. */
  #show() {
    this.table.show(this.current.value?.id ?? null);
  }

  /** @returns {Draft | null} */
  #draft() {
    const lease = this.current.value;
    const draft = this.table.typed();
    if (lease === null || draft === null) return null;
    const { memberId, now, project } = this.options;
    return {
      lease_id: lease.id,
      member_id: memberId,
      project_id: project.id,
      item_id: lease.item_id,
      version: this.keeper.versionOf(lease.id),
      stored_at: now(),
      ...draft,
    };
  }
}
