/**
 * The log at a glance: its signed head, checked here, how it grows, its newest entries.
 *
 * @import { Text } from "../i18n.js"
 * @import { Head } from "./audit-parts.js"
 * @import { Place, Surroundings } from "./framed.js"
 * @import { VNode } from "preact"
 */
import { h } from "preact";
import { useState } from "preact/hooks";
import { canHash } from "../tlog/bytes.js";
import { checkSignature, parseVkey, readCheckpoint } from "../tlog/note.js";
import { html } from "../ui/html.js";
import {
  Copyable, createLogReader, Instant, KeyCard, knownKey, Tabs, useLoaded, Waiting,
} from "./audit-parts.js";
import { startFramed } from "./framed.js";

/** @param {Surroundings} surroundings */
export const start = (surroundings) =>
  startFramed(
    surroundings,
    { here: "audit", title: surroundings.t("audit.title"), permission: "log.read" },
    Audit,
  );

/**
 * @param {Place} place
 * @returns {Promise<{head: Head, note: string}>}
 */
async function loadHead({ api }) {
  const head = await api.call("GET", "/log");
  const bytes = await createLogReader(head.workspace)("checkpoint");
  return { head, note: new TextDecoder().decode(bytes) };
}

/** @param {{place: Place}} props @returns {VNode} */
function Audit({ place }) {
  const { t } = place;
  const [, setChanges] = useState(0);
  const { value, trouble } = useLoaded(place, "head", () => loadHead(place));
  return html`<main id="main" class="sheet-page audit" tabindex="-1">
    ${h(Tabs, { place, here: "log" })}
    <h1>${t("audit.title")}</h1>
    <p class="lead">${t("audit.lead")}</p>
    ${value === null
      ? h(Waiting, { t, trouble })
      : html`<div class="audit-grid">
          <div class="column">
            ${h(HeadCard, { place, head: value.head, note: value.note, vkey: knownKey(value.head).vkey })}
            ${h(Growth, { place })}
          </div>
          <div class="column">
            ${h(KeyCard, { place, head: value.head, onChange: () => setChanges((n) => n + 1) })}
            ${h(Elsewhere, { place, head: value.head, vkey: knownKey(value.head).vkey })}
          </div>
          ${h(Newest, { place })}
        </div>`}
  </main>`;
}

/**
 * @param {string} note
 * @param {string} vkey
 * @returns {Promise<string>} A word of `audit.signature.*`.
 */
async function judge(note, vkey) {
  if (!canHash()) return "unable";
  const checkpoint = readCheckpoint(note);
  const verifier = await parseVkey(vkey);
  if (checkpoint.origin !== verifier.name) return "bad";
  return checkSignature(checkpoint, verifier);
}

/** @param {{place: Place, head: Head, note: string, vkey: string}} props @returns {VNode} */
function HeadCard({ place, head, note, vkey }) {
  const { t } = place;
  const judged = useLoaded(place, vkey, () =>
    judge(note, vkey).catch((error) => {
      if (error instanceof Error && error.name === "TlogError") return "bad";
      throw error;
    }));
  const word = judged.value;
  return html`<section class="card" aria-labelledby="head-title">
    <h2 id="head-title">${t("audit.head.title")}</h2>
    <dl class="facts">
      <div><dt>${t("audit.head.size")}</dt><dd class="figure">${head.size.toLocaleString("en")}</dd></div>
      <div><dt>${t("audit.head.signed")}</dt><dd>${h(Instant, { at: head.signed_at })}</dd></div>
      <div><dt>${t("audit.head.since")}</dt><dd>${h(Instant, { at: head.created_at })}</dd></div>
    </dl>
    ${word === null
      ? null
      : html`<p class=${`verdict is-${word === "good" ? "good" : word === "unable" ? "warn" : "bad"}`}
          data-signature=${word}>${t(`audit.signature.${word}`)}</p>`}
    <h3>${t("audit.head.checkpoint")}</h3>
    <pre class="wrapped" tabindex="0" role="group" aria-label=${t("audit.head.checkpoint")}>${note}</pre>
    <p class="fine">${t("audit.head.explained")}</p>
  </section>`;
}

/** @param {{place: Place, head: Head, vkey: string}} props @returns {VNode} */
function Elsewhere({ place, head, vkey }) {
  const { t, say } = place;
  const address = `${window.location.origin}/log/${head.workspace}`;
  const verify = `evenhand log verify ${address} --key '${vkey}' --state log.state --api-key-file key.txt`;
  const pull = `evenhand log pull ${address} --key '${vkey}' --out log --api-key-file key.txt`;
  return html`<section class="card" aria-labelledby="elsewhere-title">
    <h2 id="elsewhere-title">${t("audit.elsewhere.title")}</h2>
    <p>${t("audit.elsewhere.text")}</p>
    ${h(Copyable, { t, label: t("audit.elsewhere.verify"), text: verify, onCopied: say })}
    ${h(Copyable, { t, label: t("audit.elsewhere.pull"), text: pull, onCopied: say })}
    <p class="fine">${t("audit.elsewhere.others")}</p>
  </section>`;
}

