import { describe, expect, it } from "vitest";
import { parsePreferences } from "../../src/evenhand/static/app/pages/preferences.js";

describe("parsePreferences", () => {
  it("keeps what it knows and falls back for the rest", () => {
    const defaults = { instructions: true, singleKeys: true, raw: false, keys: {} };
    expect(parsePreferences(null)).toEqual(defaults);
    expect(parsePreferences("{broken")).toEqual(defaults);
    expect(parsePreferences("null")).toEqual(defaults);
    expect(parsePreferences('{"keys": {"skip": ["x"], "flag": 4, "raw": [3]}}').keys).toEqual({ skip: ["x"] });
    expect(parsePreferences('{"keys": ["x"]}').keys).toEqual({});
    expect(parsePreferences('{"raw": true, "singleKeys": "no"}')).toEqual({ ...defaults, raw: true });
  });
});
