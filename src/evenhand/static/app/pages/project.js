/**
 * One project as it goes: states, throughput, batches, live.
 *
 * @import { Overview, ManagedProject } from "../types/manage.js"
 * @import { VNode } from "preact"
 * @import { Place, Surroundings } from "./framed.js"
 */
import { h } from "preact";
import { useEffect, useState } from "preact/hooks";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { startFramed, titled } from "./framed.js";
import { watchProgress } from "./live.js";
import { loadProject, named, percent, number, ProjectHead, Trouble, useLoaded, Waiting } from "./manage.js";
import { Batches, itemsAddress, States, Throughput } from "./progress-view.js";

/**
 * @param {{overview: Overview, projectId: string, place: Place}} props
 * @returns {VNode}
 */
function Quality({ overview, projectId, place }) {
  const { t } = place;
  const { run } = overview;
  const results = `/projects/${encodeURIComponent(projectId)}/results`;
  return html`<section class="panel" aria-labelledby="quality-title">
    <h2 id="quality-title">${t("project.quality")}</h2>
    ${run === null
      ? html`<p class="empty">${t("project.no_run")} <a href=${results}>${t("project.to_results")}</a></p>`
      : html`<dl class="figures">
          <div><dt>${t("results.percent")}</dt>
            <dd><a href=${itemsAddress(projectId, { below: "1" })}>
              ${percent(run.summary.percent_agreement, 1)}</a></dd></div>
          <div><dt>${t("results.alpha")}</dt>
            <dd>${run.summary.alpha === null ? "–" : html`<a href=${itemsAddress(projectId, { below: "1" })}>
              ${number(run.summary.alpha, 2)}</a>`}</dd></div>
          <div><dt>${t("results.judgments")}</dt>
            <dd><a href=${itemsAddress(projectId, { state: "done" })}>
              ${number(run.summary.judgments)}</a></dd></div>
        </dl>
        <p><a href=${results}>${t("project.to_results")}</a></p>`}
  </section>`;
}

/** @param {{place: Place}} props @returns {VNode} */
function ProjectPage({ place }) {
  const { api, t } = place;
  const { project: id } = named();
  const at = `/projects/${encodeURIComponent(id)}`;
  const [live, setLive] = useState(false);
  const project = useLoaded(place, () => loadProject(api, id));
  const overview = useLoaded(place, () =>
    /** @type {Promise<Overview>} */ (api.call("GET", `${at}/overview`)));
  const { put, value } = overview;
  const run = value?.run ?? null;
  const ready = value !== null;
  useEffect(() => {
    if (!ready) return undefined;
    return watchProgress(id, {
      onProgress: (progress) => put({ ...progress, run }),
      onLive: setLive,
      onRefused: async () => {
        try {
          await api.me();
        } catch (error) {
          place.fail(error);
        }
      },
    });
  }, [ready, run, id, put, api, place]);
  const name = project.value?.name;
  useEffect(() => {
    if (name !== undefined) titled(name);
  }, [name]);
  const trouble = project.trouble || overview.trouble;
  const again = async () => {
    await Promise.all([project.reload(), overview.reload()]);
  };
  if (project.value === null || value === null) {
    return html`<main id="main" class="manage" tabindex="-1">
      ${trouble === "" ? h(Waiting, { t }) : h(Trouble, { trouble, t, onAgain: again })}</main>`;
  }
  return html`<main id="main" class="manage" tabindex="-1">
    ${h(ProjectHead, {
      project: /** @type {ManagedProject} */ (project.value), tab: "progress", t,
      children: html`<p class=${`live ${live ? "is-live" : ""}`} data-live=${live}>
        ${h(Icon, { name: "live" })}${t(live ? "project.live" : "project.not_live")}</p>`,
    })}
    ${h(Trouble, { trouble, t, onAgain: again })}
    <div class="columns">
      ${h(States, { projectId: id, tasks: value.tasks, t })}
      ${h(Quality, { overview: value, projectId: id, place })}
    </div>
    ${h(Throughput, { projectId: id, hours: value.hours, t })}
    ${h(Batches, { projectId: id, batches: value.batches, t })}
  </main>`;
}

/** @param {Surroundings} surroundings */
export function start(surroundings) {
  const title = surroundings.t("project.title");
  return startFramed(surroundings, { here: "projects", title, permission: "progress.read" }, ProjectPage);
}
