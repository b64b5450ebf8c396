import type { LanguageFn } from "highlight.js";
declare const language: LanguageFn;
export default language;
