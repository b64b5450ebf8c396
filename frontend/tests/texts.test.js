import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createText, loadCatalogue } from "../../src/evenhand/static/app/i18n.js";

const app = fileURLToPath(new URL("../../src/evenhand/static/app", import.meta.url));
const catalogue = JSON.parse(readFileSync(join(app, "locales", "en.json"), "utf8"));

const sources = readdirSync(app, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".js") && !path.startsWith("vendor"))
  .map((path) => readFileSync(join(app, path), "utf8"))
  .join("\n");

/** Keys without their plural category. */
const keys = [...new Set(Object.keys(catalogue).map((key) => key.replace(/\.(one|other)$/, "")))];

describe("the catalogue", () => {
  it("has every text that is asked for by its full key", () => {
    const asked = [...sources.matchAll(/\bt\(\s*"([a-z0-9_.L]+)"/g)].map((match) => match[1]);
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.filter((key) => !keys.includes(key ?? ""))).toEqual([]);
  });

  it("has no text that nothing could ask for", () => {
    // A composed key is asked for by its beginning: t(`level.${level}.name`).
    const beginnings = [...sources.matchAll(/`([a-z_.]+\.)\$\{/g)].map((match) => match[1] ?? "");
    const composed = [...sources.matchAll(/`\$\{verb\}\.([a-z]+)`/g)].map((match) => match[1]);
    const unused = keys.filter((key) => {
      if (sources.includes(`"${key}"`)) return false;
      if (beginnings.some((start) => key.startsWith(start))) return false;
      return !composed.some((end) => key === `skip.${end}` || key === `flag.${end}`);
    });
    expect(unused).toEqual([]);
  });
});

describe("createText", () => {
  const t = createText({ "n.one": "{count} answer", "n.other": "{count} answers", plain: "Hi {name}" }, "en");

  it("fills in and chooses the plural", () => {
    expect(t("n", { count: 1 })).toBe("1 answer");
    expect(t("n", { count: 1200 })).toBe("1,200 answers");
    expect(t("plain", { name: "<b>" })).toBe("Hi <b>");
  });

  it("does not fill in what a value brings along", () => {
    expect(t("plain", { name: "{count} $&" })).toBe("Hi {count} $&");
  });

  it("refuses unknown keys and missing values", () => {
    expect(() => t("none")).toThrow('has no text "none"');
    expect(() => t("plain")).toThrow('needs a value for "name"');
  });
});

describe("loadCatalogue", () => {
  it("gives the texts or says why not", async () => {
    const good = async () => new Response('{"a": "b"}');
    expect(await loadCatalogue("/en.json", /** @type {any} */ (good))).toEqual({ a: "b" });
    const bad = async () => new Response("", { status: 404 });
    await expect(loadCatalogue("/en.json", /** @type {any} */ (bad))).rejects.toThrow("HTTP 404");
  });
});
