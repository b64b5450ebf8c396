/**
 * What was done: since the page was opened, and today by the server's count. Shown when asked for
 * and when no work is left. Nothing here compares, ranks or urges.
 *
 * @import { Text } from "../i18n.js"
 * @import { SessionNumbers } from "../store/session.js"
 * @import { OwnCounts } from "../types/api.js"
 * @import { VNode } from "preact"
 */
import { h } from "preact";
import { median } from "../store/session.js";
import { Dialog } from "../ui/dialog.js";
import { html } from "../ui/html.js";

/**
 * @param {number | null} ms
 * @param {Text} t
 * @returns {string}
 */
export function spanText(ms, t) {
  if (ms === null) return t("summary.no_time");
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return t("summary.seconds", { seconds });
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return t("summary.minutes", { minutes, seconds: seconds % 60 });
  return t("summary.hours", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

/**
 * @param {object} props
 * @param {SessionNumbers} props.session
 * @param {OwnCounts | null} props.today Null until the server has said it.
 * @param {Text} props.t
 * @returns {VNode}
 */
export function Summary({ session, today, t }) {
  const times = [...session.answered.values()];
  const total = times.reduce((sum, ms) => sum + ms, 0);
  const rows = [
    ["summary.answered", String(times.length), today && String(today.judgment_count)],
    ["summary.median", spanText(median(times), t), today && spanText(today.median_active_ms, t)],
    ["summary.time", spanText(total, t), today && spanText(today.active_ms, t)],
    ["summary.skipped", String(session.skipped), today && String(today.skipped_count)],
    ["summary.flagged", String(session.flagged), today && String(today.flagged_count)],
    ["summary.undone", String(session.undone), null],
  ];
  return html`<table class="summary">
    <thead><tr>
      <td></td><th scope="col">${t("summary.session")}</th><th scope="col">${t("summary.today")}</th>
    </tr></thead>
    <tbody>${rows.map(([label, here, day]) => html`<tr key=${label} data-row=${label}>
      <th scope="row">${t(label ?? "")}</th><td>${here}</td><td>${day ?? ""}</td></tr>`)}
    </tbody>
  </table>`;
}

/**
 * @param {object} props
 * @param {SessionNumbers} props.session
 * @param {OwnCounts | null} props.today
 * @param {() => void} props.onClose
 * @param {Text} props.t
 * @returns {VNode}
 */
export function SummaryDialog({ session, today, onClose, t }) {
  const body = html`<div>
    ${h(Summary, { session, today, t })}
    <p class="fine">${t("summary.note")}</p>
    <div class="dialog-actions">
      <button class="button is-main" type="button" onClick=${onClose}>${t("dialog.close")}</button>
    </div>
  </div>`;
  return h(Dialog, { title: t("summary.title"), onClose, children: body });
}
