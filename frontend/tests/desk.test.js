import { describe, expect, it } from "vitest";
import { keyOf, proposeKey, withOwnKeys } from "../../src/evenhand/static/app/keys.js";
import { NO_STEPS, record, stepBack, stepForward } from "../../src/evenhand/static/app/store/history.js";
import { putFirst } from "../../src/evenhand/static/app/store/queue.js";
import { Recent, RECENT_MAX } from "../../src/evenhand/static/app/store/recent.js";
import { median, Session } from "../../src/evenhand/static/app/store/session.js";
import { createStopwatch } from "../../src/evenhand/static/app/store/stopwatch.js";

/** @param {string} key @param {object} [more] */
const press = (key, more = {}) => ({
  key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, repeat: false,
  where: /** @type {const} */ ("page"), ...more,
});

describe("history", () => {
  it("goes back and forth, and a new step ends the way forth", () => {
    const first = record(record(NO_STEPS, "a", "pick"), "b", "pick");
    const back = stepBack(first, "c");
    expect(back?.state).toBe("b");
    const further = stepBack(/** @type {any} */ (back).history, "b");
    expect(further?.state).toBe("a");
    expect(stepBack(/** @type {any} */ (further).history, "a")).toBeNull();
    const forth = stepForward(/** @type {any} */ (further).history, "a");
    expect(forth?.state).toBe("b");
    const anew = record(/** @type {any} */ (forth).history, "b", "pick");
    expect(stepForward(anew, "x")).toBeNull();
  });

  it("takes letters in a row as one step, and nothing else", () => {
    let history = record(NO_STEPS, "", "type-reason");
    history = record(history, "a", "type-reason");
    history = record(history, "ab", "pick-a");
    history = record(history, "abc", "pick-a");
    expect(history.past).toEqual(["", "ab", "abc"]);
    const back = stepBack(history, "end");
    // After a step back the next letter is a step of its own.
    expect(record(/** @type {any} */ (back).history, "abc", "type-reason").past).toHaveLength(3);
  });
});

describe("stopwatch", () => {
  it("counts while it runs, on top of what a draft brought", () => {
    let now = 100;
    const watch = createStopwatch(() => now);
    watch.reset(50);
    now = 200;
    expect(watch.elapsedMs()).toBe(50);
    watch.run();
    now = 250.6;
    watch.run();
    expect(watch.elapsedMs()).toBe(101);
    watch.pause();
    watch.pause();
    now = 900;
    expect(watch.elapsedMs()).toBe(101);
  });

  it("stops counting when nobody is at work, and goes on with the next touch", () => {
    let now = 0;
    const watch = createStopwatch(() => now, 1000);
    watch.run();
    now = 900;
    watch.touch();
    now = 5000;
    expect(watch.isActive()).toBe(false);
    expect(watch.elapsedMs()).toBe(1900);
    watch.touch();
    now = 5500;
    expect(watch.isActive()).toBe(true);
    expect(watch.elapsedMs()).toBe(2400);
    now = 50_000;
    watch.pause();
    expect(watch.elapsedMs()).toBe(2900);
    watch.touch();
    expect(watch.isActive()).toBe(false);
    watch.run();
    now = 50_100;
    expect(watch.elapsedMs()).toBe(3000);
  });
});

describe("session", () => {
  it("has the median of what stands", () => {
    expect(median([])).toBeNull();
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    const session = new Session();
    session.answered("1", 100);
    session.answered("2", 300);
    session.setAside("skip");
    session.setAside("flag");
    session.undone("2");
    const { answered, skipped, flagged, undone } = session.numbers.value;
    expect([[...answered.values()], skipped, flagged, undone]).toEqual([[100], 1, 1, 1]);
  });
});

describe("recent", () => {
  it("asks once for what earlier pages sent, and keeps no more than twenty", async () => {
    let asked = 0;
    const ask = async () => {
      asked += 1;
      return [{ id: "j2", lease_id: "2" }, { id: "j1", lease_id: "1" }];
    };
    const recent = new Recent();
    expect(await recent.newest(ask)).toEqual({ lease_id: "2", judgment_id: "j2" });
    recent.drop("2");
    recent.drop("1");
    expect(await recent.newest(ask)).toBeNull();
    expect(asked).toBe(1);
    for (let number = 0; number <= RECENT_MAX; number += 1) recent.add(String(number));
    recent.acknowledged("20", "j20");
    recent.acknowledged("unknown", "j");
    expect(await recent.newest(ask)).toEqual({ lease_id: "20", judgment_id: "j20" });
    let count = 0;
    for (let one = await recent.newest(ask); one; one = await recent.newest(ask)) {
      recent.drop(one.lease_id);
      count += 1;
    }
    expect(count).toBe(RECENT_MAX);
  });
});

describe("queue", () => {
  it("puts what came back before all others, once", () => {
    const lease = (/** @type {string} */ id) => /** @type {any} */ ({ id });
    const queue = { leases: [lease("1"), lease("2")], finished: new Set(["0"]) };
    expect(putFirst(queue, lease("2")).leases.map(({ id }) => id)).toEqual(["2", "1"]);
    expect(putFirst(queue, lease("3")).leases).toHaveLength(3);
  });
});

describe("own keys", () => {
  const bindings = [
    { action: "skip", keys: ["s"], label: "key.skip" },
    { action: "undo", keys: ["u", "Ctrl+z"], label: "key.undo" },
  ];

  it("writes a press as a key", () => {
    expect(keyOf(press("S"))).toBe("s");
    expect(keyOf(press("Z", { metaKey: true, shiftKey: true }))).toBe("Ctrl+Shift+z");
    expect(keyOf(press("ArrowUp", { ctrlKey: true }))).toBe("Ctrl+ArrowUp");
  });

  it("gives a key to one action only", () => {
    const own = withOwnKeys(bindings, { skip: ["u"] });
    expect(own.map(({ keys }) => keys)).toEqual([["u"], ["Ctrl+z"]]);
    expect(withOwnKeys(bindings, {})).toEqual(bindings);
    expect(withOwnKeys(bindings, { toString: ["x"], skip: [] })[0]?.keys).toEqual([]);
  });

  it("says what a proposed key would mean", () => {
    expect(proposeKey(press("Shift"), "skip", bindings)).toBe("alone");
    for (const key of ["Tab", "Escape", " ", "F5"]) {
      expect(proposeKey(press(key), "skip", bindings)).toBe("reserved");
    }
    expect(proposeKey(press("w", { ctrlKey: true }), "skip", bindings)).toBe("reserved");
    expect(proposeKey(press("k", { ctrlKey: true }), "skip", bindings)).toBe("reserved");
    expect(proposeKey(press("x", { altKey: true }), "skip", bindings)).toBe("reserved");
    expect(proposeKey(press("x"), "skip", bindings)).toEqual({ key: "x", taken: null });
    expect(proposeKey(press("s"), "skip", bindings)).toEqual({ key: "s", taken: null });
    expect(proposeKey(press("U"), "skip", bindings)).toEqual({ key: "u", taken: bindings[1] });
    const undo = proposeKey(press("z", { ctrlKey: true }), "skip", bindings);
    expect(undo).toEqual({ key: "Ctrl+z", taken: bindings[1] });
  });
});
