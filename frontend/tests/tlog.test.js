import { describe, expect, test } from "vitest";
import vectors from "../../specs/tlog/vectors.json";
import {
  TlogError, ascii, base64, hex, parseBase64, parseDecimal, same, uuidBytes,
} from "../../src/evenhand/static/app/tlog/bytes.js";
import { reckonInclusion } from "../../src/evenhand/static/app/tlog/lookup.js";
import {
  checkSignature, commitmentOf, parseVkey, readCheckpoint, readLeaf,
} from "../../src/evenhand/static/app/tlog/note.js";
import {
  climb, entriesOf, hashesOf, inclusionSiblings, leafHash, provesInclusion, subtreesOf, tileOf, tilePath,
} from "../../src/evenhand/static/app/tlog/proof.js";

/** @type {any} */
const GOLDEN = vectors;
/** @type {any[]} */
const PROOFS = GOLDEN.proofs;
/** @type {any[]} */
const PATHS = GOLDEN.paths;

/** @param {any} proof */
const claimOf = (proof) => ({
  index: proof.index, size: proof.size, leaf: parseBase64(proof.leaf),
  path: proof.path.map(parseBase64), root: parseBase64(proof.root),
});

/** @param {import("../../src/evenhand/static/app/tlog/bytes.js").Bytes} bytes @param {number} bit */
const flipped = (bytes, bit) =>
  bytes.map((byte, place) => (place === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

describe("proofs of the Python engine", () => {
  test.each(PROOFS)("entry $index of $size", async (proof) => {
    expect(await provesInclusion(claimOf(proof))).toBe(true);
  });

  test.each(PROOFS)("entry $index of $size, tampered with", async (proof) => {
    const claim = claimOf(proof);
    expect(await provesInclusion({ ...claim, leaf: flipped(claim.leaf, 7) })).toBe(false);
    expect(await provesInclusion({ ...claim, root: flipped(claim.root, 200) })).toBe(false);
    for (const place of claim.path.keys()) {
      const path = claim.path.map((/** @type {any} */ hash, /** @type {number} */ at) =>
        (at === place ? flipped(hash, 100) : hash));
      expect(await provesInclusion({ ...claim, path })).toBe(false);
    }
    await expect(provesInclusion({ ...claim, path: [...claim.path, claim.leaf] })).rejects.toThrow(TlogError);
    if (claim.path.length > 0) {
      await expect(provesInclusion({ ...claim, path: claim.path.slice(1) })).rejects.toThrow(/needs/);
      const short = claim.path.map((/** @type {any} */ hash) => hash.slice(1));
      await expect(provesInclusion({ ...claim, path: short })).rejects.toThrow(/length/);
    }
    const elsewhere = inclusionSiblings(claim.index, claim.size).some(({ side }) => side === "right")
      ? claim.index + 1 : claim.index - 1;
    const moved = provesInclusion({ ...claim, index: elsewhere }).catch(() => false);
    if (claim.size > 1) expect(await moved).toBe(false);
  });

  test("each step says what stood where", async () => {
    const claim = claimOf(PROOFS.find((/** @type {any} */ one) => one.size === 7 && one.index === 3));
    const steps = await climb(claim);
    expect(steps.map(({ side, start, end }) => [side, start, end])).toEqual([
      ["left", 2, 3], ["left", 0, 2], ["right", 4, 7],
    ]);
    expect(steps[0]?.right).toEqual(claim.leaf);
    expect(steps[2]?.right).toEqual(claim.path[2]);
    expect(steps[2]?.result).toEqual(claim.root);
  });
});

describe("a published log", () => {
  const { files, note, vkey } = GOLDEN.log;
  /** @param {Record<string, string>} shelf */
  const reader = (shelf) => async (/** @type {string} */ path) => {
    const found = shelf[path];
    if (found === undefined) throw new TlogError(`no ${path}`);
    return parseBase64(found);
  };
  const head = readCheckpoint(note);

  test.each([0, 1, 255, 256, 257, 511, 512, 599])("entry %i is reckoned from tiles", async (index) => {
    const found = await reckonInclusion({ index, size: head.size, root: head.root, read: reader(files) });
    expect(found.fits).toBe(true);
    expect(found.culprit).toBeNull();
    expect(found.entry).toEqual(ascii(`entry ${index}`));
    expect(found.files.every((path) => path in files)).toBe(true);
  });

  test("every bit of every file that is read counts, and the file is named", async () => {
    const wanted = { index: 300, size: head.size, root: head.root };
    const good = await reckonInclusion({ ...wanted, read: reader(files) });
    for (const path of good.files) {
      const data = parseBase64(files[path]);
      // In a bundle the entry itself, past the 44 before it; in a tile a hash that the path needs.
      const place = path.includes("entries") ? 44 * 11 + 5 : 0;
      const bad = { ...files, [path]: base64(flipped(data, place * 8)) };
      const found = await reckonInclusion({ ...wanted, read: reader(bad) });
      expect(found.fits, path).toBe(false);
      if (path.includes("entries") || path === "tile/0/001") expect(found.culprit).toBe(path);
    }
  });

  test("a file of another size is refused by name", async () => {
    const cut = { ...files, "tile/0/001": base64(parseBase64(files["tile/0/001"]).slice(32)) };
    await expect(reckonInclusion({ index: 300, size: head.size, root: head.root, read: reader(cut) }))
      .rejects.toThrow("tile/0/001 has 8160 bytes instead of 8192.");
    const bundle = { level: /** @type {const} */ ("entries"), number: 0, width: 2 };
    expect(() => entriesOf(Uint8Array.of(0, 1, 65), bundle)).toThrow(/1 entries instead of 2/);
    expect(() => entriesOf(Uint8Array.of(0, 9, 65), bundle)).toThrow(/cut off/);
    expect(() => entriesOf(Uint8Array.of(0), bundle)).toThrow(/cut off/);
    expect(() => hashesOf(new Uint8Array(5), { level: 0, number: 0, width: 1 })).toThrow(/5 bytes/);
  });

  test("its signature is the key's", async () => {
    const verifier = await parseVkey(vkey);
    expect(head.origin).toBe(verifier.name);
    expect(await checkSignature(head, verifier)).toBe("good");
    const other = readCheckpoint(note.replace("\n600\n", "\n601\n"));
    expect(await checkSignature(other, verifier)).toBe("bad");
    expect(await checkSignature({ ...head, signatures: [] }, verifier)).toBe("missing");
    expect(await checkSignature({ ...head, signatures: [...head.signatures, ...head.signatures] }, verifier))
      .toBe("bad");
    const wrongId = await checkSignature(head, { ...verifier, id: Uint8Array.of(1, 2, 3, 4) });
    expect(wrongId).toBe("missing");
  });

  test("a key that is not what it says is refused", async () => {
    await expect(parseVkey("nothing")).rejects.toThrow(TlogError);
    await expect(parseVkey(vkey.replace("golden", "silver"))).rejects.toThrow(/its name/);
    const [, start = "", text = ""] = /^([^+]+\+[^+]+\+)(.+)$/.exec(vkey) ?? [];
    await expect(parseVkey(start + base64(flipped(parseBase64(text), 0)))).rejects.toThrow(/Ed25519/);
  });

  test.each([
    "", "x\n", "a\n1\nAAAA\n\n", "a\n01\n", "a\n-1\n\n\n", `a\n1\n${base64(new Uint8Array(31))}\n\n`,
  ])("%j is no checkpoint", (text) => expect(() => readCheckpoint(text)).toThrow(TlogError));
});

describe("places in tiles", () => {
  test.each(PATHS)("$path", ({ path, ...tile }) => expect(tilePath(tile)).toBe(path));

  test("sizes beyond 32 bits are exact", () => {
    const size = 2 ** 40 + 3;
    const last = { level: 0, number: 2 ** 32, width: 3 };
    expect(tileOf(0, 2 ** 40, size)).toEqual({ tile: last, first: 0, count: 1 });
    expect(tileOf(39, 1, size).tile).toEqual({ level: 4, number: 0, width: 256 });
    expect(inclusionSiblings(2 ** 40 + 2, size)).toEqual([
      { side: "left", start: 2 ** 40, end: 2 ** 40 + 2 }, { side: "left", start: 0, end: 2 ** 40 },
    ]);
    expect(subtreesOf(0, 7)).toEqual([
      { level: 2, index: 0 }, { level: 1, index: 2 }, { level: 0, index: 6 },
    ]);
    expect(() => tileOf(3, 0, 7)).toThrow(TlogError);
    for (const [index, of] of [[-1, 3], [3, 3], [0, 0], [0.5, 3], [0, 2 ** 60]]) {
      expect(() => inclusionSiblings(Number(index), Number(of))).toThrow(TlogError);
    }
  });
});

describe("a leaf", () => {
  const { entry, salt, actor, object, commitments } = GOLDEN.leaf;

  test("its open part is read, its commitments are those of the ids", async () => {
    const leaf = readLeaf(parseBase64(entry));
    expect([leaf.kind, leaf.time]).toEqual(["payload.released/1", "2026-11-24T03:45:17.123456Z"]);
    expect(leaf.commitments).toEqual(commitments);
    expect(base64(await commitmentOf({ salt, role: "actor", id: actor }))).toBe(commitments[0]);
    expect(base64(await commitmentOf({ salt, role: "object", id: object }))).toBe(commitments[1]);
    expect(base64(await commitmentOf({ salt, role: "actor", id: object }))).not.toBe(commitments[0]);
  });

  test.each(["", "[]", "null", "{}", '{"v":1}', "\xff"])("%j is none", (text) =>
    expect(() => readLeaf(ascii(text))).toThrow(TlogError));
});

test("spellings", async () => {
  expect(hex(Uint8Array.of(0, 255))).toBe("00ff");
  expect(hex(await leafHash(new Uint8Array(0)))).toMatch(/^6e340b9c/);
  expect(same(Uint8Array.of(1), Uint8Array.of(1, 2))).toBe(false);
  for (const text of ["AB==", "AA", "!", "AA==\n"]) expect(() => parseBase64(text)).toThrow(TlogError);
  for (const text of ["", "01", "1e3", "-1", "9007199254740993"]) {
    expect(() => parseDecimal(text)).toThrow(TlogError);
  }
  expect(() => uuidBytes("x")).toThrow(TlogError);
});
