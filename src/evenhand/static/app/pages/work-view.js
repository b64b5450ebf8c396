/**
 * The work page: instructions, notices, the task with its actions; in its frame, which project and
 * what was saved.
 *
 * @import { Text } from "../i18n.js"
 * @import { Bench } from "../store/bench.js"
 * @import { Instructions, OwnCounts, Project, Receipt } from "../types/api.js"
 * @import { Binding, Editor, EditorViewProps } from "../types/editor.js"
 * @import { VNode } from "preact"
 * @import { PreferenceStore } from "./preferences.js"
 * @import { Extras } from "./work.js"
 */
import { h } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { html, Safe } from "../ui/html.js";
import { Keys } from "../ui/icon.js";
import { Content } from "../ui/markdown-view.js";
import { Notice } from "../ui/notice.js";
import { textOf } from "./problem-text.js";

/** What the page itself does, beside the editor. @type {Binding[]} */
export const PAGE_KEYS = [
  { action: "submit", keys: ["Enter"], label: "key.submit" },
  { action: "skip", keys: ["s"], label: "key.skip" },
  { action: "flag", keys: ["f"], label: "key.flag" },
  { action: "undo", keys: ["u", "Ctrl+z"], label: "key.undo" },
  { action: "redo", keys: ["y", "Ctrl+y", "Ctrl+Shift+z"], label: "key.redo" },
  { action: "raw", keys: ["m"], label: "key.raw" },
  { action: "instructions", keys: ["i"], label: "key.instructions" },
  { action: "summary", keys: ["t"], label: "key.summary" },
  { action: "keys", keys: ["?"], label: "key.keys" },
  { action: "palette", keys: ["Ctrl+k"], label: "key.palette" },
];

/**
 * @param {string} action
 * @param {readonly Binding[]} bindings
 * @returns {string | null} The first key of an action.
 */
export function keyFor(action, bindings) {
  return bindings.find((binding) => binding.action === action)?.keys[0] ?? null;
}

/**
 * Where the log entry of what is shown can be read. Only addresses of this server become links.
 * @param {{receipt: Receipt, t: Text}} props
 * @returns {VNode}
 */
function ReceiptLink({ receipt, t }) {
  const text = t("receipt.text", { index: receipt.index, size: receipt.tree_size });
  const url = URL.parse(receipt.url, window.location.href);
  const here = url !== null && url.origin === window.location.origin;
  if (!here) return html`<span class="receipt">${text}</span>`;
  return html`<a class="receipt" href=${url.pathname + url.search + url.hash} target="_blank" rel="noopener"
    title=${t("receipt.note")}>${text}</a>`;
}

/**
 * @param {object} props
 * @param {Instructions | null} props.instructions
 * @param {boolean} props.open
 * @param {string | null} props.shownKey
 * @param {() => void} props.onToggle
 * @param {Text} props.t
 * @returns {VNode}
 */
export function InstructionsPanel({ instructions, open, shownKey, onToggle, t }) {
  return html`<aside class=${`instructions ${open ? "is-open" : ""}`} aria-label=${t("instructions.title")}>
    <button class="button is-quiet panel-toggle" type="button" aria-expanded=${open}
      aria-controls="instructions-body" onClick=${onToggle}>
      <span>${t(open ? "instructions.hide" : "instructions.show")}</span>
      ${shownKey ? h(Keys, { keys: [shownKey] }) : null}
    </button>
    <div id="instructions-body" hidden=${!open} tabindex=${open ? 0 : -1} role="region"
      aria-label=${t("instructions.title")}>
      ${instructions === null
        ? html`<p class="waiting">${t("loading")}</p>`
        : html`<div>
            ${h(Content, {
              source: instructions.markdown, raw: false, empty: t("instructions.empty"), under: 1,
            })}
            <p class="fine">${h(ReceiptLink, { receipt: instructions.receipt, t })}</p>
          </div>`}
    </div>
  </aside>`;
}

/**
 * @param {object} props
 * @param {Bench} props.bench
 * @param {Editor<any>} props.editor
 * @param {string} props.told
 * @param {Extras | null} props.extras
 * @param {Text} props.t
 * @returns {VNode}
 */
