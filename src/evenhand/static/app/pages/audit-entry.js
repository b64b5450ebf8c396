/**
 * One entry of the log, and the proof that it is in it, reckoned by this browser from the log's own
 * files. The server's word is taken for nothing but those files.
 *
 * @import { Step } from "../tlog/proof.js"
 * @import { Leaf } from "../tlog/note.js"
 * @import { Reckoned } from "../tlog/lookup.js"
 * @import { Head } from "./audit-parts.js"
 * @import { Place, Surroundings } from "./framed.js"
 * @import { VNode } from "preact"
 */
import { h } from "preact";
import { canHash, hex, TlogError } from "../tlog/bytes.js";
import { reckonInclusion } from "../tlog/lookup.js";
import { checkSignature, parseVkey, readCheckpoint, readLeaf } from "../tlog/note.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { Details } from "./audit-details.js";
import { Copyable, createLogReader, Instant, knownKey, Tabs, useLoaded, Waiting } from "./audit-parts.js";
import { startFramed, titled } from "./framed.js";

/** @param {Surroundings} surroundings */
export const start = (surroundings) =>
  startFramed(
    surroundings,
    { here: "audit", title: surroundings.t("audit.entry.short"), permission: "log.read" },
    Entry,
  );

/**
 * What the browser found out. `failure` says why it could not go on; nothing is then proved.
 * @typedef {object} Proof
 * @property {Head} head
 * @property {number} size
 * @property {string} root In hexadecimal.
 * @property {Reckoned | null} reckoned
 * @property {Leaf | null} leaf
 * @property {"good" | "bad" | "missing" | "unable"} signature
 * @property {string} failure
 */

/**
 * @param {Place} place
 * @param {number} index
 * @returns {Promise<Proof>}
 */
async function prove({ api, t }, index) {
  /** @type {Head} */
  const head = await api.call("GET", "/log");
  /** @type {Proof} */
  const proof = { head, size: 0, root: "", reckoned: null, leaf: null, signature: "missing", failure: "" };
  if (!canHash()) return { ...proof, signature: "unable", failure: t("audit.proof.unable") };
  const read = createLogReader(head.workspace);
  const note = new TextDecoder().decode(await read("checkpoint"));
  try {
    const checkpoint = readCheckpoint(note);
    proof.size = checkpoint.size;
    proof.root = hex(checkpoint.root);
    const verifier = await parseVkey(knownKey(head).vkey);
    const ours = checkpoint.origin === verifier.name;
    proof.signature = ours ? await checkSignature(checkpoint, verifier) : "bad";
    if (index >= checkpoint.size) {
      return { ...proof, failure: t("audit.proof.beyond", { size: checkpoint.size }) };
    }
    proof.reckoned = await reckonInclusion({ index, size: checkpoint.size, root: checkpoint.root, read });
    proof.leaf = readLeaf(proof.reckoned.entry);
  } catch (error) {
    if (!(error instanceof TlogError)) throw error;
    proof.failure = t("audit.proof.refused", { reason: error.message });
  }
  return proof;
}

/** @param {{place: Place}} props @returns {VNode} */
function Entry({ place }) {
  const { t } = place;
  const text = window.location.pathname.split("/").at(-1) ?? "";
  const index = /^\d{1,15}$/.test(text) ? Number(text) : null;
  if (index === null) {
    return html`<main id="main" class="sheet-page audit" tabindex="-1">${h(Tabs, { place, here: "log" })}
      <h1>${t("audit.entry.short")}</h1>
      <p class="verdict is-bad" role="alert">${t("audit.entry.none")}</p></main>`;
  }
  return h(EntryAt, { place, index });
}

