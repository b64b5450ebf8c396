import type { HLJSApi } from "highlight.js";
declare const highlighter: HLJSApi;
export default highlighter;
