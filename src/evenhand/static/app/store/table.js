/**
 * The shown task: what was typed into it, the steps that led there, the time on it; and, in memory,
 * the same of tasks that wait.
 *
 * @import { Gap } from "../types/editor.js"
 * @import { Reducer } from "./bench.js"
 * @import { History } from "./history.js"
 */
import { batch, signal } from "@preact/signals-core";
import { NO_STEPS, record } from "./history.js";
import { createStopwatch } from "./stopwatch.js";

/** @typedef {{state: unknown, active_ms: number}} Typed */

/**
 * @typedef {object} TableOptions
 * @property {Reducer} editor
 * @property {any} settings Of the project.
 * @property {() => number} elapsed Milliseconds of a clock that never goes back.
 * @property {() => void} onChange
 */

export class Table {
  /** @type {string | null} The shown lease. */
  leaseId = null;
  /** @type {Map<string, Typed>} */
  #typed = new Map();
  /** @type {Map<string, History>} */
  #steps = new Map();

  /** @param {TableOptions} options */
  constructor(options) {
    this.options = options;
    this.state = signal(options.editor.initial());
    this.gap = signal(/** @type {Gap | null} */ (null));
    this.stopwatch = createStopwatch(options.elapsed);
  }

  /** @param {string | null} leaseId */
  show(leaseId) {
    const { editor } = this.options;
    const typed = leaseId === null ? undefined : this.#typed.get(leaseId);
    this.leaseId = leaseId;
    batch(() => {
      this.state.value = typed === undefined ? editor.initial() : editor.restore(typed.state);
      this.gap.value = null;
    });
    this.stopwatch.reset(typed?.active_ms ?? 0);
  }

  /** @param {string} leaseId @param {Typed} typed What is shown with the lease. */
  put(leaseId, { state, active_ms }) {
    this.#typed.set(leaseId, { state, active_ms });
  }

  /** @param {string} leaseId @param {Typed} typed As `put`; what is there can be stepped back to. */
  replace(leaseId, typed) {
    const before = this.state.value;
    this.put(leaseId, typed);
    if (this.leaseId !== leaseId) return;
    const running = this.stopwatch.isActive();
    if (this.options.editor.touched(before)) this.#remember(leaseId, before, "replace");
    this.show(leaseId);
    if (running) this.stopwatch.run();
  }

  /** @param {string} leaseId @returns {boolean} Whether something was typed into it. */
  has(leaseId) {
    const shown = this.leaseId === leaseId && this.options.editor.touched(this.state.value);
    return shown || this.#typed.has(leaseId);
  }

  /** @param {string} leaseId */
  forget(leaseId) {
    this.#typed.delete(leaseId);
    this.#steps.delete(leaseId);
  }

  /** @returns {Typed | null} What was typed into the shown task; kept in memory from now on. */
  typed() {
    if (this.leaseId === null || !this.options.editor.touched(this.state.value)) return null;
    const typed = { state: this.state.value, active_ms: this.stopwatch.elapsedMs() };
    this.put(this.leaseId, typed);
    return typed;
  }

  /** @param {string} action @param {string} [value] */
  act(action, value) {
    const { editor, settings } = this.options;
    if (this.leaseId === null) return;
    const next = editor.reduce(this.state.value, action, value, settings);
    if (next === this.state.value) return;
    this.#remember(this.leaseId, this.state.value, action);
    this.#set(next);
  }

  /**
   * @param {typeof import("./history.js").stepBack} step
   * @returns {boolean} Whether there was a step to take.
   */
  step(step) {
    if (this.leaseId === null) return false;
    const taken = step(this.#steps.get(this.leaseId) ?? NO_STEPS, this.state.value);
    if (taken === null) return false;
    this.#steps.set(this.leaseId, taken.history);
    this.#set(taken.state);
    return true;
  }

  /** @param {string} leaseId @param {unknown} before @param {string} action */
  #remember(leaseId, before, action) {
    this.#steps.set(leaseId, record(this.#steps.get(leaseId) ?? NO_STEPS, before, action));
  }

  /** @param {unknown} state */
  #set(state) {
    const { editor, settings, onChange } = this.options;
    batch(() => {
      this.state.value = state;
      if (this.gap.value !== null) this.gap.value = editor.gap(state, settings);
    });
    onChange();
  }
}
