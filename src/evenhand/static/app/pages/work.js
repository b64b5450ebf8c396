/**
 * The annotator's page: brings API, bench, editor, keys and view together.
 *
 * @import { Api } from "../api.js"
 * @import { Text } from "../i18n.js"
 * @import { Instructions, Me, Project } from "../types/api.js"
 * @import { Binding, Editor } from "../types/editor.js"
 * @import { VNode } from "preact"
 */
import { effect, signal } from "@preact/signals";
import { h, render } from "preact";
import { ApiProblem } from "../api.js";
import { loadEditor } from "../editors/index.js";
import { listen } from "../keys.js";
import { Bench } from "../store/bench.js";
import { openJournal } from "../store/journal.js";
import { html } from "../ui/html.js";
import { Notice } from "../ui/notice.js";
import { openPreferences } from "./preferences.js";
import { sentenceOf } from "./problem-text.js";
import { KeysDialog, LeaveDialog, ReasonDialog } from "./work-dialogs.js";
import { Frame, SaveState } from "./work-frame.js";
import { InstructionsPanel, Work } from "./work-view.js";

const RELEASED = "evenhand.released";

/** @type {Binding[]} */
const PAGE_KEYS = [
  { action: "submit", keys: ["Enter"], label: "key.submit" },
  { action: "skip", keys: ["s"], label: "key.skip" },
  { action: "flag", keys: ["f"], label: "key.flag" },
  { action: "raw", keys: ["m"], label: "key.raw" },
  { action: "instructions", keys: ["i"], label: "key.instructions" },
  { action: "keys", keys: ["?"], label: "key.keys" },
];

/** @typedef {"skip" | "flag" | "keys" | "leave" | null} OpenDialog */

/**
 * @param {Api} api
 * @returns {Promise<Project[]>}
 */
async function allProjects(api) {
  const projects = [];
  for (let cursor = /** @type {string | null} */ (null), more = true; more; more = cursor !== null) {
    const page = await api.projects(cursor);
    projects.push(...page.items);
    cursor = page.next_cursor;
  }
  return projects;
}

/** The work of one project on the page. */
class Workplace {
  dialog = signal(/** @type {OpenDialog} */ (null));
  status = signal("");
  instructions = signal(/** @type {Instructions | null} */ (null));
  preferences = openPreferences(() => window.localStorage);

  /**
   * @param {{api: Api, t: Text, me: Me, projects: Project[], project: Project, editor: Editor<any>}} parts
   * @param {Bench} bench
   */
  constructor(parts, bench) {
    this.parts = parts;
    this.bench = bench;
    this.bindings = [...parts.editor.bindings(parts.project.settings), ...PAGE_KEYS];
  }

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
        this.dialog.value = "keys";
        return undefined;
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
    if (this.bench.submit()) {
      this.status.value = t("status.next", { count: this.bench.sentCount.value + 1 });
    } else {
      focusField(this.bench.gap.value?.field ?? "");
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
    const onClose = () => {
      this.dialog.value = null;
    };
    const kind = this.dialog.value;
    if (kind === "skip" || kind === "flag") {
      const onSend = (/** @type {string} */ reason) => this.setAside(kind, reason);
      return h(ReasonDialog, { key: kind, verb: kind, onSend, onClose, t });
    }
    if (kind === "keys") {
      const { singleKeys } = this.preferences.value.value;
      const onToggle = () => this.preferences.toggle("singleKeys");
      return h(KeysDialog, { bindings: this.bindings, singleKeys, onToggle, onClose, t });
    }
    if (kind === "leave") {
      const count = this.bench.outbox.unsent.value.length;
      return h(LeaveDialog, { count, onLeave: () => void this.leave(), onClose, t });
    }
    return null;
  }

  /** @returns {VNode} */
  view() {
    const { me, projects, project, editor, t } = this.parts;
    const { bench, preferences, act } = this;
    const { outbox } = bench;
    const flags = preferences.value.value;
    const unsent = outbox.unsent.value.length;
    const stuck = outbox.trouble.value !== null;
    return html`<div class=${`page ${flags.instructions ? "with-instructions" : ""}`}>
      ${h(Frame, {
        me, projects, project, t,
        saveState: h(SaveState, { unsent, stuck, sent: bench.sentCount.value, t }),
        onProject: (id) => window.location.assign(`/work?project=${encodeURIComponent(id)}`),
        onKeys: () => act("keys"),
        onSignOut: () => void this.signOut(),
        showKeys: flags.singleKeys,
      })}
      ${h(InstructionsPanel, {
        instructions: this.instructions.value,
        open: flags.instructions,
        showKeys: flags.singleKeys,
        onToggle: () => act("instructions"),
        t,
      })}
      ${h(Work, { bench, editor, project, preferences, t, act, status: this.status.value })}
      ${this.openDialog()}
    </div>`;
  }

