/**
 * Colours code. Loaded when the first code block with a known language is shown.
 */
import DOMPurify from "dompurify";
import highlighter from "highlight.js/core";
import bash from "highlight.js/languages/bash";
import cpp from "highlight.js/languages/cpp";
import java from "highlight.js/languages/java";
import javascript from "highlight.js/languages/javascript";
import json from "highlight.js/languages/json";
import python from "highlight.js/languages/python";
import sql from "highlight.js/languages/sql";
import xml from "highlight.js/languages/xml";

// Above this many characters colouring takes longer than a key press may.
const LENGTH_MAX = 20_000;

for (const [name, language] of Object.entries({ bash, cpp, java, javascript, json, python, sql, xml })) {
  highlighter.registerLanguage(name, language);
}

/**
 * Replaces the text of a code element by its coloured form, if its language is known.
 * @param {Element} code
 */
export function highlightInto(code) {
  const language = code.className.replace(/^language-/, "");
  const source = code.textContent ?? "";
  if (source.length > LENGTH_MAX || !highlighter.getLanguage(language)) return;
  const coloured = highlighter.highlight(source, { language, ignoreIllegals: true });
  const fragment = DOMPurify.sanitize(coloured.value, {
    ALLOWED_TAGS: ["span"],
    ALLOWED_ATTR: ["class"],
    RETURN_DOM_FRAGMENT: true,
  });
  // A colouring that changed the text would show something that nobody wrote.
  if (fragment.textContent === source) code.replaceChildren(fragment);
}
