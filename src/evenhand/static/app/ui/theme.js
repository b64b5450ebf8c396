/**
 * Light, dark, or as the system says. Kept in this browser only.
 */

const KEY = "evenhand.theme";

/** @typedef {"system" | "light" | "dark"} Theme */
/** @type {readonly Theme[]} */
export const THEMES = ["system", "light", "dark"];

/**
 * @param {string | null} stored
 * @returns {Theme} The system's for whatever is none of ours.
 */
export function parseTheme(stored) {
  return THEMES.find((theme) => theme === stored) ?? "system";
}

/** @returns {Storage | null} Null where the browser forbids it. */
function storage() {
  try {
    return window.localStorage;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return null;
  }
}

/** @returns {Theme} */
export function readTheme() {
  return parseTheme(storage()?.getItem(KEY) ?? null);
}

/**
 * Draws the page in a theme. The style sheet reads `data-theme`.
 * @param {Theme} theme
 */
export function applyTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

/** @param {Theme} theme */
export function chooseTheme(theme) {
  applyTheme(theme);
  try {
    storage()?.setItem(KEY, theme);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // Full: it holds until the page is closed.
  }
}
