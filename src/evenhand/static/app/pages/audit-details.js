/**
 * Who and what an entry is about: opened by the server on demand, each look in the log; here the ids
 * are compared with the commitments of the leaf that was just proved.
 *
 * @import { Leaf } from "../tlog/note.js"
 * @import { Place } from "./framed.js"
 * @import { VNode } from "preact"
 */
import { h } from "preact";
import { useState } from "preact/hooks";
import { base64 } from "../tlog/bytes.js";
import { commitmentOf } from "../tlog/note.js";
import { html } from "../ui/html.js";

/**
 * @typedef {object} Opened
 * @property {string | null} actor
 * @property {string | null} object
 * @property {string | null} lease
 * @property {string | null} purpose
 * @property {Record<string, unknown> | null} extra
 * @property {string | null} salt
 */

/** @typedef {Record<string, {name: string, role: string, vendor: string | null}>} Names */

/**
 * @param {Leaf} leaf
 * @param {Opened} details
 * @returns {Promise<boolean>} Whether the leaf commits to exactly these ids.
 */
async function commits(leaf, { salt, actor, object }) {
  const said = [];
  if (salt !== null && actor !== null) said.push(await commitmentOf({ salt, role: "actor", id: actor }));
  if (salt !== null && object !== null) said.push(await commitmentOf({ salt, role: "object", id: object }));
  return said.length === leaf.commitments.length
    && said.every((one, at) => base64(one) === leaf.commitments[at]);
}

/** @param {{place: Place, id: string | null, names: Names}} props @returns {VNode} */
export function Whom({ place, id, names }) {
  const { t } = place;
  if (id === null) return html`<span>${t("audit.nobody")}</span>`;
  const known = names[id];
  if (known === undefined) return html`<a href=${`/audit/search?item=${id}`}><code>${id}</code></a>`;
  return html`<a href=${`/audit/search?member=${id}`}><bdi>${known.name}</bdi></a>`;
}

/** @param {{extra: Record<string, unknown> | null}} props @returns {VNode} */
export function Extra({ extra }) {
  const said = Object.entries(extra ?? {});
  return html`<span>${said.map(([name, value]) => html`<span class="extra" key=${name}>
    ${name} <code>${typeof value === "string" ? value : JSON.stringify(value)}</code></span>`)}</span>`;
}

/** @param {{place: Place, index: number, leaf: Leaf}} props @returns {VNode} */
export function Details({ place, index, leaf }) {
  const { t, api, say, fail } = place;
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [trouble, setTrouble] = useState("");
  const [busy, setBusy] = useState(false);
  const open = async () => {
    setBusy(true);
    setTrouble("");
    try {
      const opened = await api.call("GET", `/log/entries/${index}/details`);
      setFound({ ...opened, fits: await commits(leaf, opened.entry.details) });
      say(t("audit.look.logged", { index: String(opened.look.index) }));
    } catch (error) {
      setTrouble(fail(error));
    }
    setBusy(false);
  };
  return html`<section class="card is-wide" aria-labelledby="details-title">
    <h2 id="details-title">${t("audit.details.title")}</h2>
    ${found === null
      ? html`<p>${t("audit.details.lead")}</p>
          <p><button class="button" type="button" disabled=${busy} onClick=${() => void open()}>
            ${t("audit.details.open")}</button></p>`
      : h(Facts, { place, found })}
    ${trouble === "" ? null : html`<p class="verdict is-bad" role="alert">${trouble}</p>`}
  </section>`;
}

/** @param {{place: Place, found: any}} props @returns {VNode} */
function Facts({ place, found }) {
  const { t } = place;
  /** @type {Opened} */
  const details = found.entry.details;
  const { names, look, fits } = found;
  return html`<div>
    <dl class="leaf">
      <div><dt>${t("audit.col.who")}</dt><dd>${h(Whom, { place, id: details.actor, names })}</dd></div>
      <div><dt>${t("audit.col.object")}</dt><dd>${h(Whom, { place, id: details.object, names })}</dd></div>
      <div><dt>${t("audit.col.purpose")}</dt><dd>${details.purpose ?? "–"}</dd></div>
      <div><dt>${t("audit.col.lease")}</dt><dd><code>${details.lease ?? "–"}</code></dd></div>
      ${details.extra === null
        ? null
        : html`<div><dt>${t("audit.col.extra")}</dt><dd>${h(Extra, details)}</dd></div>`}
    </dl>
    <p class=${`verdict is-${fits ? "good" : "bad"}`}>
      ${t(fits ? "audit.details.fits" : "audit.details.fits_not")}</p>
    ${h(LookNote, { place, look })}
  </div>`;
}

/** @param {{place: Place, look: {index: number}}} props @returns {VNode} */
export function LookNote({ place, look }) {
  const { t } = place;
  return html`<p class="fine look-note">${t("audit.look.note")}${" "}
    <a href=${`/audit/entries/${look.index}`}>
      ${t("audit.entry.title", { index: String(look.index) })}</a></p>`;
}
