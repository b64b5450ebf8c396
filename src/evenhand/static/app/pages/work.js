/**
 * The annotator's page: brings API, bench, editor, keys and view together.
 *
 * @import { Api } from "../api.js"
 * @import { Text } from "../i18n.js"
 * @import { Instructions, Me, OwnCounts, Project } from "../types/api.js"
 * @import { Editor } from "../types/editor.js"
 * @import { VNode } from "preact"
 * @import { WorkOpening } from "./work-opening.js"
 */
import { computed, effect, signal } from "@preact/signals";
import { h, render } from "preact";
import { ApiProblem } from "../api.js";
import { listen, withOwnKeys } from "../keys.js";
import { Bench } from "../store/bench.js";
import { html } from "../ui/html.js";
import { Frame } from "../ui/frame.js";
import { Notice } from "../ui/notice.js";
import { openPreferences } from "./preferences.js";
import { sentenceOf, textOf } from "./problem-text.js";
import { LeaveDialog, ReasonDialog } from "./work-dialogs.js";
import { rememberReleases } from "./work-opening.js";
import { InstructionsPanel, keyFor, PAGE_KEYS, ProjectChoice, SaveState, Work } from "./work-view.js";

const SOON_MS = 100;
const SIGNS_OF_LIFE = ["pointermove", "pointerdown", "keydown", "wheel", "scroll", "touchstart"];

/** @typedef {"skip" | "flag" | "keys" | "leave" | "palette" | "summary" | null} OpenDialog */
/** @typedef {typeof import("./work-extras.js")} Extras */

/** The work of one project on the page. */
class Workplace {
  dialog = signal(/** @type {OpenDialog} */ (null));
  status = signal("");
  /** What the last key press could not do, to be read as well as heard. */
  told = signal("");
  instructions = signal(/** @type {Instructions | null} */ (null));
  preferences = openPreferences(() => window.localStorage);
  extras = signal(/** @type {Extras | null} */ (null));

  /**
   * @param {{api: Api, t: Text, me: Me, projects: Project[], project: Project, editor: Editor<any>}} parts
   * @param {Bench} bench
   */
  constructor(parts, bench) {
    this.parts = parts;
    this.bench = bench;
    this.today = signal(/** @type {OwnCounts | null} */ (null));
  }

  /** The map of keys as the person has set it. */
  bindings = computed(() => {
    const { editor, project } = this.parts;
    const { keys } = this.preferences.value.value;
    return withOwnKeys([...editor.bindings(project.settings), ...PAGE_KEYS], keys);
  });

  /** @param {string} action @param {string} [value] */
  act = (action, value) => {
    switch (action) {
      case "submit":
        return this.submit();
      case "skip":
      case "flag":
        if (this.bench.current.value !== null) this.dialog.value = action;
        return undefined;
      case "keys":
      case "palette":
        this.dialog.value = action;
        return void this.loadExtras();
      case "summary":
        this.dialog.value = action;
        void this.loadExtras();
        return void this.countToday();
      case "undo":
        return void this.undo();
      case "redo":
        return this.say(this.bench.redo() ? "status.redone" : "status.nothing_to_redo");
      case "raw":
      case "instructions":
        return this.preferences.toggle(action);
      case "focus-reason":
        return focusField("reason");
      default:
        return this.bench.act(action, value);
    }
  };

  submit() {
    const { t } = this.parts;
    if (this.bench.current.value === null) return;
    this.told.value = "";
    if (this.bench.submit()) {
      this.status.value = t("status.next", { count: this.bench.sentCount.value + 1 });
    } else {
      focusField(this.bench.gap.value?.field ?? "");
    }
  }

  /** @param {string} key @param {Record<string, string | number>} [values] */
  say(key, values) {
    // A region that says the same twice is silent the second time.
    this.status.value = "";
    this.status.value = this.parts.t(key, values);
  }

  async undo() {
    const undone = await this.bench.undo();
    if (undone.kind === "refused") {
      this.told.value = textOf(undone.trouble, this.parts.t);
      this.status.value = this.told.value;
    } else {
      this.say(`status.undo_${undone.kind}`);
      this.told.value = ["nothing", "unsent"].includes(undone.kind) ? this.status.value : "";
    }
  }

  /** A dialog has been asked for that is still being loaded: a press is meant for it. */
  get waiting() {
    return this.extras.value === null && ["keys", "palette", "summary"].includes(this.dialog.value ?? "");
  }

  /** Once; and again when it is asked for and did not come. */
  async loadExtras() {
    if (this.extras.value !== null) return;
    try {
      this.extras.value = await import("./work-extras.js");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // What a module that does not come raises.
      this.dialog.value = null;
      this.status.value = this.parts.t("error.network");
    }
  }

