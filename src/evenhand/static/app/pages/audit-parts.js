/**
 * What the auditor's pages share: the way between them, instants, the log's own files, text to copy,
 * and the key that this browser checks with.
 *
 * @import { Text } from "../i18n.js"
 * @import { Bytes } from "../tlog/bytes.js"
 * @import { Place } from "./framed.js"
 * @import { VNode } from "preact"
 */
import { h } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiProblem, NetworkFailure } from "../api.js";
import { parseVkey } from "../tlog/note.js";
import { html } from "../ui/html.js";
import { Icon } from "../ui/icon.js";

/**
 * @typedef {object} Head
 * @property {string} workspace
 * @property {string} origin
 * @property {string} vkey
 * @property {number} size
 * @property {string} signed_at
 * @property {string} created_at
 * @property {string} checkpoint
 * @property {Record<string, string>} kinds
 */

const TABS = [
  { name: "log", href: "/audit", permission: "log.read" },
  { name: "search", href: "/audit/search", permission: "log.details" },
  { name: "exposure", href: "/audit/exposure", permission: "exposure.read" },
  { name: "wall", href: "/audit/wall", permission: "conflicts.read" },
];

/** @param {{place: Place, here: string}} props @returns {VNode} */
export function Tabs({ place, here }) {
  const { t, may } = place;
  return html`<nav class="audit-tabs" aria-label=${t("audit.tabs")}>
    ${TABS.filter(({ permission }) => may(permission)).map(({ name, href }) =>
      html`<a key=${name} href=${href} aria-current=${here === name ? "page" : undefined}>
        ${t(`audit.tab.${name}`)}</a>`)}
  </nav>`;
}

/** @param {{at: string}} props @returns {VNode} An instant in UTC, as the log has it. */
export function Instant({ at }) {
  const when = new Date(at);
  const shown = Number.isNaN(when.getTime())
    ? at
    : `${when.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  return html`<time datetime=${at}>${shown}</time>`;
}

/**
 * A text to take elsewhere, with a button that copies it.
 * @param {{t: Text, label: string, text: string, onCopied: (said: string) => void}} props
 * @returns {VNode}
 */
export function Copyable({ t, label, text, onCopied }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      onCopied(t("audit.copied"));
    } catch {
      // The browser says no, for want of permission or focus: the text can be marked by hand.
      onCopied(t("audit.not_copied"));
    }
  };
  return html`<div class="copyable">
    <pre class="wrapped" tabindex="0" role="group" aria-label=${label}>${text}</pre>
    <button class="button" type="button" onClick=${() => void copy()}
      aria-label=${`${t("audit.copy")}: ${label}`}>
      ${h(Icon, { name: "copy" })}${t(done ? "audit.copied" : "audit.copy")}
    </button>
  </div>`;
}

/**
 * Reads the log's public files, anew each time: a kept copy would hide what the server says today.
 * @param {string} workspace
 * @returns {(path: string) => Promise<Bytes>}
 */
export function createLogReader(workspace) {
  return async (path) => {
    let response;
    try {
      response = await fetch(`/log/${encodeURIComponent(workspace)}/${path}`, {
        credentials: "same-origin", cache: "no-store", redirect: "error", signal: AbortSignal.timeout(20_000),
      });
    } catch (error) {
      throw new NetworkFailure(error);
    }
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    throw new ApiProblem({
      type: "about:blank", title: response.statusText, status: response.status,
      code: `http_${response.status}`, detail: `${path}: HTTP ${response.status}`,
    });
  };
}

/** @param {string} workspace */
const keyName = (workspace) => `evenhand.log-key.${workspace}`;

/**
 * The key to check with: the one that was entered here or seen first, kept in this browser.
 * @param {Head} head
 * @returns {{vkey: string, source: "entered" | "seen" | "server", differs: boolean}}
 */
export function knownKey(head) {
  try {
    const kept = JSON.parse(localStorage.getItem(keyName(head.workspace)) ?? "null");
    if (kept !== null && typeof kept.vkey === "string") {
      const source = kept.entered === true ? "entered" : "seen";
      return { vkey: kept.vkey, source, differs: kept.vkey !== head.vkey };
    }
    localStorage.setItem(keyName(head.workspace), JSON.stringify({ vkey: head.vkey, entered: false }));
    return { vkey: head.vkey, source: "seen", differs: false };
  } catch {
    // Storage is off, or holds something else: the server's word is all there is, and the page says so.
    return { vkey: head.vkey, source: "server", differs: false };
  }
}

/**
 * @param {{place: Place, head: Head, onChange: () => void}} props
 * @returns {VNode}
 */
export function KeyCard({ place, head, onChange }) {
  const { t, say } = place;
  const known = knownKey(head);
  const [message, setMessage] = useState("");
  /** @param {SubmitEvent} event */
  const enter = async (event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const vkey = String(new FormData(form).get("vkey") ?? "").trim();
    try {
      await parseVkey(vkey);
      localStorage.setItem(keyName(head.workspace), JSON.stringify({ vkey, entered: true }));
    } catch {
      setMessage(t("audit.key.refused"));
      return;
    }
    setMessage("");
    form.reset();
    say(t("audit.key.kept"));
    onChange();
  };
  return html`<section class="card" aria-labelledby="key-title">
    <h2 id="key-title">${t("audit.key.title")}</h2>
    ${h(Copyable, { t, label: t("audit.key.title"), text: known.vkey, onCopied: say })}
    <p class=${known.differs ? "verdict is-bad" : "fine"}>
      ${known.differs ? t("audit.key.differs") : t(`audit.key.from.${known.source}`)}</p>
    ${known.differs ? html`<pre class="wrapped" tabindex="0">${head.vkey}</pre>` : null}
    <details><summary>${t("audit.key.enter")}</summary>
      <form class="stacked" onSubmit=${enter} novalidate>
        <label for="vkey">${t("audit.key.label")}</label>
        <input id="vkey" name="vkey" type="text" autocomplete="off" spellcheck=${false}
          aria-describedby="vkey-message" aria-invalid=${message !== ""} />
        <p id="vkey-message" class="field-error" role="alert">${message}</p>
        <button class="button" type="submit">${t("audit.key.keep")}</button>
      </form>
    </details>
  </section>`;
}

/**
 * Loads once per `key` and tells how it stands.
 * @template T
 * @param {Place} place
 * @param {string} key
 * @param {() => Promise<T>} load
 * @returns {{value: T | null, trouble: string}}
 */
export function useLoaded(place, key, load) {
  const [state, setState] = useState(
    /** @type {{key: string, value: T | null, trouble: string}} */ ({ key, value: null, trouble: "" }));
  useEffect(() => {
    let gone = false;
    load().then(
      (value) => gone || setState({ key, value, trouble: "" }),
      (error) => gone || setState({ key, value: null, trouble: place.fail(error) }),
    );
    return () => void (gone = true);
  }, [key]);
  return state.key === key ? state : { value: null, trouble: "" };
}

/** @param {{t: Text, trouble: string}} props @returns {VNode} */
export function Waiting({ t, trouble }) {
  return trouble === ""
    ? html`<p class="waiting">${t("loading")}</p>`
    : html`<p class="verdict is-bad" role="alert">${trouble}</p>`;
}
