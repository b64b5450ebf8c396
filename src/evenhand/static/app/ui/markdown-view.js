/**
 * Shows a text as Markdown or as written.
 *
 * DOMPurify gives a fragment of nodes, never a string, so no HTML is parsed after it. The page's
 * policy allows no other Trusted Types policy than the one that DOMPurify makes for itself.
 *
 * @import { VNode } from "preact"
 */
import DOMPurify from "dompurify";
import { useLayoutEffect, useRef } from "preact/hooks";
import { html } from "./html.js";
import { escapeHtml, toHtml } from "./markdown.js";

const ALLOWED = {
  ALLOWED_TAGS: [
    ..."a blockquote br code del em h4 h5 h6 hr li ol p pre s span strong".split(" "),
    ..."table tbody td th thead tr ul".split(" "),
  ],
  ALLOWED_ATTR: ["align", "class", "href", "rel", "start", "target"],
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: /** @type {const} */ (true),
};

/**
 * The nodes of a Markdown text. A text that breaks the formatter is shown as it was written:
 * the work must not stop at it.
 * @param {string} source
 * @returns {DocumentFragment}
 */
function fragmentOf(source) {
  let formatted;
  try {
    formatted = toHtml(source);
  } catch (error) {
    // Deep nesting overflows the formatter's recursion; every other error is its bug too.
    console.warn("A text could not be formatted.", error);
    formatted = `<p class="as-written">${escapeHtml(source)}</p>`;
  }
  return DOMPurify.sanitize(formatted, ALLOWED);
}

/**
 * Gives the text's headings levels that follow the page's, one below the other without a gap, however
 * they were written.
 * @param {DocumentFragment} fragment
 * @param {number} under The level of the page's heading above the text.
 */
function levelHeadings(fragment, under) {
  /** @type {string[]} */
  const above = [];
  for (const heading of fragment.querySelectorAll("h4, h5, h6")) {
    while (above.length > 0 && (above[above.length - 1] ?? "") >= heading.localName) above.pop();
    above.push(heading.localName);
    heading.setAttribute("aria-level", String(under + above.length));
  }
}

/**
 * Lets the keyboard reach what is too wide for its box (WCAG 2.2, 2.1.1), as long as it is.
 * @param {HTMLElement} box
 * @returns {() => void} Ends it.
 */
function keepScrollable(box) {
  const wide = [...box.querySelectorAll("pre, table")];
  const observer = new ResizeObserver(() => {
    for (const part of wide) {
      if (part.scrollWidth > part.clientWidth) part.setAttribute("tabindex", "0");
      else part.removeAttribute("tabindex");
    }
  });
  if (wide.length > 0) observer.observe(box);
  return () => observer.disconnect();
}

/**
 * @param {object} props
 * @param {string} props.source
 * @param {boolean} props.raw As written, in a fixed pitch, instead of as Markdown.
 * @param {string} props.empty What to say when there is no text at all.
 * @param {number} [props.under] The level of the page's heading above the text.
 * @returns {VNode}
 */
export function Content({ source, raw, empty, under = 3 }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || raw) return undefined;
    const fragment = fragmentOf(source);
    levelHeadings(fragment, under);
    element.replaceChildren(fragment);
    const blocks = [...element.querySelectorAll("pre > code[class^='language-']")];
    if (blocks.length > 0) {
      import("./highlight.js").then(({ highlightInto }) => {
        for (const block of blocks) if (block.isConnected) highlightInto(block);
      }, console.warn); // Uncoloured code is still readable.
    }
    return keepScrollable(element);
  }, [source, raw, under]);
  if (source.trim() === "") return html`<p class="empty-text">${empty}</p>`;
  if (raw) return html`<pre key="raw" class="raw" dir="auto">${source}</pre>`;
  return html`<div key="markdown" class="markdown" dir="auto" ref=${box}></div>`;
}
