/**
 * Who was shown what share of the items: exact counts, each with the way to what stands behind it.
 *
 * @import { Place, Surroundings } from "./framed.js"
 * @import { VNode } from "preact"
 */
import { h } from "preact";
import { useState } from "preact/hooks";
import { html } from "../ui/html.js";
import { Instant, Tabs, useLoaded, Waiting } from "./audit-parts.js";
import { startFramed } from "./framed.js";

/** @param {Surroundings} surroundings */
export const start = (surroundings) =>
  startFramed(
    surroundings,
    { here: "audit", title: surroundings.t("audit.exposure.title"), permission: "exposure.read" },
    Exposure,
  );

/** @param {{place: Place}} props @returns {VNode} */
function Exposure({ place }) {
  const { t, api } = place;
  const given = new URLSearchParams(window.location.search);
  const [project, setProject] = useState(given.get("project") ?? "");
  const [member, setMember] = useState(/** @type {{id: string, name: string} | null} */ (null));
  const { value, trouble } = useLoaded(place, project, () =>
    api.call("GET", `/reports/audience${project === "" ? "" : `?project=${encodeURIComponent(project)}`}`));
  /** @param {string} next */
  const choose = (next) => {
    history.replaceState(null, "", next === "" ? window.location.pathname : `?project=${next}`);
    setMember(null);
    setProject(next);
  };
  return html`<main id="main" class="sheet-page audit" tabindex="-1">
    ${h(Tabs, { place, here: "exposure" })}
    <h1>${t("audit.exposure.title")}</h1>
    <p class="lead">${t("audit.exposure.lead")}</p>
    ${value === null ? h(Waiting, { t, trouble }) : html`<div class="audit-grid">
      ${h(Projects, { place, rows: value.projects, project, onChoose: choose })}
      ${h(Shares, { place, value, project, onMember: setMember })}
      ${member === null ? null : h(Items, { place, member, project })}
    </div>`}
  </main>`;
}

/** @param {number} count @param {number} of @returns {string} */
const percent = (count, of) => (of === 0 ? "–" : `${((100 * count) / of).toFixed(1)} %`);

/**
 * @param {{place: Place, rows: any[], project: string, onChoose: (id: string) => void}} props
 * @returns {VNode}
 */
function Projects({ place, rows, project, onChoose }) {
  const { t } = place;
  return html`<section class="card is-wide" aria-labelledby="projects-title">
    <h2 id="projects-title">${t("audit.exposure.projects")}</h2>
    <div class="stacked"><label for="which">${t("audit.exposure.which")}</label>
      <select id="which" value=${project}
        onChange=${(/** @type {any} */ event) => onChoose(event.currentTarget.value)}>
        <option value="">${t("audit.exposure.all")}</option>
        ${rows.map((one) => html`<option key=${one.id} value=${one.id}>${one.name}</option>`)}
      </select></div>
    <div class="wide"><table>
      <thead><tr><th scope="col">${t("audit.col.project")}</th>
        <th scope="col" class="number">${t("audit.col.items")}</th>
        <th scope="col" class="number">${t("audit.col.shown")}</th>
        <th scope="col" class="number">${t("audit.col.share")}</th></tr></thead>
      <tbody>${rows.filter((one) => project === "" || one.id === project).map((one) => html`<tr key=${one.id}>
        <th scope="row"><bdi>${one.name}</bdi></th>
        <td class="number">${one.item_count.toLocaleString("en")}</td>
        <td class="number">${one.shown_count.toLocaleString("en")}</td>
        <td class="number">${percent(one.shown_count, one.item_count)}</td></tr>`)}</tbody>
    </table></div>
  </section>`;
}

/**
 * @param {{place: Place, value: any, project: string,
 *   onMember: (who: {id: string, name: string}) => void}} props
 * @returns {VNode}
 */
