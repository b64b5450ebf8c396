/**
 * From text that others wrote to HTML that does nothing.
 *
 * Whoever labels must see what is there, so nothing is dropped silently: raw HTML, images,
 * definitions and links that lead nowhere safe appear as the text they were. A link shows its
 * target. Nothing here fetches anything. `toHtml` is pure; the page puts its result through
 * DOMPurify (see markdown-view.js), which is the second belt.
 *
 * @import { Tokens } from "marked"
 */
import { Marked } from "marked";

const SAFE_PROTOCOLS = new Set(["http:", "https:", "mailto:"]);

const ENTITIES = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["'", "&#39;"],
]);

/** @param {string} text */
export const escapeHtml = (text) => text.replace(/[&<>"']/g, (sign) => ENTITIES.get(sign) ?? sign);

/**
 * The target of a link when it is absolute and of a harmless kind, otherwise null.
 * @param {string} href
 * @returns {string | null}
 */
export function safeTarget(href) {
  if (!URL.canParse(href)) return null;
  const url = new URL(href);
  return SAFE_PROTOCOLS.has(url.protocol) ? url.href : null;
}

/** @param {string} raw */
const asWritten = (raw) => `<span class="as-written">${escapeHtml(raw)}</span>`;

const markdown = new Marked({
  async: false,
  gfm: true,
  breaks: true,
  renderer: {
    html(token) {
      const text = escapeHtml(token.raw.replace(/\n+$/, ""));
      return "block" in token && token.block ? `<p class="as-written">${text}</p>\n` : text;
    },
    def: (token) => `<p class="as-written">${escapeHtml(token.raw.trim())}</p>\n`,
    image: (token) => asWritten(token.raw),
    link(token) {
      const target = safeTarget(token.href);
      if (target === null) return asWritten(token.raw);
      const label = this.parser.parseInline(token.tokens);
      const shown = token.text === token.href || token.text === target;
      const written = shown && !token.title ? "" : targetText(token);
      const rel = 'rel="noopener noreferrer nofollow" target="_blank"';
      return `<a href="${escapeHtml(target)}" ${rel}>${label}</a>${written}`;
    },
    heading(token) {
      // The page's own headings end at the third level.
      const level = Math.min(6, token.depth + 3);
      return `<h${level}>${this.parser.parseInline(token.tokens)}</h${level}>\n`;
    },
    code(token) {
      const language = /^[\w+#-]{1,30}/.exec(token.lang ?? "")?.[0]?.toLowerCase();
      const mark = language ? ` class="language-${escapeHtml(language)}"` : "";
      return `<pre><code${mark}>${escapeHtml(token.text)}</code></pre>\n`;
    },
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
  },
});

/** @param {Tokens.Link} token */
function targetText(token) {
  const title = token.title ? ` "${token.title}"` : "";
  return ` <span class="target">(${escapeHtml(token.href + title)})</span>`;
}

/**
 * @param {string} source
 * @returns {string} HTML without any resource, script or style.
 */
export function toHtml(source) {
  return markdown.parse(source, { async: false });
}
