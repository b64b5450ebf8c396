import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  answerProblems, codePoints, parseAnswer, renderAnswer, sideOf, storable,
} from "../../src/evenhand/static/app/editors/pairwise/codec.js";
import { bindings } from "../../src/evenhand/static/app/editors/pairwise/keys.js";
import { gap, initial, reduce, restore, touched } from "../../src/evenhand/static/app/editors/pairwise/reducer.js";

/** @import { Order, PairwiseSettings } from "../../src/evenhand/static/app/types/api.js" */

const DEFAULTS = /** @type {PairwiseSettings} */ ({ tie: true, reason: "optional", order: "given" });

/** @param {string} name @returns {any[]} */
function golden(name) {
  const url = new URL(`../../specs/answers/pairwise/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8"));
}

describe("golden answers", () => {
  it.each(golden("valid"))("accepts: $name", ({ settings, answer }) => {
    const whole = { ...DEFAULTS, ...settings };
    expect(answerProblems(answer, whole)).toEqual([]);
    const rendered = renderAnswer(parseAnswer(answer), answer.order, whole);
    // The page never sends a blank reason: it leaves the field out.
    const { reason, ...rest } = answer;
    const expected = (reason ?? "").trim() === "" ? rest : answer;
    expect(rendered).toEqual(expected);
  });

  it.each(golden("invalid"))("refuses: $name", ({ settings, answer, problems }) => {
    const found = answerProblems(answer, { ...DEFAULTS, ...settings });
    expect(found.map(({ path }) => path).sort()).toEqual(problems);
  });
});

describe("order", () => {
  const picks = /** @type {const} */ (["a", "b", "tie"]);
  it.each(/** @type {Order[]} */ (["given", "swapped"]))("%s: parse undoes render", (order) => {
    for (const pick of picks) {
      const state = { pick, reason: "Because." };
      expect(parseAnswer(renderAnswer(state, order, DEFAULTS))).toEqual(state);
    }
  });

  it("names the side that was shown", () => {
    expect(sideOf("a", "given")).toBe("left");
    expect(sideOf("a", "swapped")).toBe("right");
    expect(sideOf("b", "swapped")).toBe("left");
    expect(renderAnswer({ pick: "a", reason: "" }, "swapped", DEFAULTS)).toEqual({
      choice: "right",
      order: "swapped",
    });
  });

  it("renders nothing that the server would refuse", () => {
    expect(() => renderAnswer(initial(), "given", DEFAULTS)).toThrow("Nothing is picked");
    expect(() => renderAnswer({ pick: "tie", reason: "" }, "given", { ...DEFAULTS, tie: false })).toThrow();
    expect(renderAnswer({ pick: "a", reason: "kept back" }, "given", { ...DEFAULTS, reason: "off" })).toEqual({
      choice: "left",
      order: "given",
    });
  });
});

describe("reducer", () => {
  it("picks, and ties only where there are ties", () => {
    expect(reduce(initial(), "pick-b", undefined, DEFAULTS).pick).toBe("b");
    const state = initial();
    expect(reduce(state, "pick-tie", undefined, { ...DEFAULTS, tie: false })).toBe(state);
    expect(reduce(state, "unknown", undefined, DEFAULTS)).toBe(state);
  });

  it("takes a reason only where one is asked for, in storable form", () => {
    const state = initial();
    expect(reduce(state, "type-reason", "x", { ...DEFAULTS, reason: "off" })).toBe(state);
    expect(reduce(state, "type-reason", "a\0b\ud800", DEFAULTS).reason).toBe("a\ufffdb\ufffd");
    expect(storable("plain 😀")).toBe("plain 😀");
  });

  it("says what is missing", () => {
    expect(gap(initial(), DEFAULTS)?.field).toBe("pick");
    expect(gap({ pick: "a", reason: " " }, DEFAULTS)).toBeNull();
    expect(gap({ pick: "a", reason: " " }, { ...DEFAULTS, reason: "required" })?.field).toBe("reason");
    expect(gap({ pick: "a", reason: "x".repeat(4001) }, DEFAULTS)?.text).toBe("pairwise.gap.reason_long");
    expect(gap({ pick: "a", reason: "😀".repeat(4000) }, DEFAULTS)).toBeNull();
    expect(gap({ pick: "a", reason: "x".repeat(4001) }, { ...DEFAULTS, reason: "off" })).toBeNull();
    expect(codePoints("😀a")).toBe(2);
  });

  it("restores drafts of its own shape only", () => {
    expect(restore({ pick: "tie", reason: "r" })).toEqual({ pick: "tie", reason: "r" });
    expect(restore({ pick: "left", reason: 4 })).toEqual(initial());
    expect(restore(null)).toEqual(initial());
    expect(touched(initial())).toBe(false);
    expect(touched({ pick: null, reason: "x" })).toBe(true);
  });

  it("binds only what the settings allow", () => {
    const actions = (/** @type {PairwiseSettings} */ settings) => bindings(settings).map(({ action }) => action);
    expect(actions(DEFAULTS)).toEqual(["pick-a", "pick-b", "pick-tie", "focus-reason"]);
    expect(actions({ ...DEFAULTS, tie: false, reason: "off" })).toEqual(["pick-a", "pick-b"]);
  });
});