function Notices({ bench, editor, told, extras, t }) {
  const { refused, trouble, unsent, durable } = bench.outbox;
  const feedback = bench.feedback.value;
  const problem = unsent.value.length > 0 ? trouble.value : null;
  const again = html`<button class="button" type="button" onClick=${() => bench.outbox.flush()}>
    ${t("notice.retry")}</button>`;
  const signIn = html`<a class="button" href="/sign-in">${t("notice.sign_in")}</a>`;
  return html`<div class="notices">
    ${told ? html`<p class="told">${told}</p>` : null}
    ${problem
      ? h(Notice, {
          tone: "warn",
          title: t("notice.unsent", { count: unsent.value.length }),
          children: html`<p>${textOf(problem, t)}
            ${" "}${t(durable.value ? "notice.kept" : "notice.kept_here")}</p>`,
          actions: problem.fate === "sign-in" ? signIn : again,
        })
      : null}
    ${refused.value.map((entry) =>
      h(Notice, {
        key: entry.lease_id,
        tone: "bad",
        title: t("notice.refused"),
        children: html`<div><p>${entry.refused ? textOf(entry.refused, t) : ""}</p>
          <p class="kept-work" dir="auto">${editor.describe(entry.answer, t)}</p></div>`,
        actions: html`<button class="button" type="button"
          onClick=${() => bench.outbox.dismiss(entry.lease_id)}>${t("notice.dismiss")}</button>`,
      }),
    )}
    ${extras ? h(extras.DraftNotices, { bench, editor, t }) : null}
    ${feedback
      ? h(Notice, {
          tone: feedback.correct ? "good" : "info",
          title: t(feedback.correct ? "feedback.correct" : "feedback.differs"),
          children: html`<p dir="auto">${feedback.reason}</p>`,
          actions: html`<button class="button" type="button"
            onClick=${() => { bench.feedback.value = null; }}>${t("notice.dismiss")}</button>`,
        })
      : null}
  </div>`;
}

/**
 * @param {object} props
 * @param {Bench} props.bench
 * @param {OwnCounts | null} props.today
 * @param {Extras | null} props.extras
 * @param {() => void} props.onEmpty
 * @param {Text} props.t
 * @returns {VNode}
 */
function NoTask({ bench, today, extras, onEmpty, t }) {
  const phase = bench.phase.value;
  const trouble = bench.trouble.value;
  useEffect(() => {
    if (phase === "empty") onEmpty();
  }, [phase]);
  const again = html`<button class="button" type="button" onClick=${() => bench.fill()}>
    ${t("empty.again")}</button>`;
  if (phase === "trouble" && trouble !== null) {
    const signIn = html`<a class="button" href="/sign-in">${t("notice.sign_in")}</a>`;
    return h(Notice, {
      tone: "warn",
      title: t("trouble.title"),
      children: html`<p>${textOf(trouble, t)}</p>`,
      actions: trouble.fate === "sign-in" ? signIn : again,
    });
  }
  if (phase === "loading") return html`<p class="waiting" role="status">${t("loading")}</p>`;
  return html`<section class="empty-state">
    <h2 id="task-title" tabindex="-1">${t("empty.title")}</h2>
    <p>${t("empty.text")}</p>
    ${again}
    <h3>${t("summary.title")}</h3>
    ${extras ? h(extras.Summary, { session: bench.session.numbers.value, today, t }) : null}
  </section>`;
}

/**
 * @typedef {object} WorkProps
 * @property {Bench} bench
 * @property {Editor<any>} editor
 * @property {Project} project
 * @property {PreferenceStore} preferences
 * @property {Text} t
 * @property {(action: string, value?: string) => void} act
 * @property {readonly Binding[]} bindings
 * @property {OwnCounts | null} today
 * @property {string} told
 * @property {Extras | null} extras Null until they are loaded.
 * @property {() => void} onEmpty
 */

/**
 * Submit, skip and flag.
 * @param {object} props
 * @param {Bench} props.bench
 * @param {boolean} props.showKeys
 * @param {readonly Binding[]} props.bindings
 * @param {Text} props.t
 * @param {(action: string) => void} props.act
 * @returns {VNode}
 */
function Actions({ bench, showKeys, bindings, t, act }) {
  const gap = bench.gap.value;
  /** @param {string} action @param {string} look */
  const button = (action, look) => {
    const key = keyFor(action, bindings);
    return html`<button class=${`button ${look}`} type="button" data-action=${action}
      onClick=${() => act(action)}>
      ${t(`action.${action}`)}${key && (showKeys || key.length > 1) ? h(Keys, { keys: [key] }) : null}
    </button>`;
  };
  return html`<div class="actions">
    <p id="gap" class="field-error" role="alert">${gap ? t(gap.text) : ""}</p>
    ${button("undo", "is-quiet")} ${button("skip", "is-quiet")} ${button("flag", "is-quiet")}
    ${button("submit", "is-main")}
  </div>`;
}

