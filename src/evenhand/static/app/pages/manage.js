/**
 * What the manager's pages share: their part of the API, numbers as people read them, a value that
 * is loaded, and the head of a project's pages.
 *
 * @import { Api } from "../api.js"
 * @import { Text } from "../i18n.js"
 * @import { ManagedProject } from "../types/manage.js"
 * @import { VNode } from "preact"
 * @import { Place } from "./framed.js"
 */
import { h } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { html } from "../ui/html.js";
import { Notice } from "../ui/notice.js";

const locale = () => document.documentElement.lang;

/** @param {number | null | undefined} share @param {number} [digits] @returns {string} */
export function percent(share, digits = 0) {
  if (share === null || share === undefined) return "–";
  const most = { style: /** @type {const} */ ("percent"), maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale(), most).format(share);
}

/** @param {number} value @param {number} [digits] @returns {string} */
export function number(value, digits = 0) {
  const most = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale(), most).format(value);
}

/** @param {number | null} ms @param {Text} t @returns {string} */
export function duration(ms, t) {
  if (ms === null) return "–";
  const seconds = ms / 1000;
  if (seconds < 60) return t("manage.seconds", { seconds: number(seconds, seconds < 10 ? 1 : 0) });
  return t("manage.minutes", { minutes: Math.floor(seconds / 60), seconds: Math.round(seconds % 60) });
}

/** @param {string | null} instant @returns {string} */
export function moment(instant) {
  if (instant === null) return "–";
  const style = /** @type {const} */ ({ dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
  return new Intl.DateTimeFormat(locale(), style).format(new Date(instant));
}

/** The ids in the address: /projects/<project>/items/<item>. @returns {{project: string, item: string}} */
export function named() {
  const [, , project = "", , item = ""] = window.location.pathname.split("/").map(decodeURIComponent);
  return { project, item };
}

/**
 * Something that is loaded once, and again when `reload` is called.
 * @template T
 * @param {Place} place
 * @param {() => Promise<T>} load
 * @returns {{value: T | null, trouble: string, reload: () => Promise<void>, put: (value: T) => void}}
 */
export function useLoaded(place, load) {
  const [value, put] = useState(/** @type {T | null} */ (null));
  const [trouble, setTrouble] = useState("");
  const latest = useRef(load);
  latest.current = load;
  const reload = useCallback(async () => {
    try {
      put(await latest.current());
      setTrouble("");
    } catch (error) {
      setTrouble(place.fail(error));
    }
  }, [place]);
  useEffect(() => void reload(), [reload]);
  return { value, trouble, reload, put };
}

/**
 * @param {{trouble: string, t: Text, onAgain: () => void}} props
 * @returns {VNode | null}
 */
export function Trouble({ trouble, t, onAgain }) {
  if (trouble === "") return null;
  const again = html`<button class="button" type="button" onClick=${onAgain}>
    ${t("dead_end.reload")}</button>`;
  return h(Notice, { tone: "warn", title: t("dead_end.title"), children: html`<p>
    ${trouble}</p>`, actions: again });
}

/** @param {{t: Text}} props @returns {VNode} */
export function Waiting({ t }) {
  return html`<p class="waiting" role="status">${t("loading")}</p>`;
}

/** @type {readonly [string, string][]} Name and the end of the address. */
const TABS = [
  ["progress", ""],
  ["results", "/results"],
  ["annotators", "/annotators"],
  ["items", "/items"],
];

/**
 * @param {object} props
 * @param {ManagedProject} props.project
 * @param {string} props.tab
 * @param {Text} props.t
 * @param {unknown} [props.children] Beside the name.
 * @returns {VNode}
 */
export function ProjectHead({ project, tab, t, children }) {
  const base = `/projects/${encodeURIComponent(project.id)}`;
  return html`<header class="page-head">
    <p class="crumbs"><a href="/projects">${t("projects.title")}</a></p>
    <div class="page-title"><h1 dir="auto">${project.name}</h1>${children}</div>
    <nav class="tabs" aria-label=${t("project.tabs")}>
      ${TABS.map(([name, end]) => html`<a key=${name} href=${base + end}
        aria-current=${tab === name ? "page" : undefined}>${t(`project.tab.${name}`)}</a>`)}
    </nav>
  </header>`;
}

/**
 * @param {Api} api
 * @param {string} id
 * @returns {Promise<ManagedProject>}
 */
export function loadProject(api, id) {
  return api.call("GET", `/projects/${encodeURIComponent(id)}`);
}

/**
 * All pages of a list, at most `most` entries.
 * @template T
 * @param {Api} api
 * @param {string} path
 * @param {number} [most]
 * @returns {Promise<T[]>}
 */
export async function loadAll(api, path, most = 1000) {
  /** @type {T[]} */
  const found = [];
  let cursor = /** @type {string | null} */ (null);
  do {
    const query = new URLSearchParams({ limit: "200", ...(cursor === null ? {} : { cursor }) });
    const page = await api.call("GET", `${path}?${query}`);
    found.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null && found.length < most);
  return found;
}