/** @param {{place: Place, index: number}} props @returns {VNode} */
function EntryAt({ place, index }) {
  const { t } = place;
  const title = t("audit.entry.title", { index: String(index) });
  titled(title);
  const { value: proof, trouble } = useLoaded(place, String(index), async () => {
    const found = await prove(place, index);
    place.say(outcome(place, found).text);
    return found;
  });
  return html`<main id="main" class="sheet-page audit" tabindex="-1">
    ${h(Tabs, { place, here: "log" })}
    <h1>${title}</h1>
    ${proof === null ? h(Waiting, { t, trouble }) : html`<div class="audit-grid">
      ${h(Outcome, { place, proof })}
      ${proof.leaf === null ? null : h(LeafCard, { place, proof, leaf: proof.leaf })}
      ${proof.leaf !== null && place.may("log.details")
        ? h(Details, { place, index, leaf: proof.leaf })
        : null}
      ${proof.reckoned === null ? null : h(Steps, { place, index, proof, reckoned: proof.reckoned })}
      ${proof.failure === "" ? h(Receipt, { place, index, head: proof.head }) : null}
    </div>`}
  </main>`;
}

/**
 * @param {Place} place
 * @param {Proof} proof
 * @returns {{tone: "good" | "warn" | "bad", state: string, text: string}}
 */
function outcome({ t }, proof) {
  const { reckoned, signature, failure } = proof;
  if (failure !== "" || reckoned === null) return { tone: "bad", state: "failed", text: failure };
  if (!reckoned.fits) {
    const text = reckoned.culprit === null
      ? t("audit.proof.broken")
      : t("audit.proof.broken_at", { file: reckoned.culprit });
    return { tone: "bad", state: "broken", text };
  }
  if (signature === "unable") {
    return { tone: "warn", state: "unsigned", text: t("audit.proof.included_only") };
  }
  if (signature !== "good") return { tone: "bad", state: "forged", text: t("audit.proof.forged") };
  return { tone: "good", state: "proved", text: t("audit.proof.proved", { size: proof.size }) };
}

/** @param {{place: Place, proof: Proof}} props @returns {VNode} */
function Outcome({ place, proof }) {
  const { t } = place;
  const { tone, state, text } = outcome(place, proof);
  const known = knownKey(proof.head);
  return html`<section class=${`card is-wide outcome is-${tone}`} aria-labelledby="outcome-title"
    data-proof=${state}>
    <h2 id="outcome-title">${t(`audit.outcome.${state}`)}</h2>
    <p>${text}</p>
    ${known.differs ? html`<p class="verdict is-bad">${t("audit.key.differs")}</p>` : null}
    ${state === "proved" ? html`<p class="fine">${t(`audit.key.from.${known.source}`)}</p>` : null}
  </section>`;
}

/** @param {{place: Place, proof: Proof, leaf: Leaf}} props @returns {VNode} */
function LeafCard({ place, proof, leaf }) {
  const { t } = place;
  /** @type {[string, unknown, string][]} */
  const fields = [
    ["kind", html`<code>${leaf.kind}</code>`, proof.head.kinds[leaf.kind] ?? t("audit.kind.unknown")],
    ["time", h(Instant, { at: leaf.time }), t("audit.field.time.note")],
    ["partition", html`<code>${leaf.partition ?? t("audit.field.nothing")}</code>`,
      t("audit.field.partition.note")],
    ["commitments", html`<ul class="plain">${leaf.commitments.map((one) =>
      html`<li key=${one}><code>${one}</code></li>`)}</ul>`, t("audit.field.commitments.note")],
    ["policy", html`<code>${leaf.policy}</code>`, t("audit.field.policy.note")],
    ["details", t("audit.field.details.sealed", { length: Math.floor((leaf.details.length * 3) / 4) }),
      t("audit.field.details.note")],
  ];
  return html`<section class="card is-wide" aria-labelledby="leaf-title">
    <h2 id="leaf-title">${t("audit.leaf.title")}</h2>
    <dl class="leaf">${fields.map(([name, value, note]) => html`<div key=${name}>
      <dt>${t(`audit.field.${name}`)}</dt><dd>${value}<p class="fine">${note}</p></dd></div>`)}</dl>
  </section>`;
}

