import { expect, test } from "vitest";
import { roundUp, shortened } from "../../src/evenhand/static/app/ui/chart.js";
import { parseTheme } from "../../src/evenhand/static/app/ui/theme.js";

test("an axis ends at 1, 2 or 5 times a power of ten, not below the highest bar", () => {
  /** @type {[number, number][]} */
  const ends = [[0, 1], [1, 1], [3, 5], [6, 10], [10, 10], [11, 20], [8931, 10000], [50001, 100000]];
  for (const [most, end] of ends) {
    expect(roundUp(most)).toBe(end);
  }
});

test("a long name is cut by letters, not by halves of them", () => {
  expect(shortened("short")).toBe("short");
  expect(shortened("🙂".repeat(40))).toBe(`${"🙂".repeat(29)}…`);
});

test("an unknown theme is the system's", () => {
  expect(parseTheme("dark")).toBe("dark");
  for (const stored of [null, "", "neon", "__proto__"]) expect(parseTheme(stored)).toBe("system");
});