function Shares({ place, value, project, onMember }) {
  const { t } = place;
  const total = value.projects
    .filter((/** @type {any} */ one) => project === "" || one.id === project)
    .reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.item_count, 0);
  const vendors = value.vendors.map((/** @type {any} */ one) => ({
    key: one.vendor_id ?? "own", name: one.vendor_name ?? t("audit.exposure.own_people"),
    count: one.item_count, note: t("audit.exposure.people", { count: one.member_count }), end: null,
  }));
  const members = value.members.map((/** @type {any} */ one) => ({
    key: `${one.member_id} ${one.vendor_name}`, name: one.member_name, count: one.item_count,
    note: one.vendor_name ?? t("audit.exposure.own_people"),
    end: html`<span class="row-links">
      <button class="button is-small" type="button"
        onClick=${() => onMember({ id: one.member_id, name: one.member_name })}
        aria-label=${t("audit.exposure.items_of", { name: one.member_name })}>
        ${t("audit.exposure.items")}</button>
      ${place.may("log.details")
        ? html`<a class="button is-small" href=${`/audit/search?member=${one.member_id}`}
            aria-label=${t("audit.exposure.accesses_of", { name: one.member_name })}>
            ${t("audit.exposure.accesses")}</a>`
        : null}
    </span>`,
  }));
  return html`<div class="is-wide audit-grid">
    ${h(ShareTable, { place, id: "vendors", title: t("audit.exposure.vendors"), rows: vendors, total })}
    ${h(ShareTable, { place, id: "members", title: t("audit.exposure.members"), rows: members, total })}
  </div>`;
}

/**
 * @param {{place: Place, id: string, title: string, total: number,
 *   rows: {key: string, name: string, note: string, count: number, end: VNode | null}[]}} props
 * @returns {VNode}
 */
function ShareTable({ place, id, title, rows, total }) {
  const { t } = place;
  const links = rows.some((row) => row.end !== null);
  return html`<section class="card is-wide" aria-labelledby=${`${id}-title`}>
    <h2 id=${`${id}-title`}>${title}</h2>
    ${rows.length === 0 ? html`<p>${t("audit.exposure.nobody")}</p>` : html`<div class="wide">
      <table class="shares">
      <thead><tr><th scope="col">${t("audit.col.who")}</th>
        <th scope="col" class="number">${t("audit.col.items")}</th>
        <th scope="col">${t("audit.col.share")}</th>
        ${links ? html`<th scope="col">${t("audit.col.behind")}</th>` : null}</tr></thead>
      <tbody>${rows.map((row) => html`<tr key=${row.key}>
        <th scope="row"><bdi>${row.name}</bdi> <span class="fine"><bdi>${row.note}</bdi></span></th>
        <td class="number">${row.count.toLocaleString("en")}</td>
        <td><span class="share"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
          <rect class="bar-ground" width="100" height="8" rx="1" />
          <rect class="bar" width=${total === 0 ? 0 : Math.min(100, (100 * row.count) / total)} height="8"
            rx="1" />
        </svg>${percent(row.count, total)}</span></td>
        ${links ? html`<td>${row.end}</td>` : null}</tr>`)}</tbody>
    </table></div>`}
  </section>`;
}

/**
 * @param {{place: Place, member: {id: string, name: string}, project: string}} props
 * @returns {VNode}
 */
function Items({ place, member, project }) {
  const { t, api } = place;
  const [at, setAt] = useState({ of: member.id, cursors: [""] });
  const cursors = at.of === member.id ? at.cursors : [""];
  const cursor = cursors.at(-1) ?? "";
  const asked = new URLSearchParams({
    member: member.id, limit: "25",
    ...(project === "" ? {} : { project }), ...(cursor === "" ? {} : { cursor }),
  });
  const { value, trouble } = useLoaded(place, String(asked), () =>
    api.call("GET", `/reports/shown?${asked}`));
  /** @param {string[]} next */
  const turn = (next) => setAt({ of: member.id, cursors: next });
  return html`<section class="card is-wide" aria-labelledby="items-title">
    <h2 id="items-title">${t("audit.exposure.items_of", { name: member.name })}</h2>
    ${value === null ? h(Waiting, { t, trouble }) : html`<div>
      <div class="wide"><table><thead><tr><th scope="col">${t("audit.col.item")}</th>
        <th scope="col">${t("audit.col.first_shown")}</th></tr></thead>
        <tbody>${value.items.map((/** @type {any} */ one) => html`<tr key=${one.item_id}>
          <td><a href=${`/audit/search?item=${one.item_id}`}><code>${one.item_id}</code></a></td>
          <td>${h(Instant, { at: one.shown_at })}</td></tr>`)}</tbody></table></div>
      <p class="pager">
        <button class="button" type="button" disabled=${cursors.length === 1}
          onClick=${() => turn(cursors.slice(0, -1))}>${t("audit.previous")}</button>
        <button class="button" type="button" disabled=${value.next_cursor === null}
          onClick=${() => turn([...cursors, value.next_cursor])}>${t("audit.next")}</button>
      </p></div>`}
  </section>`;
}
