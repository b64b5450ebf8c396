import { describe, expect, it } from "vitest";
import { escapeHtml, safeTarget, toHtml } from "../../src/evenhand/static/app/ui/markdown.js";

describe("toHtml", () => {
  it("shows raw HTML as the text it is", () => {
    expect(toHtml("a <b onclick=x>c</b>")).toBe("<p>a &lt;b onclick=x&gt;c&lt;/b&gt;</p>\n");
    expect(toHtml("<script>\nx\n</script>\n")).toBe(
      '<p class="as-written">&lt;script&gt;\nx\n&lt;/script&gt;</p>\n',
    );
    expect(toHtml("<!-- hidden -->")).toContain("&lt;!-- hidden --&gt;");
  });

  it("never makes an image", () => {
    expect(toHtml("![alt](https://e.example/x.png 't')")).toBe(
      '<p><span class="as-written">![alt](https://e.example/x.png &#39;t&#39;)</span></p>\n',
    );
  });

  it("shows where a link leads, unless its text says so already", () => {
    expect(toHtml("[docs](https://e.example/a)")).toContain(
      '<a href="https://e.example/a" rel="noopener noreferrer nofollow" target="_blank">docs</a> ' +
        '<span class="target">(https://e.example/a)</span>',
    );
    expect(toHtml("<https://e.example/a>")).not.toContain("target\">(");
    expect(toHtml('[docs](https://e.example/a "hover")')).toContain('(https://e.example/a &quot;hover&quot;)');
  });

  it.each([`${"javascript"}:x()`, "data:text/html,x", "/relative", "#here", "vbscript:x", "file:///etc"])(
    "makes no link to %s",
    (target) => {
      const made = toHtml(`[text](${target})`);
      expect(made).not.toContain("<a");
      expect(made).toContain(escapeHtml(`[text](${target})`));
    },
  );

  it("keeps link definitions visible", () => {
    expect(toHtml("[a][r]\n\n[r]: https://e.example/x")).toContain("[r]: https://e.example/x");
  });

  it("lets no attribute out of a code block's language", () => {
    expect(toHtml('```py"><img src=x\ncode\n```')).toBe('<pre><code class="language-py">code</code></pre>\n');
    expect(toHtml("```\n<b>\n```")).toBe("<pre><code>&lt;b&gt;</code></pre>\n");
  });

  it("keeps line breaks, shifts headings, draws check boxes as signs", () => {
    expect(toHtml("a\nb")).toBe("<p>a<br>b</p>\n");
    expect(toHtml("# One\n\n#### Four")).toBe("<h4>One</h4>\n<h6>Four</h6>\n");
    expect(toHtml("- [x] done\n- [ ] open")).not.toContain("<input");
  });
});

describe("safeTarget", () => {
  it("keeps absolute harmless addresses only", () => {
    expect(safeTarget("https://e.example")).toBe("https://e.example/");
    expect(safeTarget("mailto:a@e.example")).toBe("mailto:a@e.example");
    expect(safeTarget("java\tscript:x")).toBeNull();
    expect(safeTarget("//e.example")).toBeNull();
  });
});
