/**
 * Who touched an item, what a member did: entries with their details, each look logged.
 *
 * @import { Place, Surroundings } from "./framed.js"
 * @import { VNode } from "preact"
 */
import { h } from "preact";
import { useState } from "preact/hooks";
import { html } from "../ui/html.js";
import { Extra, LookNote, Whom } from "./audit-details.js";
import { Instant, Tabs, useLoaded, Waiting } from "./audit-parts.js";
import { startFramed } from "./framed.js";

/** @param {Surroundings} surroundings */
export const start = (surroundings) =>
  startFramed(
    surroundings,
    { here: "audit", title: surroundings.t("audit.search.title"), permission: "log.details" },
    Search,
  );

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @typedef {{item?: string, member?: string}} Query */

/** @returns {Query | null} */
function queryOfAddress() {
  const given = new URLSearchParams(window.location.search);
  const [item, member] = [given.get("item"), given.get("member")];
  if (item !== null && ID.test(item)) return { item };
  if (member !== null && ID.test(member)) return { member };
  return given.has("all") ? {} : null;
}

/** @param {{place: Place}} props @returns {VNode} */
function Search({ place }) {
  const { t } = place;
  const [query, setQuery] = useState(queryOfAddress);
  /** @param {Query} next */
  const search = (next) => {
    const said = new URLSearchParams(Object.keys(next).length === 0 ? { all: "" } : next);
    history.replaceState(null, "", `?${said}`);
    setQuery({ ...next });
  };
  return html`<main id="main" class="sheet-page audit" tabindex="-1">
    ${h(Tabs, { place, here: "search" })}
    <h1>${t("audit.search.title")}</h1>
    <p class="lead">${t("audit.search.lead")}</p>
    ${h(Forms, { place, onSearch: search })}
    ${query === null ? null : h(Results, { place, query })}
  </main>`;
}

/** @param {{place: Place, onSearch: (query: Query) => void}} props @returns {VNode} */
function Forms({ place, onSearch }) {
  const { t, api, fail } = place;
  const [message, setMessage] = useState("");
  const { value: people } = useLoaded(place, "people", () => api.call("GET", "/members?limit=500"));
  const { value: seen } = useLoaded(place, "projects", () => api.call("GET", "/reports/audience?limit=1"));
  /** @param {SubmitEvent} event */
  const submit = async (event) => {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const said = (/** @type {string} */ name) => String(given.get(name) ?? "").trim();
    setMessage("");
    if (given.has("item")) {
      if (ID.test(said("item"))) onSearch({ item: said("item").toLowerCase() });
      else setMessage(t("audit.search.no_id"));
    } else if (given.has("own_id")) {
      try {
        const asked = new URLSearchParams({ project: said("project"), own_id: said("own_id") });
        const { item_id: item } = await api.call("GET", `/reports/item?${asked}`);
        onSearch({ item });
      } catch (error) {
        setMessage(fail(error));
      }
    } else if (said("member") !== "") {
      onSearch({ member: said("member") });
    } else {
      onSearch({});
    }
  };
  return html`<div>
    <div class="search-forms">
      <form class="card stacked" onSubmit=${submit} novalidate>
        <label for="item">${t("audit.search.item")}</label>
        <input id="item" name="item" type="text" autocomplete="off" spellcheck=${false}
          aria-describedby="search-message" />
        <button class="button" type="submit">${t("audit.search.by_item")}</button>
      </form>
      <form class="card stacked" onSubmit=${submit} novalidate>
        <label for="project">${t("audit.search.project")}</label>
        <select id="project" name="project">${(seen?.projects ?? []).map((/** @type {any} */ one) =>
          html`<option key=${one.id} value=${one.id}>${one.name}</option>`)}</select>
        <label for="own_id">${t("audit.search.own_id")}</label>
        <input id="own_id" name="own_id" type="text" autocomplete="off" spellcheck=${false}
          aria-describedby="search-message" />
        <button class="button" type="submit">${t("audit.search.by_own_id")}</button>
      </form>
      <form class="card stacked" onSubmit=${submit} novalidate>
        <label for="member">${t("audit.search.member")}</label>
        <select id="member" name="member"><option value="">${t("audit.search.everybody")}</option>
          ${(people?.items ?? []).map((/** @type {any} */ one) =>
            html`<option key=${one.id} value=${one.id}>${one.name}</option>`)}</select>
        <button class="button" type="submit">${t("audit.search.by_member")}</button>
      </form>
    </div>
    <p id="search-message" class="field-error" role="alert">${message}</p>
  </div>`;
}

/** @param {{place: Place, query: Query}} props @returns {VNode} */
function Results({ place, query }) {
  const { t, api, say } = place;
  const [at, setAt] = useState({ query, cursors: [""] });
  const cursors = at.query === query ? at.cursors : [""];
  const cursor = cursors.at(-1) ?? "";
  const asked = new URLSearchParams({ ...query, ...(cursor === "" ? {} : { cursor }), limit: "25" });
  const { value, trouble } = useLoaded(place, String(asked), async () => {
    const found = await api.call("GET", `/log/accesses?${asked}`);
    say(t("audit.search.found", { count: found.items.length }));
    return found;
  });
  if (value === null) return h(Waiting, { t, trouble });
  /** @param {string[]} next */
  const turn = (next) => setAt({ query, cursors: next });
  return html`<section class="card" aria-labelledby="results-title">
    <h2 id="results-title">${t("audit.search.results")}</h2>
    ${value.items.length === 0 ? html`<p>${t("audit.search.nothing")}</p>` : h(Table, { place, value })}
    ${value.look === null ? null : h(LookNote, { place, look: value.look })}
    <p class="pager">
      <button class="button" type="button" disabled=${cursors.length === 1}
        onClick=${() => turn(cursors.slice(0, -1))}>${t("audit.newer")}</button>
      <button class="button" type="button" disabled=${value.next_cursor === null}
        onClick=${() => turn([...cursors, value.next_cursor])}>${t("audit.older")}</button>
    </p>
  </section>`;
}

/** @param {{place: Place, value: any}} props @returns {VNode} */
function Table({ place, value }) {
  const { t } = place;
  const { names } = value;
  return html`<div class="wide" tabindex="0" role="group" aria-label=${t("audit.search.results")}>
    <table class="results">
    <thead><tr>${["entry", "time", "who", "what", "object", "purpose"].map((name) =>
      html`<th scope="col" key=${name}>${t(`audit.col.${name}`)}</th>`)}</tr></thead>
    <tbody>${value.items.map((/** @type {any} */ one) => html`<tr key=${one.index}>
      <td><a href=${`/audit/entries/${one.index}`}>${one.index}</a></td>
      <td>${h(Instant, { at: one.at })}</td>
      <td>${h(Whom, { place, id: one.details.actor, names })}
        ${one.details.actor !== null && names[one.details.actor]?.vendor
          ? html`<span class="fine"> <bdi>${names[one.details.actor].vendor}</bdi></span>` : null}</td>
      <td>${one.meaning ?? t("audit.kind.unknown")} <code>${one.kind}</code></td>
      <td>${one.details.object === null ? "–" : h(Whom, { place, id: one.details.object, names })}</td>
      <td>${one.details.purpose ?? "–"} ${h(Extra, one.details)}</td></tr>`)}
    </tbody>
  </table></div>`;
}
