/**
 * What stands around the work: who, where, at which level of protection, and what was saved.
 *
 * @import { Text } from "../i18n.js"
 * @import { Me, Project } from "../types/api.js"
 * @import { VNode } from "preact"
 */
import { h } from "preact";
import { html } from "../ui/html.js";
import { Keys } from "../ui/keycap.js";
import { Mark } from "../ui/mark.js";

const LEVELS = new Set(["L0", "L1", "L2", "L3"]);

/**
 * The level of protection, with what it means on demand (specs/trust.md).
 * @param {{level: string, t: Text}} props
 * @returns {VNode}
 */
function Level({ level, t }) {
  if (!LEVELS.has(level)) return html`<span class="badge">${level}</span>`;
  return html`<span class="level">
    <button class="badge" type="button" popovertarget="level-note">
      ${level}${" "}<span class="badge-text">${t(`level.${level}.name`)}</span>
    </button>
    <span id="level-note" class="popover" popover="auto">${t(`level.${level}.note`)}</span>
  </span>`;
}

/**
 * @param {object} props
 * @param {number} props.unsent
 * @param {boolean} props.stuck Whether the last try failed.
 * @param {number} props.sent
 * @param {Text} props.t
 * @returns {VNode}
 */
export function SaveState({ unsent, stuck, sent, t }) {
  const key = unsent === 0 ? (sent === 0 ? "none" : "saved") : stuck ? "unsent" : "sending";
  const count = unsent === 0 ? sent : unsent;
  return html`<p class=${`save-state is-${key}`} data-unsent=${unsent} data-sent=${sent}>
    ${key === "none" ? "" : t(`save.${key}`, { count })}
  </p>`;
}

/**
 * @param {object} props
 * @param {Me} props.me
 * @param {readonly Project[]} props.projects
 * @param {Project | null} props.project
 * @param {VNode | null} props.saveState
 * @param {(projectId: string) => void} props.onProject
 * @param {() => void} props.onKeys
 * @param {() => void} props.onSignOut
 * @param {boolean} props.showKeys
 * @param {Text} props.t
 * @returns {VNode}
 */
export function Frame({ me, projects, project, saveState, onProject, onKeys, onSignOut, showKeys, t }) {
  return html`<header class="frame">
    <a class="skip-link" href="#task-title">${t("frame.skip")}</a>
    <p class="brand">${h(Mark, {})}<span class="visually-hidden">Evenhand</span></p>
    <div class="place">
      ${projects.length > 1
        ? html`<select aria-label=${t("frame.project")} value=${project?.id}
            onChange=${(/** @type {Event} */ event) =>
              onProject(/** @type {HTMLSelectElement} */ (event.target).value)}>
            ${projects.map(({ id, name }) => html`<option key=${id} value=${id}>${name}</option>`)}
          </select>`
        : html`<h1 class="project" dir="auto">${project?.name ?? t("frame.no_project")}</h1>`}
      <p class="workspace"><span dir="auto">${me.workspace.name}</span>
        ${h(Level, { level: me.workspace.level, t })}</p>
    </div>
    ${saveState}
    <div class="who">
      <button class="button is-quiet" type="button" onClick=${onKeys}>
        ${t("frame.keys")}${showKeys ? h(Keys, { keys: ["?"] }) : null}
      </button>
      <span class="member" dir="auto">${me.member.name}</span>
      <button class="button is-quiet" type="button" onClick=${onSignOut}>${t("frame.sign_out")}</button>
    </div>
  </header>`;
}
