/**
 * Tree hashes, inclusion paths and tiles, reckoned in the browser from the log's public files.
 *
 * Hashing is RFC 6962's (0x00 before a leaf, 0x01 before a node, SHA-256); the path's shape is that
 * of its section 2.1.1 and the check that of RFC 9162 section 2.1.3.2; tiles are C2SP tlog-tiles.
 * Sizes and indexes are numbers, exact to 2^53: no shift operators on them, which cut at 32 bits.
 *
 * @import { Bytes } from "./bytes.js"
 */
import { HASH_BYTES, TlogError, joined, same, sha256 } from "./bytes.js";

export const TILE_WIDTH = 256;

/** @param {Bytes} entry @returns {Promise<Bytes>} */
export function leafHash(entry) {
  return sha256(joined(Uint8Array.of(0), entry));
}

/** @param {Bytes} left @param {Bytes} right @returns {Promise<Bytes>} */
export function nodeHash(left, right) {
  return sha256(joined(Uint8Array.of(1), left, right));
}

/** @param {number} size At least 2. @returns {number} The greatest power of two below it. */
function split(size) {
  let half = 1;
  while (half * 2 < size) half *= 2;
  return half;
}

/**
 * One step towards the root: the neighbour's range of leaves, and the side it stands on.
 * @typedef {{side: "left" | "right", start: number, end: number}} Sibling
 */

/**
 * The siblings of a leaf in a tree, from the leaf to the root.
 * @param {number} index
 * @param {number} size
 * @returns {Sibling[]}
 */
export function inclusionSiblings(index, size) {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) {
    throw new TlogError(`There is no entry ${index} in a tree of ${size}.`);
  }
  /** @type {Sibling[]} */
  const found = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + split(end - start);
    if (index < middle) {
      found.push({ side: "right", start: middle, end });
      end = middle;
    } else {
      found.push({ side: "left", start, end: middle });
      start = middle;
    }
  }
  return found.reverse();
}

/**
 * The perfect subtrees that make up a range which begins where a subtree of its size may begin.
 * @param {number} start
 * @param {number} end
 * @returns {{level: number, index: number}[]} From left to right, level 0 being a leaf.
 */
export function subtreesOf(start, end) {
  const found = [];
  let from = start;
  while (from < end) {
    let [width, level] = [1, 0];
    while (width * 2 <= end - from) {
      width *= 2;
      level += 1;
    }
    found.push({ level, index: from / width });
    from += width;
  }
  return found;
}

/**
 * @param {{start: number, end: number}} range
 * @param {(level: number, index: number) => Promise<Bytes>} node Root of a perfect subtree.
 * @returns {Promise<Bytes>}
 */
export async function rangeHash({ start, end }, node) {
  const parts = await Promise.all(subtreesOf(start, end).map(({ level, index }) => node(level, index)));
  let whole = parts.pop();
  if (whole === undefined) throw new TlogError("An empty range has no hash.");
  while (parts.length > 0) whole = await nodeHash(/** @type {Bytes} */ (parts.pop()), whole);
  return whole;
}

/**
 * A step as it was reckoned: what stood left, what right, and what came of them.
 * @typedef {Sibling & {hash: Bytes, left: Bytes, right: Bytes, result: Bytes}} Step
 */

/**
 * Goes from a leaf's hash to the root that it leads to. The side of each sibling follows from index
 * and size, never from the proof, and a proof of another length is refused.
 * @param {{index: number, size: number, leaf: Bytes, path: readonly Bytes[]}} claim
 * @returns {Promise<Step[]>} Empty for a tree of one entry: there the leaf's hash is the root.
 */
export async function climb({ index, size, leaf, path }) {
  const siblings = inclusionSiblings(index, size);
  if (siblings.length !== path.length) {
    throw new TlogError(
      `The proof has ${path.length} hashes; entry ${index} of ${size} needs ${siblings.length}.`,
    );
  }
  /** @type {Step[]} */
  const steps = [];
  let here = leaf;
  for (const [place, sibling] of siblings.entries()) {
    const hash = /** @type {Bytes} */ (path[place]);
    if (hash.length !== HASH_BYTES) throw new TlogError("A hash of the proof has another length.");
    const [left, right] = sibling.side === "left" ? [hash, here] : [here, hash];
    here = await nodeHash(left, right);
    steps.push({ ...sibling, hash, left, right, result: here });
  }
  return steps;
}

