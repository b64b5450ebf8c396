/**
 * Items of a project by one condition: what stands behind a number. Nothing is opened here.
 *
 * @import { Text } from "../i18n.js"
 * @import { Annotator, BatchProgress, ListedItem, Overview, Page, Standing } from "../types/manage.js"
 * @import { VNode } from "preact"
 * @import { Place, Surroundings } from "./framed.js"
 */
import { h } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "../ui/html.js";
import { startFramed } from "./framed.js";
import {
  loadAll, loadProject, moment, named, number, percent, ProjectHead, Trouble, useLoaded, Waiting,
} from "./manage.js";
import { STATES } from "./progress-view.js";

const FILTERS = [
  "state", "batch", "purpose", "annotator", "below", "since", "until", "run", "rank", "outcome",
];
const CHOICES = new Set(["state", "batch", "purpose", "annotator", "below"]);
const BELOW = ["1", "0.8", "0.67", "0.5"];

/** @returns {Record<string, string>} The conditions of the address that we know. */
function filterOf() {
  const query = new URLSearchParams(window.location.search);
  return Object.fromEntries([...query].filter(([name]) => FILTERS.includes(name)));
}

/**
 * @param {Record<string, string>} filter
 * @returns {string} The choice that says all of it; "linked" for what only a link can ask for.
 */
function chosenOf(filter) {
  const names = Object.keys(filter);
  const [name = ""] = names;
  if (names.length === 0) return "";
  return names.length === 1 && CHOICES.has(name) ? `${name}=${filter[name]}` : "linked";
}

/**
 * What a link has asked for, in words.
 * @param {Record<string, string>} filter
 * @param {{batches: readonly BatchProgress[], annotators: readonly Annotator[], name: string}} known
 * @param {Text} t
 * @returns {string}
 */
function saidOf(filter, { batches, annotators, name }, t) {
  const { annotator, batch, below, outcome = "any", purpose, rank, since, state, until } = filter;
  if (rank !== undefined) return t(`items.standing.${outcome}`, { name, rank });
  if (since !== undefined && until !== undefined) {
    return t("items.judged_between", { since: moment(since), until: moment(until) });
  }
  const who = annotators.find(({ id }) => id === annotator)?.name ?? "–";
  if (annotator !== undefined && below !== undefined) {
    return t("items.annotator_below", { name: who, share: percent(Number(below)) });
  }
  if (annotator !== undefined && purpose !== undefined) return t("items.annotator_gold", { name: who });
  const what = state === undefined ? "" : t(`items.state.${state}`);
  if (annotator !== undefined) return t("items.of", { what, name: who });
  return t("items.of", { what, name: batches.find(({ id }) => id === batch)?.name ?? "–" });
}

/**
 * @param {object} props
 * @param {Record<string, string>} props.filter
 * @param {readonly BatchProgress[]} props.batches
 * @param {readonly Annotator[]} props.annotators
 * @param {(filter: Record<string, string>) => void} props.onFilter
 * @param {Place} props.place
 * @returns {VNode}
 */
function Filter({ filter, batches, annotators, onFilter, place }) {
  const { t } = place;
  /** @param {Event} event */
  const choose = (event) => {
    const [name = "", value = ""] = /** @type {HTMLSelectElement} */ (event.target).value.split("=");
    onFilter(name === "" ? {} : { [name]: value });
  };
  /** @param {string} name @param {string} value @param {string} text */
  const option = (name, value, text) => {
    const whole = `${name}=${value}`;
    return html`<option key=${whole} value=${whole} selected=${chosenOf(filter) === whole}>${text}</option>`;
  };
  return html`<label class="filter"><span>${t("items.show")}</span>
    <select id="items-filter" onChange=${choose}>
      ${chosenOf(filter) === "linked"
        ? html`<option value="linked" selected disabled>${t("items.as_linked")}</option>` : null}
      <option value="" selected=${chosenOf(filter) === ""}>${t("items.all")}</option>
      <optgroup label=${t("items.by_state")}>
        ${STATES.map((state) => option("state", state, t(`items.state.${state}`)))}
      </optgroup>
      <optgroup label=${t("items.by_agreement")}>
        ${BELOW.map((below) => option("below", below, t("items.below", { share: percent(Number(below)) })))}
      </optgroup>
      <optgroup label=${t("items.by_purpose")}>${option("purpose", "gold", t("items.gold"))}</optgroup>
      <optgroup label=${t("items.by_batch")}>
        ${batches.map(({ id, name }) => option("batch", id, name))}</optgroup>
      <optgroup label=${t("items.by_annotator")}>
        ${annotators.map(({ id, name }) => option("annotator", id, name))}</optgroup>
    </select>
  </label>`;
}

