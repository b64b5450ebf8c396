/**
 * Who works on a project, and how.
 *
 * @import { Annotator } from "../types/manage.js"
 * @import { VNode } from "preact"
 * @import { Place, Surroundings } from "./framed.js"
 */
import { h } from "preact";
import { useState } from "preact/hooks";
import { html } from "../ui/html.js";
import { startFramed } from "./framed.js";
import {
  duration, loadAll, loadProject, moment, named, number, percent, ProjectHead, Trouble, useLoaded, Waiting,
} from "./manage.js";
import { itemsAddress } from "./progress-view.js";

/** @param {number | null} part @param {number | null} whole */
const share = (part, whole) => (part === null || !whole ? null : part / whole);

/** @type {Record<string, (one: Annotator) => number | string>} */
const ORDERS = {
  name: (one) => one.name.toLocaleLowerCase(),
  judgments: (one) => -one.judgments,
  time: (one) => one.median_active_ms ?? Infinity,
  agreement: (one) => share(one.agreed, one.compared) ?? Infinity,
  gold: (one) => share(one.gold_correct, one.gold) ?? Infinity,
  aside: (one) => -(one.skipped + one.flagged),
};
/** @type {Record<string, string>} */
const DIRECTIONS = { judgments: "descending", aside: "descending" };
const COLUMNS = ["name", "judgments", "time", "agreement", "gold", "aside"];

/**
 * @param {{one: Annotator, projectId: string, place: Place}} props
 * @returns {VNode}
 */
function Row({ one, projectId, place }) {
  const { t } = place;
  /**
   * @param {Record<string, string>} filter @param {string} text
   * @param {unknown} any Whether there is anything behind it; else `none` stands there.
   * @param {string} [none]
   */
  const behind = (filter, text, any, none = text) => any
    ? html`<a href=${itemsAddress(projectId, { ...filter, annotator: one.id })}>${text}</a>`
    : none;
  /** @param {string} state @param {number} count */
  const aside = (state, count) => count === 0
    ? html`<span>0</span>`
    : html`<a href=${itemsAddress(projectId, { state, annotator: one.id })}>${number(count)}</a>`;
  return html`<tr data-annotator=${one.id}>
    <th scope="row"><span dir="auto">${one.name}</span>${" "}
      ${one.simulated ? html`<span class="tag">${t("annotators.simulated")}</span>` : null}
      ${one.removed ? html`<span class="tag">${t("annotators.removed")}</span>` : null}
      <span class="second" dir="auto">${one.vendor?.name ?? t("annotators.no_vendor")}</span></th>
    <td class="num"><a href=${itemsAddress(projectId, { annotator: one.id })}>${number(one.judgments)}</a>
      </td>
    <td class="num">${behind({}, duration(one.median_active_ms, t), one.median_active_ms !== null)}</td>
    <td class="num">${behind({ below: "1" }, percent(share(one.agreed, one.compared), 1), one.compared)}
      <span class="second">${behind({}, t("annotators.of", { count: one.compared ?? 0 }), one.compared, "")}
        </span></td>
    <td class="num">${behind({ purpose: "gold" }, percent(share(one.gold_correct, one.gold), 1), one.gold)}
      <span class="second">${
        behind({ purpose: "gold" }, t("annotators.of", { count: one.gold }), one.gold, "")}</span></td>
    <td class="num">${aside("skipped", one.skipped)} / ${aside("flagged", one.flagged)}</td>
    <td>${moment(one.last_at)}</td>
  </tr>`;
}

/** @param {{place: Place}} props @returns {VNode} */
function Annotators({ place }) {
  const { api, t } = place;
  const { project: id } = named();
  const at = `/projects/${encodeURIComponent(id)}/annotators`;
  const [order, setOrder] = useState("judgments");
  const project = useLoaded(place, () => loadProject(api, id));
  const people = useLoaded(place, () => /** @type {Promise<Annotator[]>} */ (loadAll(api, at)));
  const trouble = project.trouble || people.trouble;
  const again = async () => {
    await Promise.all([project.reload(), people.reload()]);
  };
  const key = ORDERS[order] ?? (() => 0);
  const rows = [...(people.value ?? [])].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  return html`<main id="main" class="manage" tabindex="-1">
    ${project.value && h(ProjectHead, { project: project.value, tab: "annotators", t })}
    ${h(Trouble, { trouble, t, onAgain: again })}
    ${people.value === null
      ? trouble === "" && h(Waiting, { t })
      : html`<section class="panel">
          <p class="fine">${t("annotators.lead")}</p>
          ${rows.length === 0
            ? html`<p class="empty">${t("annotators.empty")}</p>`
            : html`<div class="table-box" role="group" tabindex="0"
              aria-label=${t("project.tab.annotators")}>
                <table class="data">
                  <thead><tr>
                    ${COLUMNS.map((name) => html`<th key=${name} scope="col"
                      class=${name === "name" ? "" : "num"}
                      aria-sort=${order === name ? DIRECTIONS[name] ?? "ascending" : undefined}>
                      <button class="sorter" type="button" onClick=${() => setOrder(name)}>
                        ${t(`annotators.${name}`)}</button></th>`)}
                    <th scope="col">${t("annotators.last")}</th>
                  </tr></thead>
                  <tbody>${rows.map((one) => h(Row, { key: one.id, one, projectId: id, place }))}</tbody>
                </table>
              </div>`}
        </section>`}
  </main>`;
}

/** @param {Surroundings} surroundings */
export function start(surroundings) {
  const title = surroundings.t("project.tab.annotators");
  return startFramed(surroundings, { here: "projects", title, permission: "progress.read" }, Annotators);
}
