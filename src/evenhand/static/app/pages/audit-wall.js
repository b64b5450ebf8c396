/**
 * Whom the wall keeps out, and why, as it was last judged. Read only.
 *
 * @import { Place, Surroundings } from "./framed.js"
 * @import { VNode } from "preact"
 */
import { h } from "preact";
import { useState } from "preact/hooks";
import { html } from "../ui/html.js";
import { Tabs, useLoaded, Waiting } from "./audit-parts.js";
import { startFramed } from "./framed.js";

/** @param {Surroundings} surroundings */
export const start = (surroundings) =>
  startFramed(
    surroundings,
    { here: "audit", title: surroundings.t("audit.wall.title"), permission: "conflicts.read" },
    Wall,
  );

/** @param {{place: Place}} props @returns {VNode} */
function Wall({ place }) {
  const { t, api } = place;
  const [denied, setDenied] = useState(false);
  const [cursors, setCursors] = useState([""]);
  const cursor = cursors.at(-1) ?? "";
  const asked = new URLSearchParams({ denied: String(denied), ...(cursor === "" ? {} : { cursor }) });
  const { value, trouble } = useLoaded(place, String(asked), () => api.call("GET", `/reports/wall?${asked}`));
  /** @param {boolean} next */
  const show = (next) => {
    setCursors([""]);
    setDenied(next);
  };
  return html`<main id="main" class="sheet-page audit" tabindex="-1">
    ${h(Tabs, { place, here: "wall" })}
    <h1>${t("audit.wall.title")}</h1>
    <p class="lead">${t("audit.wall.lead")}</p>
    <label class="check"><input type="checkbox" checked=${denied}
      onChange=${(/** @type {any} */ event) => show(event.currentTarget.checked)} />
      ${t("audit.wall.denied_only")}</label>
    ${value === null ? h(Waiting, { t, trouble }) : html`<section class="card"
      aria-label=${t("audit.wall.title")}>
      ${value.items.length === 0
        ? html`<p>${t("audit.wall.none")}</p>`
        : h(Verdicts, { place, rows: value.items })}
      <p class="pager">
        <button class="button" type="button" disabled=${cursors.length === 1}
          onClick=${() => setCursors(cursors.slice(0, -1))}>${t("audit.previous")}</button>
        <button class="button" type="button" disabled=${value.next_cursor === null}
          onClick=${() => setCursors([...cursors, value.next_cursor])}>${t("audit.next")}</button>
      </p>
    </section>`}
  </main>`;
}

/** @param {{place: Place, rows: any[]}} props @returns {VNode} */
function Verdicts({ place, rows }) {
  const { t } = place;
  return html`<div class="wide" tabindex="0" role="group" aria-label=${t("audit.wall.title")}><table>
    <thead><tr><th scope="col">${t("audit.col.who")}</th><th scope="col">${t("audit.col.verdict")}</th>
      <th scope="col">${t("audit.col.why")}</th></tr></thead>
    <tbody>${rows.map((row) => html`<tr key=${row.member_id}>
      <th scope="row"><bdi>${row.name}</bdi> <span class="fine">${t(`role.${row.role}`)}
        ${row.vendor_name === null ? null : html` · <bdi>${row.vendor_name}</bdi>`}
        ${row.removed ? ` · ${t("audit.wall.removed")}` : null}</span></th>
      <td><span class=${`pill is-${row.verdict}`}>${t(`audit.wall.${row.verdict}`)}</span>
        ${row.verdict === "unknown" || row.present
          ? null
          : html`<p class="fine">${t("audit.wall.old")}</p>`}</td>
      <td>${row.reasons.map((/** @type {string} */ reason) =>
        html`<p key=${reason} dir="auto">${reason}</p>`)}</td>
    </tr>`)}</tbody>
  </table></div>`;
}