/** @param {{hash: string, tone: string}} props @returns {VNode} */
function Hash({ hash, tone }) {
  return html`<code class=${`hash is-${tone}`}>${hash}</code>`;
}

/** @param {{place: Place, index: number, proof: Proof, reckoned: Reckoned}} props @returns {VNode} */
function Steps({ place, index, proof, reckoned }) {
  const { t } = place;
  return html`<section class="card is-wide" aria-labelledby="steps-title">
    <h2 id="steps-title">${t("audit.steps.title")}</h2>
    <p>${t("audit.steps.lead")}</p>
    <ol class="steps">
      <li><p>${t("audit.steps.leaf", { index: String(index), length: reckoned.entry.length })}</p>
        <p class="formula">SHA-256(00 ‖ ${t("audit.steps.entry")}) =${" "}
          ${h(Hash, { hash: hex(reckoned.leaf), tone: "own" })}</p></li>
      ${reckoned.steps.map((step) => h(StepLine, { key: step.start, place, step }))}
      <li data-fits=${String(reckoned.fits)}>
        <p>${t(reckoned.fits ? "audit.steps.fits" : "audit.steps.fits_not")}</p>
        <p class="formula">${t("audit.steps.reached")}${" "}
          ${h(Hash, { hash: hex(reckoned.root), tone: "own" })}</p>
        <p class="formula">${t("audit.steps.signed")} ${h(Hash, { hash: proof.root, tone: "root" })}</p></li>
      <li data-signature=${proof.signature}><p>${t(`audit.signature.${proof.signature}`)}</p></li>
    </ol>
    <details><summary>${t("audit.steps.files", { count: reckoned.files.length })}</summary>
      <ul class="plain">${reckoned.files.map((path) =>
        html`<li key=${path}><code>${path}</code></li>`)}</ul></details>
  </section>`;
}

/** @param {{place: Place, step: Step}} props @returns {VNode} */
function StepLine({ place, step }) {
  const { t } = place;
  const from = String(step.start);
  const to = String(step.end - 1);
  const said = step.end - step.start === 1
    ? t(`audit.steps.${step.side}.single`, { from })
    : t(`audit.steps.${step.side}.range`, { from, to });
  const [left, right] = step.side === "left" ? ["other", "own"] : ["own", "other"];
  return html`<li data-side=${step.side}><p>${said}</p>
    <p class="formula">SHA-256(01 ‖ ${h(Hash, { hash: hex(step.left), tone: left })} ‖
      ${" "}${h(Hash, { hash: hex(step.right), tone: right })}) =${" "}
      ${h(Hash, { hash: hex(step.result), tone: "own" })}</p></li>`;
}

/** @param {{place: Place, index: number, head: Head}} props @returns {VNode} */
function Receipt({ place, index, head }) {
  const { t, say } = place;
  const file = `receipt-${index}.txt`;
  const { vkey } = knownKey(head);
  const receipt = `evenhand receipt verify ${file} --key '${vkey}'`;
  const address = `${window.location.origin}/log/${head.workspace}`;
  const log = `evenhand log verify ${address} --key '${vkey}' --api-key-file key.txt`;
  return html`<section class="card is-wide" aria-labelledby="receipt-title">
    <h2 id="receipt-title">${t("audit.receipt.title")}</h2>
    <p>${t("audit.receipt.text")}</p>
    <p><a class="button is-main" href=${`/api/v1/receipts/${index}`} download=${file}>
      ${h(Icon, { name: "download" })}${t("audit.receipt.download")}</a></p>
    ${h(Copyable, { t, label: t("audit.receipt.verify"), text: receipt, onCopied: say })}
    ${h(Copyable, { t, label: t("audit.elsewhere.verify"), text: log, onCopied: say })}
    <p class="fine">${t("audit.receipt.others")}</p>
  </section>`;
}