/**
 * @param {{index: number, size: number, leaf: Bytes, path: readonly Bytes[], root: Bytes}} claim
 * @returns {Promise<boolean>} Whether the leaf is in the tree with this root.
 */
export async function provesInclusion({ root, ...claim }) {
  const steps = await climb(claim);
  return same(steps.at(-1)?.result ?? claim.leaf, root);
}

/** @typedef {{level: number | "entries", number: number, width: number}} Tile */

/**
 * @param {Tile} tile
 * @returns {string} Below the log's address.
 */
export function tilePath({ level, number, width }) {
  const groups = [String(number % 1000).padStart(3, "0")];
  for (let rest = Math.floor(number / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${String(rest % 1000).padStart(3, "0")}`);
  }
  return `tile/${level}/${groups.join("/")}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

/**
 * The tile that has a node, as wide as it is in a tree of `size` entries.
 * @param {number} level The node's, 0 for leaves.
 * @param {number} index
 * @param {number} size
 * @returns {{tile: Tile, first: number, count: number}} The node is the root over `count` hashes
 *   of the tile from `first` on.
 */
export function tileOf(level, index, size) {
  const tileLevel = Math.floor(level / 8);
  const count = 2 ** (level % 8);
  const first = index * count;
  const number = Math.floor(first / TILE_WIDTH);
  const inLevel = Math.floor(size / 2 ** (8 * tileLevel));
  const width = Math.min(TILE_WIDTH, inLevel - number * TILE_WIDTH);
  if (width < (first % TILE_WIDTH) + count) throw new TlogError(`A tree of ${size} has no such node.`);
  return { tile: { level: tileLevel, number, width }, first: first % TILE_WIDTH, count };
}

/**
 * @param {number} index Of an entry.
 * @param {number} size
 * @returns {Tile} The bundle that holds it.
 */
export function bundleOf(index, size) {
  const number = Math.floor(index / TILE_WIDTH);
  return { level: "entries", number, width: Math.min(TILE_WIDTH, size - number * TILE_WIDTH) };
}

/** @param {Bytes} data @param {Tile} tile @returns {Bytes[]} */
export function hashesOf(data, tile) {
  if (data.length !== tile.width * HASH_BYTES) {
    throw new TlogError(`${tilePath(tile)} has ${data.length} bytes instead of ${tile.width * HASH_BYTES}.`);
  }
  return Array.from({ length: tile.width }, (_, place) =>
    data.slice(place * HASH_BYTES, (place + 1) * HASH_BYTES));
}

/** @param {Bytes} data @param {Tile} tile @returns {Bytes[]} Entries, each after its length in 16 bits. */
export function entriesOf(data, tile) {
  const found = [];
  let at = 0;
  while (at < data.length) {
    const end = at + 2 + (data[at] ?? 0) * 256 + (data[at + 1] ?? 0);
    if (at + 2 > data.length || end > data.length) throw new TlogError(`${tilePath(tile)} is cut off.`);
    found.push(data.slice(at + 2, end));
    at = end;
  }
  if (found.length !== tile.width) {
    throw new TlogError(`${tilePath(tile)} has ${found.length} entries instead of ${tile.width}.`);
  }
  return found;
}

/** @param {readonly Bytes[]} hashes As many as a power of two. @returns {Promise<Bytes>} */
export async function foldHashes(hashes) {
  let row = [...hashes];
  while (row.length > 1) {
    row = await Promise.all(
      Array.from({ length: row.length / 2 }, (_, place) =>
        nodeHash(/** @type {Bytes} */ (row[2 * place]), /** @type {Bytes} */ (row[2 * place + 1]))),
    );
  }
  return /** @type {Bytes} */ (row[0]);
}