  async readInstructions() {
    const { api, project, t } = this.parts;
    try {
      this.instructions.value = await api.instructions(project.id);
    } catch (error) {
      this.status.value = sentenceOf(error, t);
    }
  }

  async countToday() {
    const { api, project, t } = this.parts;
    const midnight = new Date();
    midnight.setHours(0, 0, 0, 0);
    try {
      this.today.value = (await api.ownWork(project.id, midnight.toISOString())).counts;
    } catch (error) {
      this.status.value = sentenceOf(error, t);
    }
  }

  /** @param {"skip" | "flag"} verb @param {string} reason */
  async setAside(verb, reason) {
    await this.bench.setAside(verb, reason);
    this.status.value = this.parts.t(`status.${verb}`);
  }

  async signOut() {
    if (this.bench.outbox.unsent.value.length > 0) {
      this.dialog.value = "leave";
      return;
    }
    await this.leave();
  }

  async leave() {
    const { api, t } = this.parts;
    for (const id of this.bench.held()) api.releaseOnClose(id);
    await this.bench.forgetDrafts();
    try {
      await api.signOut();
    } catch (error) {
      if (!(error instanceof ApiProblem && error.status === 401)) {
        this.status.value = sentenceOf(error, t);
        return;
      }
    }
    window.location.assign("/sign-in");
  }

  /** @returns {VNode | null} */
  openDialog() {
    const { t } = this.parts;
    const kind = this.dialog.value;
    // A dialog says that it has closed a moment later, when another one may be open.
    const onClose = () => {
      if (this.dialog.value === kind) this.dialog.value = null;
    };
    if (kind === "skip" || kind === "flag") {
      const onSend = (/** @type {string} */ reason) => this.setAside(kind, reason);
      return h(ReasonDialog, { key: kind, verb: kind, onSend, onClose, t });
    }
    const extras = this.extras.value;
    if (kind === "keys" && extras) {
      const { preferences } = this;
      const bindings = this.bindings.value;
      return h(extras.KeysDialog, { bindings, preferences, onClose, t });
    }
    if (kind === "summary" && extras) {
      const session = this.bench.session.numbers.value;
      return h(extras.SummaryDialog, { session, today: this.today.value, onClose, t });
    }
    if (kind === "palette" && extras) {
      const texts = { title: t("palette.title"), search: t("palette.search"), none: t("palette.none") };
      return h(extras.Palette, { commands: this.commands(), onRun: this.run, onClose, texts });
    }
    if (kind === "leave") {
      const count = this.bench.outbox.unsent.value.length;
      return h(LeaveDialog, { count, onLeave: () => void this.leave(), onClose, t });
    }
    return null;
  }

  /** @returns {import("../ui/palette.js").Command[]} */
  commands() {
    const { projects, project, t } = this.parts;
    const keyed = this.bindings.value.filter(({ action }) => action !== "palette");
    return [
      ...keyed.map(({ action, keys, label }) => ({ id: action, text: t(label), keys })),
      ...projects
        .filter(({ id }) => id !== project.id)
        .map(({ id, name }) => ({ id: `project:${id}`, text: t("palette.project", { name }), keys: [] })),
    ];
  }

  /** @param {string} command */
  run = (command) => {
    const [kind, id] = command.split(":");
    if (kind === "project" && id) openProject(id);
    else this.act(command);
  };

  /** @returns {VNode} */
  view() {
    const { me, projects, project, editor, t } = this.parts;
    const { bench, preferences, act } = this;
    const bindings = this.bindings.value;
    const { outbox } = bench;
    const flags = preferences.value.value;
    const unsent = outbox.unsent.value.length;
    const stuck = outbox.trouble.value !== null;
    const tools = html`<div class="work-tools">
      ${h(ProjectChoice, { projects, project, onProject: openProject, t })}
      ${h(SaveState, { unsent, stuck, sent: bench.sentCount.value, t })}
    </div>`;
    const today = this.today.value;
    const children = html`<div class=${`page ${flags.instructions ? "with-instructions" : ""}`}>
      ${h(InstructionsPanel, {
        instructions: this.instructions.value,
        open: flags.instructions,
        shownKey: flags.singleKeys ? keyFor("instructions", bindings) : null,
        onToggle: () => act("instructions"),
        t,
      })}
      ${h(Work, {
        bench, editor, project, preferences, t, act, bindings, today, told: this.told.value,
        extras: this.extras.value,
        onEmpty: () => void this.countToday(),
      })}
      ${this.openDialog()}
    </div>`;
    return h(Frame, {
      me, t, here: "work", tools, children,
      status: this.status.value,
      onKeys: () => act("keys"),
      onPalette: () => act("palette"),
      onSignOut: () => void this.signOut(),
      skipTo: "task-title",
      skipText: t("frame.skip"),
    });
  }

