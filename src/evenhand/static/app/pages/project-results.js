/**
 * What a project's judgments say together: agreement, leaderboard with intervals, export.
 *
 * @import { LatestRun, Overview, Ranked, Ranking, Run } from "../types/manage.js"
 * @import { VNode } from "preact"
 * @import { Place, Surroundings } from "./framed.js"
 */
import { h } from "preact";
import { useState } from "preact/hooks";
import { Whiskers } from "../ui/chart.js";
import { html } from "../ui/html.js";
import { startFramed } from "./framed.js";
import {
  loadProject, moment, named, number, percent, ProjectHead, Trouble, useLoaded, Waiting,
} from "./manage.js";
import { itemsAddress } from "./progress-view.js";
import { Export } from "./project-export.js";

const ASK_MS = 700;
// Rows that are drawn at first; the table below has them all.
const DRAWN = 20;

/** @param {number | null} low @param {number | null} high @returns {string} */
function interval(low, high) {
  return low === null || high === null ? "" : `${number(low, 2)} – ${number(high, 2)}`;
}

/** @param {{run: LatestRun, projectId: string, place: Place}} props @returns {VNode} */
function Agreement({ run, projectId, place }) {
  const { t } = place;
  const { summary } = run;
  return html`<section class="panel" aria-labelledby="agreement-title">
    <h2 id="agreement-title">${t("results.agreement")}</h2>
    <dl class="figures">
      <div><dt>${t("results.percent")}</dt>
        <dd><a href=${itemsAddress(projectId, { below: "1" })}>
          ${percent(summary.percent_agreement, 1)}</a></dd></div>
      <div><dt>${t("results.alpha")}</dt><dd>${summary.alpha === null
        ? "–"
        : html`<a href=${itemsAddress(projectId, { below: "1" })}>${number(summary.alpha, 2)}
            <span class="second">${interval(summary.alpha_low, summary.alpha_high)}</span></a>`}</dd></div>
      <div><dt>${t("results.judgments")}</dt>
        <dd><a href=${itemsAddress(projectId, { state: "done" })}>
          ${number(summary.judgments)}</a></dd></div>
      <div><dt>${t("results.items")}</dt>
        <dd><a href=${itemsAddress(projectId, {})}>
          ${number(summary.items)}</a></dd></div>
      <div><dt>${t("results.annotators")}</dt>
        <dd><a href=${`/projects/${encodeURIComponent(projectId)}/annotators`}>
          ${number(summary.annotators)}</a></dd></div>
    </dl>
    <p><a href=${itemsAddress(projectId, { below: "0.67" })}>${t("results.disputed")}</a></p>
    <p class="fine">${t("results.alpha_note")}</p>
  </section>`;
}

/**
 * @param {{rows: readonly Ranked[], run: LatestRun, projectId: string, place: Place}} props
 * @returns {VNode}
 */
function Leaderboard({ rows, run, projectId, place }) {
  const { t } = place;
  /** @param {Ranked} row @param {"any" | "won" | "lost" | "tied"} outcome @param {unknown} text */
  const behind = ({ rank }, outcome, text) => html`<a
    href=${itemsAddress(projectId, { run: run.id, rank: String(rank), outcome })}>${text}</a>`;
  /** @param {Ranked} row @param {"won" | "lost" | "tied"} outcome @param {number} count */
  const counted = (row, outcome, count) => (count === 0 ? "0" : behind(row, outcome, number(count)));
  const [all, setAll] = useState(false);
  const drawn = (all ? rows : rows.slice(0, DRAWN))
    .map(({ name, score, low, high }) => ({ name, value: score, low, high }));
  return html`<div>
    ${h(Whiskers, {
      rows: drawn,
      label: t("results.chart", { count: drawn.length }),
      axis: t("results.axis"),
      format: (value) => number(value, 2),
    })}
    ${rows.length <= DRAWN
      ? null
      : html`<p class="more"><button class="button is-small" type="button" aria-expanded=${all}
          onClick=${() => setAll(!all)}>
          ${all ? t("results.draw_first", { count: DRAWN }) : t("results.draw_all", { count: rows.length })}
        </button></p>`}
    <div class="table-box" role="group" tabindex="0" aria-label=${t("results.leaderboard")}>
      <table class="data">
        <thead><tr><th scope="col" class="num">${t("results.rank")}</th><th scope="col">
          ${t("results.name")}</th>
          <th scope="col" class="num">${t("results.score")}</th><th scope="col" class="num">
            ${t("results.interval")}</th>
          <th scope="col" class="num">${t("results.win")}</th><th scope="col" class="num">
            ${t("results.record")}</th></tr></thead>
        <tbody>${rows.map((row) => html`<tr key=${row.name}>
          <td class="num">${row.rank}</td><th scope="row" dir="auto">${row.name}</th>
          <td class="num">${behind(row, "any", number(row.score, 2))}</td>
          <td class="num">${behind(row, "any", interval(row.low, row.high))}</td>
          <td class="num">${behind(row, "any", percent(row.win_probability, 1))}</td>
          <td class="num">${counted(row, "won", row.wins)} / ${counted(row, "lost", row.losses)} / ${
            counted(row, "tied", row.ties)}</td>
        </tr>`)}</tbody>
      </table>
    </div>
  </div>`;
}

