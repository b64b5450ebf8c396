/**
 * What the annotator's page needs only later: the dialogs that explain, the summary, the notices
 * about drafts. Loaded by name once the first task is painted.
 */
export { Palette } from "../ui/palette.js";
export { DraftNotices } from "./work-drafts.js";
export { KeysDialog } from "./work-keys.js";
export { Summary, SummaryDialog } from "./work-summary.js";