/** @param {{place: Place}} props @returns {VNode} */
function Growth({ place }) {
  const { t, api } = place;
  const [step, setStep] = useState("hour");
  const count = step === "hour" ? 48 : 30;
  const { value, trouble } = useLoaded(place, step, () =>
    api.call("GET", `/log/growth?step=${step}&count=${count}`));
  return html`<section class="card" aria-labelledby="growth-title">
    <h2 id="growth-title">${t("audit.growth.title")}</h2>
    <fieldset class="choice"><legend class="visually-hidden">${t("audit.growth.step")}</legend>
      ${["hour", "day"].map((one) => html`<label key=${one}><input type="radio" name="step" value=${one}
        checked=${step === one} onChange=${() => setStep(one)} />${t(`audit.growth.${one}`)}</label>`)}
    </fieldset>
    ${value === null ? h(Waiting, { t, trouble }) : h(Bars, { t, step, buckets: value.buckets })}
  </section>`;
}

/**
 * @param {{t: Text, step: string, buckets: {at: string, entry_count: number}[]}} props
 * @returns {VNode}
 */
function Bars({ t, step, buckets }) {
  const most = Math.max(1, ...buckets.map((one) => one.entry_count));
  const total = buckets.reduce((sum, one) => sum + one.entry_count, 0);
  const width = 600 / buckets.length;
  const label = t(`audit.growth.${step}.described`, { total, most, length: buckets.length });
  return html`<div>
    <svg class="bars" viewBox="0 0 600 120" role="img" aria-label=${label}>
      ${buckets.map(({ at, entry_count: n }, place) => {
        const height = n === 0 ? 1 : Math.max(2, (n / most) * 112);
        return html`<rect key=${at} x=${place * width + 1} y=${118 - height} width=${width - 2}
          height=${height} rx="1.5" />`;
      })}
      <line x1="0" y1="119" x2="600" y2="119" />
    </svg>
    <p class="fine">${label}</p>
    <details><summary>${t("audit.growth.table")}</summary>
      <div class="wide" tabindex="0" role="group" aria-label=${t("audit.growth.table")}><table>
        <thead><tr><th scope="col">${t("audit.col.from")}</th>
          <th scope="col" class="number">${t("audit.col.entries")}</th></tr></thead>
        <tbody>${buckets.filter((one) => one.entry_count > 0).map((one) => html`<tr key=${one.at}>
          <td>${h(Instant, { at: one.at })}</td>
          <td class="number">${one.entry_count.toLocaleString("en")}</td></tr>`)}
        </tbody>
      </table></div>
    </details>
  </div>`;
}

/** @param {{place: Place}} props @returns {VNode} */
function Newest({ place }) {
  const { t, api } = place;
  const [cursors, setCursors] = useState([""]);
  const cursor = cursors.at(-1) ?? "";
  const { value, trouble } = useLoaded(place, `from ${cursor}`, () =>
    api.call("GET", `/log/entries?limit=20${cursor ? `&cursor=${cursor}` : ""}`));
  return html`<section class="card is-wide" aria-labelledby="entries-title">
    <h2 id="entries-title">${t("audit.entries.title")}</h2>
    <p class="fine">${t("audit.entries.note")}</p>
    ${value === null ? h(Waiting, { t, trouble }) : html`<div>
      <div class="wide"><table>
        <thead><tr><th scope="col">${t("audit.col.entry")}</th><th scope="col">${t("audit.col.time")}</th>
          <th scope="col">${t("audit.col.what")}</th></tr></thead>
        <tbody>${value.items.map((/** @type {any} */ one) => html`<tr key=${one.index}>
          <td><a href=${`/audit/entries/${one.index}`}>${one.index}</a></td>
          <td>${h(Instant, { at: one.at })}</td>
          <td>${one.meaning ?? t("audit.kind.unknown")} <code>${one.kind}</code></td></tr>`)}
        </tbody>
      </table></div>
      <p class="pager">
        <button class="button" type="button" disabled=${cursors.length === 1}
          onClick=${() => setCursors(cursors.slice(0, -1))}>${t("audit.newer")}</button>
        <button class="button" type="button" disabled=${value.next_cursor === null}
          onClick=${() => setCursors([...cursors, value.next_cursor])}>${t("audit.older")}</button>
      </p></div>`}
  </section>`;
}
