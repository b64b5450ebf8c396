import { describe, expect, it } from "vitest";
import { actionOf } from "../../src/evenhand/static/app/keys.js";

const BINDINGS = [
  { action: "submit", keys: ["Enter"], label: "" },
  { action: "skip", keys: ["s"], label: "" },
  { action: "left", keys: ["1", "ArrowLeft"], label: "" },
];
const ON = { singleKeys: true };

/** @param {Partial<import("../../src/evenhand/static/app/keys.js").Press>} press */
function act(press, options = ON) {
  const rest = { key: "", ctrlKey: false, metaKey: false, altKey: false, repeat: false };
  return actionOf({ ...rest, where: "page", ...press }, BINDINGS, options);
}

describe("actionOf", () => {
  it("finds the action, whatever the case of the letter", () => {
    expect(act({ key: "s" })).toBe("skip");
    expect(act({ key: "S" })).toBe("skip");
    expect(act({ key: "ArrowLeft" })).toBe("left");
    expect(act({ key: "x" })).toBeNull();
  });

  it("leaves a field its keys, but for Ctrl+Enter", () => {
    for (const key of ["s", "1", "ArrowLeft", "Enter"]) expect(act({ key, where: "field" })).toBeNull();
    expect(act({ key: "Enter", ctrlKey: true, where: "field" })).toBe("submit");
    expect(act({ key: "Enter", metaKey: true, where: "field" })).toBe("submit");
  });

  it("leaves a button or link its Enter", () => {
    expect(act({ key: "Enter", where: "control" })).toBeNull();
    expect(act({ key: "s", where: "control" })).toBe("skip");
  });

  it("leaves a box that scrolls its arrows", () => {
    expect(act({ key: "ArrowLeft", where: "scroller" })).toBeNull();
    expect(act({ key: "1", where: "scroller" })).toBe("left");
    expect(act({ key: "Enter", where: "scroller" })).toBe("submit");
  });

  it("leaves the browser its shortcuts and ignores a held key", () => {
    expect(act({ key: "s", ctrlKey: true })).toBeNull();
    expect(act({ key: "s", altKey: true })).toBeNull();
    expect(act({ key: "Enter", repeat: true })).toBeNull();
  });

  it("turns off keys of one character only", () => {
    expect(act({ key: "s" }, { singleKeys: false })).toBeNull();
    expect(act({ key: "1" }, { singleKeys: false })).toBeNull();
    expect(act({ key: "ArrowLeft" }, { singleKeys: false })).toBe("left");
    expect(act({ key: "Enter" }, { singleKeys: false })).toBe("submit");
  });
});