/** @param {{item: ListedItem, place: Place}} props @returns {VNode} */
function Row({ item, place }) {
  const { t } = place;
  const href = `/projects/${encodeURIComponent(item.project_id)}/items/${encodeURIComponent(item.id)}`;
  const states = STATES.filter((state) => item.tasks[state] > 0);
  return html`<tr>
    <th scope="row"><a class="code" href=${href}>${item.id}</a></th>
    <td><span dir="auto">${item.batch.name}</span>${" "}
      ${item.purpose === "gold" ? html`<span class="tag">${t("purpose.gold")}</span>` : null}</td>
    <td>${states.map((state) => html`<span key=${state} class="state-count">
      <span class=${`swatch is-${state}`} aria-hidden="true"></span>
        ${number(item.tasks[state])} ${t(`state.${state}`)}
    </span>`)}</td>
    <td class="num">${percent(item.agreed_prob)}</td>
    <td>${moment(item.created_at)}</td>
  </tr>`;
}

/** @param {{items: readonly ListedItem[], place: Place}} props @returns {VNode} */
function Table({ items, place }) {
  const { t } = place;
  return html`<div class="table-box" role="group" tabindex="0" aria-label=${t("project.tab.items")}>
    <table class="data">
      <thead><tr><th scope="col">${t("items.item")}</th><th scope="col">${t("project.batch")}</th>
        <th scope="col">${t("project.tasks")}</th><th scope="col" class="num">
          ${t("items.agreement")}</th>
        <th scope="col">${t("items.imported")}</th></tr></thead>
      <tbody>${items.map((item) => h(Row, { key: item.id, item, place }))}</tbody>
    </table></div>`;
}

/** @param {{place: Place}} props @returns {VNode} */
function Items({ place }) {
  const { api, t } = place;
  const { project: id } = named();
  const at = `/projects/${encodeURIComponent(id)}`;
  const [filter, setFilter] = useState(filterOf);
  const [more, setMore] = useState(false);
  const project = useLoaded(place, () => loadProject(api, id));
  const overview = useLoaded(place, () =>
    /** @type {Promise<Overview>} */ (api.call("GET", `${at}/overview`)));
  const people = useLoaded(place, () =>
    /** @type {Promise<Annotator[]>} */ (loadAll(api, `${at}/annotators`)));
  /** @param {string | null} cursor @returns {Promise<Page<ListedItem> & Partial<Standing>>} */
  const fetchPage = (cursor) => {
    const { run, ...rest } = filter;
    const query = new URLSearchParams({ ...rest, limit: "50", ...(cursor === null ? {} : { cursor }) });
    // Which items stand behind a ranked name is opened, and logged, page by page.
    const path = run === undefined ? `${at}/items` : `/consensus/${encodeURIComponent(run)}/standing`;
    return api.call("GET", `${path}?${query}`);
  };
  const items = useLoaded(place, () => fetchPage(null));
  const { reload, put, value } = items;
  const loaded = useRef(filter);
  useEffect(() => {
    if (loaded.current === filter) return;
    loaded.current = filter;
    void reload();
  }, [filter, reload]);
  /** @param {Record<string, string>} chosen */
  const onFilter = (chosen) => {
    const query = new URLSearchParams(chosen).toString();
    window.history.replaceState(null, "", `${at}/items${query === "" ? "" : `?${query}`}`);
    setFilter(chosen);
  };
  const loadMore = async () => {
    if (value === null || value.next_cursor === null) return;
    setMore(true);
    try {
      const next = await fetchPage(value.next_cursor);
      put({ ...next, items: [...value.items, ...next.items] });
      place.say(t("items.more_loaded", { count: next.items.length }));
    } catch (error) {
      place.say(place.fail(error));
    }
    setMore(false);
  };
  const batches = overview.value?.batches ?? [];
  const annotators = people.value ?? [];
  const trouble = project.trouble || items.trouble;
  return html`<main id="main" class="manage" tabindex="-1">
    ${project.value && h(ProjectHead, { project: project.value, tab: "items", t })}
    ${h(Trouble, { trouble, t, onAgain: reload })}
    ${value === null
      ? trouble === "" && h(Waiting, { t })
      : html`<section class="panel">
          ${h(Filter, { filter, onFilter, place, batches, annotators })}
          ${chosenOf(filter) === "linked" && html`<p class="as-linked"><strong dir="auto">${
            saidOf(filter, { batches, annotators, name: value.name ?? "" }, t)}</strong>
            ${value.receipt && html`<span class="fine">${t("item.logged")}${" "}
              <a href=${value.receipt.url} download>
                ${t("item.receipt", { index: String(value.receipt.index) })}</a></span>`}</p>`}
          <p class="fine">${t("items.lead")}</p>
          ${value.items.length === 0
            ? html`<p class="empty">
              ${t(filter["below"] && !overview.value?.run ? "items.no_run" : "items.empty")}</p>`
            : h(Table, { items: value.items, place })}
          ${value.next_cursor === null
            ? null
            : html`<p class="more"><button class="button" type="button" disabled=${more} onClick=${loadMore}>
                ${t("items.more")}</button></p>`}
        </section>`}
  </main>`;
}

/** @param {Surroundings} surroundings */
export function start(surroundings) {
  const title = surroundings.t("project.tab.items");
  return startFramed(surroundings, { here: "projects", title, permission: "items.read" }, Items);
}