  /** Listens to keys, the network and the end of the page. */
  attach() {
    const { api } = this.parts;
    const { bench } = this;
    const keysNow = () => ({
      bindings: this.bindings,
      singleKeys: this.preferences.value.value.singleKeys,
    });
    listen(document, keysNow, this.act);
    window.addEventListener("online", () => {
      void bench.outbox.flush();
      if (bench.trouble.value !== null) void bench.fill();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) bench.stopwatch.pause();
      else if (bench.current.value !== null) bench.stopwatch.run();
    });
    window.addEventListener("beforeunload", (event) => {
      if (bench.outbox.unsent.value.length > 0 && !bench.outbox.durable.value) event.preventDefault();
    });
    window.addEventListener("pagehide", () => {
      const ids = bench.releasable();
      window.sessionStorage.setItem(RELEASED, JSON.stringify(ids));
      for (const id of ids) api.releaseOnClose(id);
    });
    // A page that comes back from the browser's memory holds leases that it gave away.
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) window.location.reload();
    });
  }
}

/** @param {string} name */
function focusField(name) {
  const field = document.querySelector(`[data-field="${CSS.escape(name)}"]`);
  if (field instanceof HTMLElement) field.focus();
}

/**
 * After a reload: makes sure that the server has taken back what the closing page gave back,
 * before it is asked what this page holds.
 * @param {Api} api
 */
async function finishReleases(api) {
  const ids = JSON.parse(window.sessionStorage.getItem(RELEASED) ?? "[]");
  window.sessionStorage.removeItem(RELEASED);
  await Promise.all(ids.map((/** @type {string} */ id) => api.release(id)));
}

/** @param {HTMLElement} root @param {string} title @param {string} text @param {Text} t */
function showDeadEnd(root, title, text, t) {
  const actions = html`<a class="button" href="/work">${t("dead_end.reload")}</a>`;
  const notice = h(Notice, { tone: "info", title, children: html`<p>${text}</p>`, actions });
  render(html`<main class="dead-end">${notice}</main>`, root);
}

/** @param {{root: HTMLElement, api: Api, t: Text}} surroundings */
export async function start({ root, api, t }) {
  let me;
  let projects;
  try {
    [me, projects] = await Promise.all([api.me(), allProjects(api), finishReleases(api)]);
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) {
      window.location.replace("/sign-in");
      return;
    }
    showDeadEnd(root, t("trouble.title"), sentenceOf(error, t), t);
    return;
  }
  const query = new URLSearchParams(window.location.search);
  const wished = query.get("project");
  const project = projects.find(({ id }) => id === wished) ?? projects[0];
  if (project === undefined) {
    showDeadEnd(root, t("no_project.title"), t("no_project.text"), t);
    return;
  }
  const editor = await loadEditor(project.task_type);
  if (editor === null) {
    showDeadEnd(root, t("unknown_type.title"), t("unknown_type.text", { type: project.task_type }), t);
    return;
  }
  document.title = `${project.name} · Evenhand`;
  const bench = new Bench({
    api, editor, project,
    journal: await openJournal(window.indexedDB),
    memberId: me.member.id,
    now: () => Date.now(),
    elapsed: () => performance.now(),
    schedule: (work, delayMs) => void window.setTimeout(work, delayMs),
  });
  const workplace = new Workplace({ api, t, me, projects, project, editor }, bench);
  // Signals drive the whole page: what `view` reads decides when it is drawn again.
  effect(() => render(workplace.view(), root));
  workplace.attach();
  await bench.start();
  // Who did not choose a project is led to the first one that has work.
  const next = projects[projects.indexOf(project) + 1];
  const chosen = wished !== null && !query.has("seek");
  if (!chosen && bench.phase.value === "empty" && next !== undefined) {
    window.location.replace(`/work?project=${encodeURIComponent(next.id)}&seek=1`);
    return;
  }
  await showInstructions(workplace, api, project.id, t);
}

/**
 * @param {Workplace} workplace
 * @param {Api} api
 * @param {string} projectId
 * @param {Text} t
 */
async function showInstructions(workplace, api, projectId, t) {
  try {
    workplace.instructions.value = await api.instructions(projectId);
  } catch (error) {
    workplace.status.value = sentenceOf(error, t);
  }
}
