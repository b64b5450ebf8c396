/**
 * Export: start, follow, keep the file, with the receipt of the look.
 *
 * @import { VNode } from "preact"
 * @import { Place } from "./framed.js"
 */
import { h } from "preact";
import { useState } from "preact/hooks";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";
import { number } from "./manage.js";

const FORMATS = ["trl", "trl-ties", "consensus", "leaderboard", "items"];
const NEEDS_RUN = new Set(["consensus", "leaderboard"]);
// Letting the address go at once would cut off the download that just begins.
const KEEP_MS = 60_000;

/** @param {Blob} blob @param {string} fileName */
function keep(blob, fileName) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = fileName;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), KEEP_MS);
}

/**
 * @param {object} props
 * @param {string} props.projectId
 * @param {string | null} props.runId The aggregation that results are exported of.
 * @param {Place} props.place
 * @returns {VNode}
 */
export function Export({ projectId, runId, place }) {
  const { api, t } = place;
  const [format, setFormat] = useState("trl");
  const [busy, setBusy] = useState(false);
  const [bytes, setBytes] = useState(0);
  const [done, setDone] = useState(/** @type {{count: number, receipt: string} | null} */ (null));
  const [message, setMessage] = useState("");
  const missing = NEEDS_RUN.has(format) && runId === null;

  /** @param {Event} event */
  const start = async (event) => {
    event.preventDefault();
    if (busy || missing) return;
    setBusy(true);
    setDone(null);
    setBytes(0);
    setMessage("");
    try {
      const body = { format, run_id: NEEDS_RUN.has(format) ? runId : null };
      const file = await api.download(`/projects/${encodeURIComponent(projectId)}/exports`, body, setBytes);
      keep(file.blob, `${format}.${format === "leaderboard" ? "csv" : "jsonl"}`);
      setDone({ count: file.count, receipt: file.receipt });
    } catch (error) {
      setMessage(place.fail(error));
    }
    setBusy(false);
  };
  const said = () => {
    if (missing) return t("export.no_run");
    if (busy) return t("export.bytes", { kib: number(bytes / 1024) });
    return done === null ? "" : t("export.done", { count: done.count });
  };
  return html`<section class="panel" aria-labelledby="export-title">
    <h2 id="export-title">${t("export.title")}</h2>
    <form onSubmit=${start}>
      <fieldset class="choices"><legend>${t("export.format")}</legend>
        ${FORMATS.map((one) => html`<label key=${one} class="choice">
          <input type="radio" name="format" value=${one} checked=${format === one}
            aria-labelledby=${`format-${one}`} aria-describedby=${`format-${one}-note`}
            onChange=${() => setFormat(one)} />
          <span><strong id=${`format-${one}`}>${t(`export.${one}`)}</strong>
            <span id=${`format-${one}-note`} class="second">${t(`export.${one}.note`)}</span></span>
        </label>`)}
      </fieldset>
      <p class="fine">${t("export.logged")}</p>
      <div class="export-go">
        <button class="button is-main" type="submit" disabled=${busy || missing}>
          ${h(Icon, { name: "download" })}${t("export.start")}</button>
        <p role="status" class="fine">${said()}</p>
        ${done?.receipt.startsWith("/api/v1/receipts/")
          ? html`<a href=${done.receipt} download>${t("export.receipt")}</a>` : null}
      </div>
      <p class="field-error" role="alert">${message}</p>
    </form>
  </section>`;
}
