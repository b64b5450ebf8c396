/**
 * Fetches what a proof of one entry needs from a log's public files and reckons it, step by step.
 * Nothing is believed: the bytes either lead to the root that the checkpoint states or they do not,
 * and where they do not, the file that breaks the chain is named as far as the tiles tell.
 *
 * @import { Bytes } from "./bytes.js"
 * @import { Step, Tile } from "./proof.js"
 */
import { TlogError, same } from "./bytes.js";
import {
  TILE_WIDTH, bundleOf, climb, entriesOf, foldHashes, hashesOf, inclusionSiblings, leafHash,
  rangeHash, tileOf, tilePath,
} from "./proof.js";

/** @typedef {(path: string) => Promise<Bytes>} ReadFile */

/**
 * @typedef {object} Reckoned
 * @property {Bytes} entry
 * @property {Bytes} leaf
 * @property {Step[]} steps
 * @property {Bytes} root What the steps lead to.
 * @property {boolean} fits Whether that is the checkpoint's root.
 * @property {string | null} culprit The file that does not fit, if it can be told.
 * @property {string[]} files What was read.
 */

/**
 * @param {object} wanted
 * @param {number} wanted.index
 * @param {number} wanted.size
 * @param {Bytes} wanted.root
 * @param {ReadFile} wanted.read
 * @returns {Promise<Reckoned>}
 */
export async function reckonInclusion({ index, size, root, read }) {
  const siblings = inclusionSiblings(index, size);
  const shelf = createShelf(read);
  const bundle = bundleOf(index, size);
  const entries = entriesOf(await shelf.bytes(bundle), bundle);
  const entry = /** @type {Bytes} */ (entries[index % TILE_WIDTH]);
  const leaf = await leafHash(entry);
  /** @type {(level: number, at: number) => Promise<Bytes>} */
  const node = async (level, at) => {
    const { tile, first, count } = tileOf(level, at, size);
    return foldHashes((await shelf.hashes(tile)).slice(first, first + count));
  };
  const path = await Promise.all(siblings.map((range) => rangeHash(range, node)));
  const steps = await climb({ index, size, leaf, path });
  const reached = steps.at(-1)?.result ?? leaf;
  const fits = same(reached, root);
  const culprit = fits ? null : await findCulprit({ index, size, leaf, bundle, shelf });
  return { entry, leaf, steps, root: reached, fits, culprit, files: shelf.files() };
}

/** @param {ReadFile} read */
function createShelf(read) {
  /** @type {Map<string, Promise<Bytes>>} */
  const kept = new Map();
  /** @param {Tile} tile */
  const bytes = (tile) => {
    const path = tilePath(tile);
    const found = kept.get(path) ?? read(path);
    kept.set(path, found);
    return found;
  };
  return {
    bytes,
    /** @param {Tile} tile */
    hashes: async (tile) => hashesOf(await bytes(tile), tile),
    files: () => [...kept.keys()].sort(),
  };
}

/**
 * Compares the bundle with the tile of its leaf hashes, then each full tile with its parent.
 * @param {object} found
 * @param {number} found.index
 * @param {number} found.size
 * @param {Bytes} found.leaf
 * @param {Tile} found.bundle
 * @param {ReturnType<typeof createShelf>} found.shelf
 * @returns {Promise<string | null>}
 */
async function findCulprit({ index, size, leaf, bundle, shelf }) {
  let { tile, first } = tileOf(0, index, size);
  const stated = (await shelf.hashes(tile))[first];
  if (stated === undefined || !same(stated, leaf)) return tilePath(bundle);
  for (let level = 8; tile.width === TILE_WIDTH; level += 8) {
    const folded = await foldHashes(await shelf.hashes(tile));
    const number = tile.number;
    let above;
    try {
      above = tileOf(level, number, size);
    } catch (error) {
      if (error instanceof TlogError) return null;
      throw error;
    }
    const said = (await shelf.hashes(above.tile))[above.first];
    if (said === undefined || !same(said, folded)) return tilePath(tile);
    ({ tile, first } = above);
  }
  return null;
}
