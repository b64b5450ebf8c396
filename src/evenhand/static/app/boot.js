/**
 * Starts the page that the shell names. Everything a page needs from the outside (network,
 * clock, storage, texts) is handed to it here.
 *
 * @import { Text } from "./i18n.js"
 * @import { Api } from "./api.js"
 */
import { createApi } from "./api.js";
import { createText, loadCatalogue } from "./i18n.js";
import { applyTheme, readTheme } from "./ui/theme.js";

/**
 * @typedef {object} Surroundings
 * @property {HTMLElement} root Where the page is drawn.
 * @property {Api} api
 * @property {Text} t
 * @property {Promise<any> | undefined} opening What the page's entry of OPENINGS has begun.
 */

/**
 * One line a page; its shell stands in app/page_table.py.
 * @type {Record<string, () => Promise<{start: (surroundings: any) => Promise<void>}>>}
 */
const PAGES = {
  "sign-in": () => import("./pages/sign-in.js"),
  accept: () => import("./pages/accept.js"),
  account: () => import("./pages/account.js"),
  home: () => import("./pages/home.js"),
  work: () => import("./pages/work.js"),
  projects: () => import("./pages/projects.js"),
  project: () => import("./pages/project.js"),
  "project-results": () => import("./pages/project-results.js"),
  "project-annotators": () => import("./pages/project-annotators.js"),
  items: () => import("./pages/items.js"),
  item: () => import("./pages/item.js"),
  people: () => import("./pages/people.js"),
  audit: () => import("./pages/audit.js"),
  "audit-search": () => import("./pages/audit-search.js"),
  "audit-entry": () => import("./pages/audit-entry.js"),
  "audit-exposure": () => import("./pages/audit-exposure.js"),
  "audit-wall": () => import("./pages/audit-wall.js"),
};

/**
 * What a page asks for while its other modules are on their way; `start` gets it as `opening`, and
 * clears the root itself, when it has something to draw.
 * @type {Record<string, () => Promise<{open: (api: Api) => Promise<any>}>>}
 */
const OPENINGS = {
  work: () => import("./pages/work-opening.js"),
};

/** @param {HTMLElement} root @param {string} message */
function showFatal(root, message) {
  const note = document.createElement("p");
  note.className = "fatal";
  note.setAttribute("role", "alert");
  note.textContent = message;
  root.before(note);
}

async function boot() {
  applyTheme(readTheme());
  const root = document.getElementById("app");
  const { page = "", catalogue = "" } = document.documentElement.dataset;
  const load = Object.hasOwn(PAGES, page) ? PAGES[page] : undefined;
  if (root === null || load === undefined) throw new Error(`There is no page "${page}".`);
  const send = window.fetch.bind(window);
  const api = createApi({ fetch: send });
  const early = Object.hasOwn(OPENINGS, page) ? OPENINGS[page] : undefined;
  const opening = early?.().then(({ open }) => open(api));
  opening?.catch(() => undefined); // The page hears of it when it starts.
  try {
    const [texts, { start }] = await Promise.all([loadCatalogue(catalogue, send), load()]);
    const t = createText(texts, document.documentElement.lang);
    // Nothing typed is lost by a bug: it is in the journal. The reader is told, the console too.
    let told = false;
    window.addEventListener("unhandledrejection", () => {
      if (!told) showFatal(root, t("fatal.bug"));
      told = true;
    });
    if (opening === undefined) root.replaceChildren();
    await start({ root, api, t, opening });
  } catch (error) {
    showFatal(root, "The page could not be started. Please reload it.");
    throw error;
  }
}

await boot();
