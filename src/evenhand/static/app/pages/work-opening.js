/**
 * What the annotator's page asks for first: who is here, which projects, what this browser kept,
 * the first leases. Runs while the other modules of the page are still on their way, so it imports
 * next to nothing.
 *
 * @import { Api } from "../api.js"
 * @import { Me, Project } from "../types/api.js"
 * @import { Editor } from "../types/editor.js"
 * @import { Journal } from "../types/store.js"
 * @import { Opening } from "../store/opening.js"
 */
import { loadEditor } from "../editors/index.js";
import { openJournal } from "../store/journal.js";
import { openDesk } from "../store/opening.js";

const RELEASED = "evenhand.released";

/**
 * @typedef {object} WorkOpening
 * @property {Me} me
 * @property {Project[]} projects
 * @property {Project | undefined} project The wished one, else the first.
 * @property {boolean} chosen Whether the person chose it, and did not just come by.
 * @property {Editor<any> | null} editor Null for a task type that this page does not know.
 * @property {Journal} journal
 * @property {Promise<Opening> | null} desk Null without a project or its editor.
 */

/**
 * @param {Api} api
 * @returns {Promise<Project[]>}
 */
async function allProjects(api) {
  const projects = [];
  for (let cursor = /** @type {string | null} */ (null), more = true; more; more = cursor !== null) {
    const page = await api.projects(cursor);
    projects.push(...page.items);
    cursor = page.next_cursor;
  }
  return projects;
}

/**
 * Remembers over a reload what the closing page gives back.
 * @param {readonly string[]} leaseIds
 */
export function rememberReleases(leaseIds) {
  window.sessionStorage.setItem(RELEASED, JSON.stringify(leaseIds));
}

/**
 * After a reload: makes sure that the server has taken back what the closing page gave back,
 * before it is asked what this page holds.
 * @param {Api} api
 */
async function finishReleases(api) {
  const ids = JSON.parse(window.sessionStorage.getItem(RELEASED) ?? "[]");
  window.sessionStorage.removeItem(RELEASED);
  await Promise.all(ids.map((/** @type {string} */ id) => api.release(id)));
}

/**
 * @param {Api} api
 * @returns {Promise<WorkOpening>} Raises what the API raises.
 */
export async function open(api) {
  const opened = openJournal(window.indexedDB);
  const [me, projects] = await Promise.all([api.me(), allProjects(api), finishReleases(api)]);
  const query = new URLSearchParams(window.location.search);
  const wished = query.get("project");
  const project = projects.find(({ id }) => id === wished) ?? projects[0];
  const loading = project === undefined ? null : loadEditor(project.task_type);
  const journal = await opened;
  const desk =
    project === undefined || loading === null
      ? null
      : openDesk({ api, journal, memberId: me.member.id, project });
  desk?.catch(() => undefined); // Heard by the bench, which waits for it.
  const editor = await loading;
  return { me, projects, project, chosen: wished !== null && !query.has("seek"), editor, journal, desk };
}