/** @param {{run: LatestRun, projectId: string, place: Place}} props @returns {VNode} */
function Board({ run, projectId, place }) {
  const { api, t } = place;
  const [ranking, setRanking] = useState(/** @type {Ranking | null} */ (null));
  const [message, setMessage] = useState("");
  const open = async () => {
    try {
      setRanking(await api.call("GET", `/consensus/${encodeURIComponent(run.id)}/ranking`));
      setMessage("");
      place.say(t("item.logged"));
    } catch (error) {
      setMessage(place.fail(error));
    }
  };
  return html`<section class="panel" aria-labelledby="board-title">
    <h2 id="board-title">${t("results.leaderboard")}</h2>
    ${ranking === null
      ? html`<div><p>${t("results.sealed")}</p>
          <button class="button is-main" type="button" onClick=${open}>${t("results.open")}</button>
          <p class="field-error" role="alert">${message}</p></div>`
      : html`<div>${h(Leaderboard, { rows: ranking.items, run, projectId, place })}
          <p class="fine">${t("item.logged")} <a href=${ranking.receipt.url} download>
            ${t("item.receipt", { index: String(ranking.receipt.index) })}</a></p></div>`}
  </section>`;
}

/**
 * @param {{projectId: string, place: Place, onDone: () => Promise<void>}} props
 * @returns {VNode}
 */
function Aggregate({ projectId, place, onDone }) {
  const { api, t } = place;
  const [state, setState] = useState("");
  const aggregate = async () => {
    setState(t("results.running"));
    try {
      /** @type {Run} */
      let run = await api.call("POST", `/projects/${encodeURIComponent(projectId)}/consensus`, {});
      while (run.state === "waiting" || run.state === "running") {
        await new Promise((resolve) => {
          window.setTimeout(resolve, ASK_MS);
        });
        run = await api.call("GET", `/consensus/${encodeURIComponent(run.id)}`);
      }
      const reason = run.failure ?? "";
      const text = run.state === "done" ? t("results.done") : t("results.failed", { reason });
      setState(run.state === "done" ? "" : text);
      place.say(text);
      await onDone();
    } catch (error) {
      setState(place.fail(error));
    }
  };
  const busy = state === t("results.running");
  return html`<div class="aggregate">
    <button class="button" type="button" disabled=${busy} onClick=${aggregate}>${t("results.run")}</button>
    <p class="fine">${state}</p>
  </div>`;
}

/** @param {{place: Place}} props @returns {VNode} */
function Results({ place }) {
  const { api, t } = place;
  const { project: id } = named();
  const at = `/projects/${encodeURIComponent(id)}`;
  const project = useLoaded(place, () => loadProject(api, id));
  const overview = useLoaded(place, () =>
    /** @type {Promise<Overview>} */ (api.call("GET", `${at}/overview`)));
  const trouble = project.trouble || overview.trouble;
  const again = async () => {
    await Promise.all([project.reload(), overview.reload()]);
  };
  const run = overview.value?.run ?? null;
  return html`<main id="main" class="manage" tabindex="-1">
    ${project.value && h(ProjectHead, {
      project: project.value, tab: "results", t,
      children: h(Aggregate, { projectId: id, place, onDone: overview.reload }),
    })}
    ${h(Trouble, { trouble, t, onAgain: again })}
    ${overview.value === null
      ? trouble === "" && h(Waiting, { t })
      : run === null
        ? html`<section class="panel empty"><p>${t("results.none")}</p></section>`
        : html`<div>
            <p class="fine as-of">
              ${t("results.as_of", { at: moment(run.finished_at), method: run.method })}</p>
            ${h(Board, { key: run.id, run, projectId: id, place })}
            ${h(Agreement, { run, projectId: id, place })}
          </div>`}
    ${overview.value && place.may("exports.create")
      ? h(Export, { projectId: id, runId: run?.id ?? null, place }) : null}
  </main>`;
}

/** @param {Surroundings} surroundings */
export function start(surroundings) {
  const title = surroundings.t("project.tab.results");
  return startFramed(surroundings, { here: "projects", title, permission: "consensus.read" }, Results);
}
