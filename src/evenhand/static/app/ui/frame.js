/**
 * What stands around every page but sign-in: the mark, the workspace with its level of protection,
 * where one may go, and who one is. It knows no API: what a page does about signing out or a
 * palette is handed in.
 *
 * @import { Me } from "../types/api.js"
 * @import { VNode } from "preact"
 */
import { h } from "preact";
import { useEffect, useState } from "preact/hooks";
import { html } from "./html.js";
import { Icon, Keys, Mark } from "./icon.js";
import { chooseTheme, readTheme, THEMES } from "./theme.js";

/** @typedef {(key: string, values?: Record<string, string | number>) => string} Text */
/** @typedef {import("./theme.js").Theme} Theme */

/**
 * @typedef {object} Place
 * @property {string} name
 * @property {string} href
 * @property {string} permission Who lacks it does not see the place.
 */

/** @type {readonly Place[]} One line a place, in the order in which they are shown. */
export const PLACES = [
  { name: "work", href: "/work", permission: "tasks.lease" },
  { name: "projects", href: "/projects", permission: "tasks.read" },
  { name: "people", href: "/people", permission: "members.invite" },
  { name: "audit", href: "/audit", permission: "log.read" },
];

const LEVELS = new Set(["L0", "L1", "L2", "L3"]);

/**
 * Where somebody with these permissions begins.
 * @param {readonly string[]} permissions
 * @returns {string}
 */
export function homeOf(permissions) {
  const place = PLACES.find(({ permission }) => permissions.includes(permission));
  return place?.href ?? "/account";
}

/**
 * The level of protection, with what it means on demand (specs/trust.md).
 * @param {{level: string, t: Text}} props
 * @returns {VNode}
 */
export function Level({ level, t }) {
  if (!LEVELS.has(level)) return html`<span class="badge">${level}</span>`;
  return html`<span class="level">
    <button class="badge" type="button" popovertarget="level-note">
      ${level}${" "}<span class="badge-text">${t(`level.${level}.name`)}</span>
    </button>
    <span id="level-note" class="popover" popover="auto">${t(`level.${level}.note`)}</span>
  </span>`;
}

/** @param {{t: Text}} props @returns {VNode} */
function ThemeChoice({ t }) {
  const [theme, setTheme] = useState(readTheme);
  /** @param {Theme} chosen */
  const choose = (chosen) => {
    chooseTheme(chosen);
    setTheme(chosen);
  };
  return html`<fieldset class="theme-choice">
    <legend>${t("frame.theme")}</legend>
    ${THEMES.map((one) => html`<label key=${one}>
      <input type="radio" name="theme" value=${one} checked=${theme === one} onChange=${() => choose(one)} />
      <span>${t(`frame.theme.${one}`)}</span>
    </label>`)}
  </fieldset>`;
}

/**
 * @param {{me: Me, t: Text, onSignOut: () => void, onKeys?: (() => void) | undefined}} props
 * @returns {VNode}
 */
function AccountMenu({ me, t, onSignOut, onKeys }) {
  const { member } = me;
  return html`<div class="account">
    <button class="button is-quiet account-button" type="button" popovertarget="account-menu"
      aria-label=${t("frame.account_of", { name: member.name })}>
      <span class="avatar" aria-hidden="true">${[...member.name.trim()][0]?.toUpperCase() ?? "?"}</span>
      <span class="member" dir="auto">${member.name}</span>
    </button>
    <div id="account-menu" class="popover account-menu" popover="auto">
      <p class="account-name" dir="auto">${member.name}</p>
      <p class="fine">${t(`role.${member.role}`)} · <span dir="auto">${me.workspace.name}</span></p>
      <a class="menu-item" href="/account">${t("frame.account")}</a>
      ${onKeys ? html`<button class="menu-item" type="button" onClick=${onKeys}>
        ${t("frame.keys")}</button>` : null}
      ${h(ThemeChoice, { t })}
      <button class="menu-item" type="button" onClick=${onSignOut}>${t("frame.sign_out")}</button>
    </div>
  </div>`;
}

/**
 * Ctrl-K (or Cmd-K) wherever the focus is.
 * @param {(() => void) | undefined} onPalette
 */
function usePaletteKey(onPalette) {
  useEffect(() => {
    if (onPalette === undefined) return undefined;
    /** @param {KeyboardEvent} event */
    const onKey = (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      if (document.querySelector("dialog[open]") === null) onPalette();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [onPalette]);
}

/**
 * @typedef {object} FrameProps
 * @property {Me} me
 * @property {string} here Name of the place that is open, of PLACES; "" for none of them.
 * @property {string} status What is to be said by a screen reader; said when it changes.
 * @property {Text} t
 * @property {() => void} onSignOut
 * @property {(() => void) | undefined} [onPalette] Opens the page's palette of commands.
 * @property {(() => void) | undefined} [onKeys] Opens the page's map of keys.
 * @property {unknown} [tools] Stands between navigation and account, e.g. what was saved.
 * @property {string} [skipTo] Id that the skip link leads to; `main` unless said.
 * @property {string} [skipText]
 * @property {unknown} children The page: one `<main id="main" tabindex="-1">`.
 */

/**
 * @param {FrameProps} props
 * @returns {VNode}
 */
export function Frame(props) {
  const { me, here, status, t, onSignOut, onPalette, onKeys, tools, children } = props;
  usePaletteKey(onPalette);
  const places = PLACES.filter(({ permission }) => me.permissions.includes(permission));
  return html`<div class="framed">
    <a class="skip-link" href=${`#${props.skipTo ?? "main"}`}>${props.skipText ?? t("frame.skip_main")}</a>
    <header class="masthead">
      <a class="brand" href="/home" aria-label=${t("frame.home")}>${h(Mark, {})}</a>
      <p class="workspace"><span class="workspace-name" dir="auto">${me.workspace.name}</span>
        ${h(Level, { level: me.workspace.level, t })}</p>
      <nav class="places" aria-label=${t("frame.places")}>
        ${places.map(({ name, href }) => html`<a key=${name} href=${href}
          aria-current=${here === name ? "page" : undefined}>${t(`frame.place.${name}`)}</a>`)}
      </nav>
      <div class="masthead-end">
        ${tools ?? null}
        ${onPalette
          ? html`<button class="button is-quiet palette-button" type="button" onClick=${onPalette}
              aria-keyshortcuts="Control+K" aria-label=${t("frame.palette")}>
              ${h(Icon, { name: "search" })}${h(Keys, { keys: ["Ctrl", "K"] })}
            </button>`
          : null}
        ${h(AccountMenu, { me, t, onSignOut, onKeys })}
      </div>
    </header>
    <p id="announcer" class="visually-hidden" role="status" aria-live="polite">${status}</p>
    ${children}
  </div>`;
}