  /** Listens to keys, the network and the end of the page. */
  attach() {
    const { api } = this.parts;
    const { bench } = this;
    const keysNow = () => ({
      bindings: this.bindings.value,
      singleKeys: this.preferences.value.value.singleKeys,
    });
    listen(document, keysNow, (action) => this.waiting || this.act(action));
    for (const sign of SIGNS_OF_LIFE) {
      window.addEventListener(sign, () => bench.stopwatch.touch(), { passive: true, capture: true });
    }
    bench.startRenewing();
    window.addEventListener("online", () => {
      void bench.outbox.flush();
      if (bench.trouble.value !== null) void bench.fill();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) {
        bench.stopwatch.pause();
        void bench.keeper.keep();
      } else if (bench.current.value !== null) bench.stopwatch.run();
    });
    window.addEventListener("beforeunload", (event) => {
      if (bench.outbox.unsent.value.length > 0 && !bench.outbox.durable.value) event.preventDefault();
    });
    window.addEventListener("pagehide", () => {
      void bench.keeper.keep();
      const ids = bench.releasable();
      rememberReleases(ids);
      for (const id of ids) api.releaseOnClose(id);
    });
    // A page that comes back from the browser's memory holds leases that it gave away.
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) window.location.reload();
    });
  }
}

/** @param {string} id */
function openProject(id) {
  window.location.assign(`/work?project=${encodeURIComponent(id)}`);
}

/** @param {string} name */
function focusField(name) {
  const field = document.querySelector(`[data-field="${CSS.escape(name)}"]`);
  if (field instanceof HTMLElement) field.focus();
}

/** @param {HTMLElement} root @param {string} title @param {string} text @param {Text} t */
function showDeadEnd(root, title, text, t) {
  const actions = html`<a class="button" href="/work">${t("dead_end.reload")}</a>`;
  const notice = h(Notice, { tone: "info", title, children: html`<p>${text}</p>`, actions });
  root.replaceChildren();
  render(html`<main class="dead-end">${notice}</main>`, root);
}

/**
 * Until it is known what to show, but no longer than what a person takes for at once: a page that
 * is drawn without its task is drawn twice.
 * @param {Bench} bench
 * @returns {Promise<void>}
 */
function soon(bench) {
  return new Promise((resolve) => {
    const end = bench.phase.subscribe((phase) => {
      if (phase !== "loading") resolve();
    });
    window.setTimeout(() => {
      end();
      resolve();
    }, SOON_MS);
  });
}

/** @param {{root: HTMLElement, api: Api, t: Text, opening: Promise<WorkOpening>}} surroundings */
export async function start({ root, api, t, opening }) {
  let opened;
  try {
    opened = await opening;
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) {
      window.location.replace("/sign-in");
      return;
    }
    showDeadEnd(root, t("trouble.title"), sentenceOf(error, t), t);
    return;
  }
  const { me, projects, project, editor, journal, desk } = opened;
  if (project === undefined) {
    showDeadEnd(root, t("no_project.title"), t("no_project.text"), t);
    return;
  }
  if (editor === null || desk === null) {
    showDeadEnd(root, t("unknown_type.title"), t("unknown_type.text", { type: project.task_type }), t);
    return;
  }
  document.title = `${project.name} · Evenhand`;
  const bench = new Bench({
    api, editor, project, journal,
    memberId: me.member.id,
    now: () => Date.now(),
    elapsed: () => performance.now(),
    schedule: (work, delayMs) => void window.setTimeout(work, delayMs),
  });
  const workplace = new Workplace({ api, t, me, projects, project, editor }, bench);
  workplace.attach();
  const started = bench.start(desk);
  await soon(bench);
  // Signals drive the whole page: what `view` reads decides when it is drawn again.
  root.replaceChildren();
  effect(() => render(workplace.view(), root));
  window.requestAnimationFrame(() => window.setTimeout(() => void workplace.loadExtras()));
  await started;
  // Who did not choose a project is led to the first one that has work.
  const next = projects[projects.indexOf(project) + 1];
  if (!opened.chosen && bench.phase.value === "empty" && next !== undefined) {
    window.location.replace(`/work?project=${encodeURIComponent(next.id)}&seek=1`);
    return;
  }
  await workplace.readInstructions();
}
