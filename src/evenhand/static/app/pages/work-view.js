/**
 * The work page below its frame: instructions, notices, the task with its actions.
 *
 * @import { Text } from "../i18n.js"
 * @import { Bench } from "../store/bench.js"
 * @import { Instructions, Project, Receipt } from "../types/api.js"
 * @import { Editor } from "../types/editor.js"
 * @import { VNode } from "preact"
 * @import { PreferenceStore } from "./preferences.js"
 */
import { h } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { html } from "../ui/html.js";
import { Keys } from "../ui/keycap.js";
import { Content } from "../ui/markdown-view.js";
import { Notice } from "../ui/notice.js";
import { textOf } from "./problem-text.js";

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
 * @param {boolean} props.showKeys
 * @param {() => void} props.onToggle
 * @param {Text} props.t
 * @returns {VNode}
 */
export function InstructionsPanel({ instructions, open, showKeys, onToggle, t }) {
  return html`<aside class=${`instructions ${open ? "is-open" : ""}`} aria-label=${t("instructions.title")}>
    <button class="button is-quiet panel-toggle" type="button" aria-expanded=${open}
      aria-controls="instructions-body" onClick=${onToggle}>
      <span>${t(open ? "instructions.hide" : "instructions.show")}</span>
      ${showKeys ? h(Keys, { keys: ["i"] }) : null}
    </button>
    <div id="instructions-body" hidden=${!open} tabindex=${open ? 0 : -1} role="region"
      aria-label=${t("instructions.title")}>
      ${instructions === null
        ? html`<p class="waiting">${t("loading")}</p>`
        : html`<div>
            ${h(Content, { source: instructions.markdown, raw: false, empty: t("instructions.empty") })}
            <p class="fine">${h(ReceiptLink, { receipt: instructions.receipt, t })}</p>
          </div>`}
    </div>
  </aside>`;
}

/**
 * @param {object} props
 * @param {Bench} props.bench
 * @param {Editor<any>} props.editor
 * @param {Text} props.t
 * @returns {VNode}
 */
function Notices({ bench, editor, t }) {
  const { refused, trouble, unsent, durable } = bench.outbox;
  const feedback = bench.feedback.value;
  const problem = unsent.value.length > 0 ? trouble.value : null;
  const again = html`<button class="button" type="button" onClick=${() => bench.outbox.flush()}>
    ${t("notice.retry")}</button>`;
  const signIn = html`<a class="button" href="/sign-in">${t("notice.sign_in")}</a>`;
  return html`<div class="notices">
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
 * @param {Text} props.t
 * @returns {VNode}
 */
function NoTask({ bench, t }) {
  const phase = bench.phase.value;
  const trouble = bench.trouble.value;
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
 */

/**
 * Submit, skip and flag.
 * @param {{gap: string, showKeys: boolean, t: Text, act: (action: string) => void}} props
 * @returns {VNode}
 */
function Actions({ gap, showKeys, t, act }) {
  /** @param {string} action @param {string} key @param {string} look */
  const button = (action, key, look) => html`<button class=${`button ${look}`} type="button"
    data-action=${action} onClick=${() => act(action)}>
    ${t(`action.${action}`)}${showKeys || key === "Enter" ? h(Keys, { keys: [key] }) : null}
  </button>`;
  return html`<div class="actions">
    <p id="gap" class="field-error" role="alert">${gap}</p>
    ${button("skip", "s", "is-quiet")} ${button("flag", "f", "is-quiet")}
    ${button("submit", "Enter", "is-main")}
  </div>`;
}

/**
 * The shown task. Its clock runs from the frame in which it is painted.
 * @param {WorkProps} props
 * @returns {VNode}
 */
function Task({ bench, editor, project, preferences, t, act }) {
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
  if (lease === null) return h(NoTask, { bench, t });
  const { raw, singleKeys } = preferences.value.value;
  const gap = bench.gap.value;
  const actions = h(Actions, { gap: gap ? t(gap.text) : "", showKeys: singleKeys, t, act });
  const { settings } = project;
  const showKeys = singleKeys;
  return html`<section class="task" aria-labelledby="task-title" data-lease=${lease.id}>
    <header class="task-head">
      <h2 id="task-title" tabindex="-1" ref=${title}>${t(`task.${project.task_type}`)}</h2>
      <button class="button is-quiet" type="button" aria-pressed=${raw} onClick=${() => act("raw")}>
        ${t("task.raw")}${singleKeys ? h(Keys, { keys: ["m"] }) : null}
      </button>
      ${h(ReceiptLink, { receipt: lease.receipt, t })}
    </header>
    ${h(editor.View, {
      key: lease.id, lease, settings, state: bench.state.value, raw, gap, showKeys, actions, t, act,
    })}
  </section>`;
}

/**
 * @param {WorkProps & {status: string}} props
 * @returns {VNode}
 */
export function Work({ status, ...props }) {
  const { bench, editor, t } = props;
  return html`<main class="work">
    <p class="visually-hidden" role="status" aria-live="polite">${status}</p>
    ${h(Notices, { bench, editor, t })}
    ${h(Task, props)}
  </main>`;
}
