/**
 * All projects, with how far each is.
 *
 * @import { ManagedProject, Overview } from "../types/manage.js"
 * @import { VNode } from "preact"
 * @import { Place, Surroundings } from "./framed.js"
 */
import { h } from "preact";
import { useEffect, useState } from "preact/hooks";
import { StackedBar } from "../ui/chart.js";
import { html } from "../ui/html.js";
import { startFramed } from "./framed.js";
import { loadAll, moment, number, percent, Trouble, useLoaded, Waiting } from "./manage.js";
import { itemsAddress, STATES, totalOf } from "./progress-view.js";

// How far a project is costs the server a count; those further down are asked on their own page.
const COUNTED = 20;

/**
 * @param {{project: ManagedProject, place: Place, counted: boolean}} props
 * @returns {VNode}
 */
function Row({ project, place, counted }) {
  const { t, api } = place;
  const href = `/projects/${encodeURIComponent(project.id)}`;
  const [overview, setOverview] = useState(/** @type {Overview | null} */ (null));
  useEffect(() => {
    if (!counted) return;
    api.call("GET", `${href}/overview`).then(setOverview, (error) => void place.fail(error));
  }, [counted, href, api, place]);
  const total = overview === null ? 0 : totalOf(overview.tasks);
  const done = overview?.tasks.done ?? 0;
  const said = t("projects.done_of", { done, total });
  return html`<tr>
    <th scope="row"><a href=${href} dir="auto">${project.name}</a></th>
    <td>${t(`task_type.${project.task_type}`)}</td>
    <td class="wide">${overview === null
      ? html`<span class="fine">${counted ? "…" : t("projects.on_its_page")}</span>`
      : html`<div class="with-bar">
          ${h(StackedBar, {
            parts: STATES.map((name) => ({ name, value: overview.tasks[name] })), label: said,
          })}
          <span>${total === 0
            ? t("projects.no_items")
            : html`<a href=${itemsAddress(project.id, { state: "done" })}>
                ${percent(done / total)}</a>`}</span>
        </div>`}</td>
    <td class="num">${overview === null ? "" : html`<a href=${href}>${number(total - done)}</a>`}</td>
    <td>${moment(project.created_at)}</td>
  </tr>`;
}

/** @param {{place: Place}} props @returns {VNode} */
function Projects({ place }) {
  const { t, api } = place;
  const projects = useLoaded(place, () =>
    /** @type {Promise<ManagedProject[]>} */ (loadAll(api, "/projects")));
  const rows = projects.value;
  return html`<main id="main" class="manage" tabindex="-1">
    <header class="page-head"><h1>${t("projects.title")}</h1></header>
    ${h(Trouble, { trouble: projects.trouble, t, onAgain: projects.reload })}
    ${rows === null
      ? projects.trouble === "" && h(Waiting, { t })
      : rows.length === 0
        ? html`<p class="panel empty">${t("projects.empty")}</p>`
        : html`<div class="panel table-box" role="group" tabindex="0" aria-label=${t("projects.title")}>
            <table class="data">
              <thead><tr>
                <th scope="col">${t("projects.name")}</th><th scope="col">${t("projects.type")}</th>
                <th scope="col">${t("projects.progress")}</th>
                <th scope="col" class="num">${t("projects.left")}</th>
                <th scope="col">${t("projects.created")}</th>
              </tr></thead>
              <tbody>${rows.map((project, place_) =>
                h(Row, { key: project.id, project, place, counted: place_ < COUNTED }))}</tbody>
            </table>
          </div>`}
  </main>`;
}

/** @param {Surroundings} surroundings */
export function start(surroundings) {
  const title = surroundings.t("projects.title");
  return startFramed(surroundings, { here: "projects", title, permission: "progress.read" }, Projects);
}
