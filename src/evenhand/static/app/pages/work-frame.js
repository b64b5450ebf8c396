/**
 * What the work page puts into the frame: which project, and what was saved.
 *
 * @import { Text } from "../i18n.js"
 * @import { Project } from "../types/api.js"
 * @import { VNode } from "preact"
 */
import { html } from "../ui/html.js";

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
 * @param {readonly Project[]} props.projects
 * @param {Project} props.project
 * @param {(projectId: string) => void} props.onProject
 * @param {Text} props.t
 * @returns {VNode}
 */
export function ProjectChoice({ projects, project, onProject, t }) {
  if (projects.length < 2) return html`<h1 class="project" dir="auto">${project.name}</h1>`;
  return html`<select class="project" aria-label=${t("frame.project")} value=${project.id}
    onChange=${(/** @type {Event} */ event) =>
      onProject(/** @type {HTMLSelectElement} */ (event.target).value)}>
    ${projects.map(({ id, name }) => html`<option key=${id} value=${id}>${name}</option>`)}
  </select>`;
}
