/**
 * One item. Its content is opened on demand only, and the page says that the look is logged.
 *
 * @import { ItemLook, ItemWork, ListedItem } from "../types/manage.js"
 * @import { VNode } from "preact"
 * @import { Place, Surroundings } from "./framed.js"
 */
import { h } from "preact";
import { useRef, useState } from "preact/hooks";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { Content } from "../ui/markdown-view.js";
import { startFramed } from "./framed.js";
import {
  duration, loadProject, moment, named, number, percent, ProjectHead, Trouble, useLoaded, Waiting,
} from "./manage.js";
import { STATES } from "./progress-view.js";

/** @param {unknown} value @returns {string} Text as it is; the rest as JSON. */
const shown = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

/** @param {{item: ListedItem, place: Place}} props @returns {VNode} */
function Facts({ item, place }) {
  const { t } = place;
  const states = STATES.filter((state) => item.tasks[state] > 0);
  return html`<dl class="facts">
    <div><dt>${t("items.item")}</dt><dd class="code">${item.id}</dd></div>
    <div><dt>${t("project.batch")}</dt><dd dir="auto">${item.batch.name}</dd></div>
    <div><dt>${t("item.purpose")}</dt><dd>${t(`purpose.${item.purpose}`)}</dd></div>
    <div><dt>${t("project.tasks")}</dt>
      <dd>${states.map((state) => `${number(item.tasks[state])} ${t(`state.${state}`)}`).join(", ")}</dd>
        </div>
    <div><dt>${t("items.agreement")}</dt><dd>${percent(item.agreed_prob)}</dd></div>
    <div><dt>${t("items.imported")}</dt><dd>${moment(item.created_at)}</dd></div>
  </dl>`;
}

/** @param {{work: ItemWork, place: Place}} props @returns {VNode} */
function Work({ work, place }) {
  const { t } = place;
  const { annotator, judgment } = work;
  const { choice, reason, ...rest } = judgment?.answer ?? {};
  return html`<li class="work-entry">
    <p><strong dir="auto">${annotator.name}</strong>${" "}
      <span class="fine" dir="auto">${annotator.vendor ?? t("annotators.no_vendor")}</span>${" "}
      ${annotator.simulated ? html`<span class="tag">${t("annotators.simulated")}</span>` : null}
      <span class="tag">${t(judgment?.withdrawn ? "item.withdrawn" : `item.lease.${work.state}`)}</span>
      ${judgment?.gold_correct === true ? html`<span class="tag is-good">
        ${t("item.gold_right")}</span>` : null}
      ${judgment?.gold_correct === false ? html`<span class="tag is-bad">
        ${t("item.gold_wrong")}</span>` : null}
    </p>
    ${judgment === null
      ? null
      : html`<div>
          <p class="answer-line"><span class="fine">${t("item.answer")}</span>
            <strong dir="auto">${shown(choice ?? rest)}</strong>
            <span class="fine">${duration(judgment.active_ms, t)} · ${moment(judgment.submitted_at)}</span>
              </p>
          ${reason === undefined ? null : html`<p class="quoted" dir="auto">${shown(reason)}</p>`}
        </div>`}
    ${work.reason === null ? null : html`<p class="quoted" dir="auto">${work.reason}</p>`}
  </li>`;
}

/** @param {{look: ItemLook, place: Place}} props @returns {VNode} */
function Opened({ look, place }) {
  const { t } = place;
  const meta = look.meta?.meta ?? {};
  return html`<div>
    <div class="notice is-info"><div class="notice-body"><strong>${t("item.logged")}</strong>
      <p>${t("item.logged_text")}
        ${look.receipts.map(({ index, url }) => html`<a key=${index} class="receipt-link"
          href=${url} download>
          ${t("item.receipt", { index: String(index) })}</a>`)}</p></div></div>
    <div class="payload">
      ${Object.entries(look.payload).map(([name, text]) => html`<section key=${name} class="panel">
        <h2><span dir="auto">${name}</span>${" "}${typeof meta[name] === "string"
          ? html`<span class="tag" dir="auto">${meta[name]}</span>` : null}</h2>
        ${h(Content, {
          source: shown(text), raw: typeof text !== "string", empty: t("item.empty"), under: 2,
        })}
      </section>`)}
    </div>
    ${look.meta?.id === undefined ? null : html`<p class="fine">${t("item.own_id")} <span class="code"
      dir="auto">${look.meta.id}</span></p>`}
    ${look.consensus === null
      ? null
      : html`<section class="panel" aria-labelledby="consensus-title">
          <h2 id="consensus-title">${t("item.consensus")}</h2>
          <p><strong dir="auto">${look.consensus.label}</strong> · ${t("item.confidence",
            { share: percent(look.consensus.confidence, 1) })}</p>
          <p class="fine">
            ${Object.entries(look.consensus.votes)
              .map(([label, count]) => `${label} ${count}`).join(" · ")}</p>
        </section>`}
    <section class="panel" aria-labelledby="work-title">
      <h2 id="work-title">${t("item.work")}</h2>
      ${look.work.length === 0
        ? html`<p class="empty">${t("item.no_work")}</p>`
        : html`<ul class="work-list">${look.work.map((work) =>
            h(Work, { key: `${work.annotator.id}${work.ended_at ?? ""}`, work, place }))}</ul>`}
    </section>
  </div>`;
}

/** @param {{place: Place}} props @returns {VNode} */
function ItemPage({ place }) {
  const { api, t } = place;
  const ids = named();
  const at = `/projects/${encodeURIComponent(ids.project)}/items/${encodeURIComponent(ids.item)}`;
  const project = useLoaded(place, () => loadProject(api, ids.project));
  const item = useLoaded(place, () => /** @type {Promise<ListedItem>} */ (api.call("GET", at)));
  const [look, setLook] = useState(/** @type {ItemLook | null} */ (null));
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState("");
  const opened = useRef(/** @type {HTMLElement | null} */ (null));
  const open = async () => {
    setBusy(true);
    setRefused("");
    try {
      setLook(await api.call("POST", `${at}/look`, {}));
      place.say(t("item.logged"));
      opened.current?.focus();
    } catch (error) {
      setRefused(place.fail(error));
    }
    setBusy(false);
  };
  const trouble = project.trouble || item.trouble;
  return html`<main id="main" class="manage" tabindex="-1">
    ${project.value && h(ProjectHead, { project: project.value, tab: "items", t })}
    ${h(Trouble, { trouble, t, onAgain: item.reload })}
    ${item.value === null
      ? trouble === "" && h(Waiting, { t })
      : html`<section class="panel">${h(Facts, { item: item.value, place })}</section>`}
    ${item.value === null || look !== null
      ? null
      : html`<section class="panel sealed">
          <h2>${h(Icon, { name: "seal" })}${t("item.sealed")}</h2>
          <p>${t("item.sealed_text")}</p>
          <button class="button is-main" type="button" disabled=${busy || !place.may("items.open")}
            onClick=${open}>
            ${t("item.open")}</button>
          <p class="field-error" role="alert">${refused}</p>
        </section>`}
    <div tabindex="-1" ref=${opened} aria-label=${t("item.opened")} role="group">
      ${look === null ? null : h(Opened, { look, place })}</div>
  </main>`;
}

/** @param {Surroundings} surroundings */
export function start(surroundings) {
  const title = surroundings.t("items.item");
  return startFramed(surroundings, { here: "projects", title, permission: "items.read" }, ItemPage);
}