/**
 * The editor's view over what has been answered so far; a change of that draws nothing else.
 * @param {Omit<EditorViewProps<any>, "state" | "gap"> & {bench: Bench, View: Editor<any>["View"]}} props
 * @returns {VNode}
 */
function Answering({ bench, View, ...props }) {
  return h(View, { ...props, state: bench.state.value, gap: bench.gap.value });
}

/**
 * The shown task. Its clock runs from the frame in which it is painted.
 * @param {WorkProps} props
 * @returns {VNode}
 */
function Task({ bench, editor, project, preferences, t, act, bindings, today, extras, onEmpty }) {
  const lease = bench.current.value;
  const title = useRef(/** @type {HTMLElement | null} */ (null));
  const leaseId = lease?.id;
  useLayoutEffect(() => {
    title.current?.focus({ preventScroll: true });
    window.scrollTo({ top: 0, behavior: "instant" });
    const frame = window.requestAnimationFrame(() => {
      if (!document.hidden) bench.stopwatch.run();
    });
    return () => window.cancelAnimationFrame(frame);
  }, [leaseId, bench]);
  if (lease === null) return h(NoTask, { bench, today, extras, onEmpty, t });
  const { raw, singleKeys } = preferences.value.value;
  const actions = h(Actions, { bench, showKeys: singleKeys, bindings, t, act });
  const { settings } = project;
  const showKeys = singleKeys;
  const rawKey = singleKeys ? keyFor("raw", bindings) : null;
  return html`<section class="task" aria-labelledby="task-title" data-lease=${lease.id}>
    <header class="task-head">
      <h2 id="task-title" tabindex="-1" ref=${title}>${t(`task.${project.task_type}`)}</h2>
      <button class="button is-quiet" type="button" aria-pressed=${raw} onClick=${() => act("raw")}>
        ${t("task.raw")}${rawKey ? h(Keys, { keys: [rawKey] }) : null}
      </button>
      ${h(ReceiptLink, { receipt: lease.receipt, t })}
    </header>
    ${h(Safe, {
      key: lease.id,
      broken: html`<div>${h(Notice, {
        tone: "bad", title: t("broken.title"), children: html`<p>${t("broken.text")}</p>`,
      })}<div class="decision">${actions}</div></div>`,
      children: h(Answering, {
        bench, View: editor.View, lease, settings, raw, showKeys, bindings, actions, t, act,
      }),
    })}
  </section>`;
}

/**
 * @param {WorkProps} props
 * @returns {VNode}
 */
export function Work(props) {
  const { bench, editor, told, extras, t } = props;
  return html`<main class="work" id="main">
    ${h(Notices, { bench, editor, told, extras, t })}
    ${h(Task, props)}
  </main>`;
}

/**
 * @param {object} props
 * @param {number} props.unsent
 * @param {boolean} props.stuck Whether the last try failed.
 * @param {number} props.sent
 * @param {Text} props.t
 * @returns {VNode}
 */
export function SaveState({ unsent, stuck, sent, t }) {
  const key = unsent === 0 ? (sent === 0 ? "none" : "saved") : stuck ? "unsent" : "sending";
  const count = unsent === 0 ? sent : unsent;
  return html`<p class=${`save-state is-${key}`} data-unsent=${unsent} data-sent=${sent}>
    ${key === "none" ? "" : t(`save.${key}`, { count })}
  </p>`;
}

/**
 * @param {object} props
 * @param {readonly Project[]} props.projects
 * @param {Project} props.project
 * @param {(projectId: string) => void} props.onProject
 * @param {Text} props.t
 * @returns {VNode}
 */
export function ProjectChoice({ projects, project, onProject, t }) {
  if (projects.length < 2) return html`<h1 class="project" dir="auto">${project.name}</h1>`;
  return html`<select class="project" aria-label=${t("frame.project")} value=${project.id}
    onChange=${(/** @type {Event} */ event) =>
      onProject(/** @type {HTMLSelectElement} */ (event.target).value)}>
    ${projects.map(({ id, name }) => html`<option key=${id} value=${id}>${name}</option>`)}
  </select>`;
}
