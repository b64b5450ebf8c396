/**
 * Progress, drawn: states of tasks, batches, throughput. Every number leads to what is behind it.
 *
 * @import { Text } from "../i18n.js"
 * @import { BatchProgress, Hour, TaskCounts, TaskState } from "../types/manage.js"
 * @import { VNode } from "preact"
 */
import { h } from "preact";
import { useState } from "preact/hooks";
import { Bars, StackedBar } from "../ui/chart.js";
import { html } from "../ui/html.js";
import { number, percent } from "./manage.js";

/** @type {readonly TaskState[]} */
export const STATES = ["done", "leased", "open", "skipped", "flagged"];

const HOUR_MS = 3_600_000;

/** @param {TaskCounts} tasks @returns {number} */
export function totalOf(tasks) {
  return STATES.reduce((sum, state) => sum + tasks[state], 0);
}

/** @param {string} projectId @param {Record<string, string>} filter @returns {string} */
export function itemsAddress(projectId, filter) {
  return `/projects/${encodeURIComponent(projectId)}/items?${new URLSearchParams(filter)}`;
}

/** @param {{projectId: string, tasks: TaskCounts, t: Text}} props @returns {VNode} */
export function States({ projectId, tasks, t }) {
  const total = totalOf(tasks);
  const parts = STATES.map((name) => ({ name, value: tasks[name] }));
  return html`<section class="panel" aria-labelledby="states-title">
    <h2 id="states-title">${t("project.states")}</h2>
    <p class="headline"><strong data-done=${tasks.done}>
      <a href=${itemsAddress(projectId, { state: "done" })}>
        ${total === 0 ? "–" : percent(tasks.done / total, 1)}</a></strong>
      <a href=${itemsAddress(projectId, { purpose: "label" })}>
        <span>${t("projects.done_of", { done: tasks.done, total })}</span></a></p>
    ${h(StackedBar, { parts, label: t("projects.done_of", { done: tasks.done, total }) })}
    <ul class="legend">
      ${parts.map(({ name, value }) => html`<li key=${name}>
        <a href=${itemsAddress(projectId, { state: name })}>
          <span class=${`swatch is-${name}`} aria-hidden="true"></span>
          <span class="legend-number">${number(value)}</span> ${t(`state.${name}`)}
        </a>
      </li>`)}
    </ul>
  </section>`;
}

/** @param {{projectId: string, batches: readonly BatchProgress[], t: Text}} props @returns {VNode} */
export function Batches({ projectId, batches, t }) {
  return html`<section class="panel" aria-labelledby="batches-title">
    <h2 id="batches-title">${t("project.batches")}</h2>
    ${batches.length === 0
      ? html`<p class="empty">${t("project.no_batches")}</p>`
      : html`<div class="table-box" role="group" tabindex="0" aria-labelledby="batches-title">
          <table class="data">
            <thead><tr>
              <th scope="col">${t("project.batch")}</th><th scope="col">${t("projects.progress")}</th>
              <th scope="col" class="num">${t("project.items")}</th>
              <th scope="col" class="num">${t("project.done")}</th>
              <th scope="col" class="num">${t("project.tasks")}</th>
            </tr></thead>
            <tbody>${batches.map((batch) => {
              const total = totalOf(batch.tasks);
              const label = t("projects.done_of", { done: batch.tasks.done, total });
              const parts = STATES.map((name) => ({ name, value: batch.tasks[name] }));
              return html`<tr key=${batch.id}>
                <th scope="row"><span dir="auto">${batch.name}</span>${" "}
                  ${batch.purpose === "gold" ? html`<span class="tag">
                    ${t("purpose.gold")}</span>` : null}</th>
                <td class="wide">${h(StackedBar, { parts, label })}</td>
                <td class="num"><a href=${itemsAddress(projectId, { batch: batch.id })}>
                  ${number(batch.item_count)}</a></td>
                <td class="num"><a href=${itemsAddress(projectId, { batch: batch.id, state: "done" })}>
                  ${number(batch.tasks.done)}</a></td>
                <td class="num"><a href=${itemsAddress(projectId, { batch: batch.id })}>
                  ${number(total)}</a></td>
              </tr>`;
            })}</tbody>
          </table>
        </div>`}
  </section>`;
}

/**
 * The last so many hours or days, empty ones too.
 * @param {readonly Hour[]} hours
 * @param {{by: "hour" | "day", count: number, now: number}} options
 * @returns {{at: number, judgments: number}[]}
 */
export function spread(hours, { by, count, now }) {
  const step = by === "hour" ? HOUR_MS : 24 * HOUR_MS;
  const last = Math.floor(now / step);
  const first = last - count + 1;
  const slots = Array.from({ length: count }, (_, place) => ({ at: (first + place) * step, judgments: 0 }));
  for (const { at, judgments } of hours) {
    const slot = slots[Math.floor(Date.parse(at) / step) - last + count - 1];
    if (slot !== undefined) slot.judgments += judgments;
  }
  return slots;
}

/** @param {{projectId: string, hours: readonly Hour[], t: Text}} props @returns {VNode} */
export function Throughput({ projectId, hours, t }) {
  const [by, setBy] = useState(/** @type {"hour" | "day"} */ ("hour"));
  const slots = spread(hours, { by, count: by === "hour" ? 24 : 14, now: Date.now() });
  const lang = document.documentElement.lang;
  const short = new Intl.DateTimeFormat(lang, by === "hour"
    ? { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }
    : { day: "numeric", month: "short", timeZone: "UTC" });
  const total = slots.reduce((sum, { judgments }) => sum + judgments, 0);
  const step = by === "hour" ? HOUR_MS : 24 * HOUR_MS;
  /** @param {number} since @param {number} until */
  const judgedBetween = (since, until) => itemsAddress(projectId, {
    since: new Date(since).toISOString(), until: new Date(until).toISOString(),
  });
  const bars = slots.map(({ at, judgments }, place) => ({
    key: String(at),
    label: place % (by === "hour" ? 4 : 2) === 0 ? short.format(at) : "",
    title: `${short.format(at)}: ${number(judgments)}`,
    value: judgments,
    href: judgedBetween(at, at + step),
  }));
  const [first, last] = [slots[0]?.at ?? 0, slots[slots.length - 1]?.at ?? 0];
  return html`<section class="panel" aria-labelledby="throughput-title">
    <div class="panel-head"><h2 id="throughput-title">${t("project.throughput")}</h2>
      <div class="switcher" role="group" aria-labelledby="throughput-title">
        ${/** @type {const} */ (["hour", "day"]).map((one) => html`<button key=${one} class="button is-small"
          type="button"
          aria-pressed=${by === one} onClick=${() => setBy(one)}>${t(`project.by.${one}`)}</button>`)}
      </div></div>
    <p class="fine"><a href=${judgedBetween(first, last + step)}>
      ${t(`project.total.${by}`, { count: total })}</a></p>
    ${h(Bars, { bars, label: t(`project.chart.${by}`, { count: total }), format: (value) => number(value) })}
    <details class="numbers"><summary>${t("project.as_table")}</summary>
      <table class="data"><thead><tr><th scope="col">${t("project.from")}</th>
        <th scope="col" class="num">${t("project.judgments")}</th></tr></thead>
        <tbody>${bars.filter(({ value }) => value > 0).map(({ key, title, value, href }) => html`<tr
          key=${key}><td>${title.slice(0, title.lastIndexOf(":"))}</td>
          <td class="num"><a href=${href}>${number(value)}</a></td></tr>`)}</tbody></table>
    </details>
  </section>`;
}
