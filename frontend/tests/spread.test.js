import { expect, test } from "vitest";
import { spread } from "../../src/evenhand/static/app/pages/progress-view.js";

const now = Date.parse("2026-11-24T08:30:00Z");
const hour = (/** @type {string} */ at, /** @type {number} */ judgments) => ({ at, judgments, annotators: 1 });

test("hours without judgments are shown as nothing, older ones are left out", () => {
  const slots = spread(
    [hour("2026-11-24T08:00:00+00:00", 3), hour("2026-11-24T06:00:00+00:00", 2), hour("2026-11-23T08:00:00+00:00", 9)],
    { by: "hour", count: 4, now },
  );
  expect(slots.map((slot) => slot.judgments)).toEqual([0, 2, 0, 3]);
  expect(new Date(slots[3]?.at ?? 0).toISOString()).toBe("2026-11-24T08:00:00.000Z");
});

test("days add their hours up", () => {
  const hours = [hour("2026-11-23T01:00:00+00:00", 1), hour("2026-11-23T23:00:00+00:00", 4), hour("2026-11-24T00:00:00+00:00", 7)];
  expect(spread(hours, { by: "day", count: 2, now }).map((slot) => slot.judgments)).toEqual([5, 7]);
});
