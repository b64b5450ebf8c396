/**
 * The editors by task type. One more type is one folder and one line here.
 *
 * @import { Editor } from "../types/editor.js"
 */

/** @type {Record<string, () => Promise<{editor: Editor<any>}>>} */
const EDITORS = {
  pairwise: () => import("./pairwise/index.js"),
};

/**
 * Begins at once.
 * @param {string} taskType
 * @returns {Promise<Editor<any>> | null} Null for a task type that this page does not know.
 */
export function loadEditor(taskType) {
  const load = Object.hasOwn(EDITORS, taskType) ? EDITORS[taskType] : undefined;
  return load ? load().then(({ editor }) => editor) : null;
}
