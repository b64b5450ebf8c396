/**
 * Signed notes, verifier keys and checkpoints (C2SP signed-note, tlog-checkpoint), and the open
 * part of a leaf. A key that came with what it is to check proves nothing: callers say whence it is.
 *
 * @import { Bytes } from "./bytes.js"
 */
import {
  HASH_BYTES, TlogError, ascii, joined, parseBase64, parseDecimal, same, sha256, uuidBytes,
} from "./bytes.js";

const ED25519 = 1;
const KEY_BYTES = 33;
const SIGNATURE_BYTES = 68;

/** @typedef {{name: string, id: Bytes, key: Bytes}} Verifier */

/**
 * @param {string} vkey `name+8 hex digits+base64`.
 * @returns {Promise<Verifier>} Its id was compared with the hash of name and key.
 */
export async function parseVkey(vkey) {
  const found = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(vkey);
  if (found === null) throw new TlogError("This is not a verifier key.");
  const [, name = "", id = "", text = ""] = found;
  const key = parseBase64(text);
  if (key.length !== KEY_BYTES || key[0] !== ED25519) throw new TlogError("The key is not an Ed25519 key.");
  const hash = await sha256(joined(ascii(`${name}\n`), key));
  const idBytes = Uint8Array.from(id.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  if (!same(hash.slice(0, 4), idBytes)) throw new TlogError("The key does not belong to its name.");
  return { name, id: idBytes, key: key.slice(1) };
}

/** @typedef {{origin: string, size: number, root: Bytes, text: string, signatures: string[]}} Checkpoint */

/**
 * Splits a note and reads the head that it states; its signatures are not checked here.
 * @param {string} note
 * @returns {Checkpoint}
 */
export function readCheckpoint(note) {
  const cut = note.lastIndexOf("\n\n");
  if (cut < 0 || !note.endsWith("\n")) throw new TlogError("The checkpoint is not a signed note.");
  const text = note.slice(0, cut + 1);
  const signatures = note.slice(cut + 2).split("\n").slice(0, -1);
  const [origin = "", size = "", root = ""] = text.split("\n");
  const hash = parseBase64(root);
  if (origin === "" || hash.length !== HASH_BYTES) throw new TlogError("The checkpoint names no tree.");
  return { origin, size: parseDecimal(size), root: hash, text, signatures };
}

/**
 * Whether the note bears the key's signature.
 * @param {Checkpoint} checkpoint
 * @param {Verifier} verifier
 * @returns {Promise<"good" | "bad" | "missing" | "unable">} "unable": this browser has no Ed25519.
 */
export async function checkSignature(checkpoint, verifier) {
  const lines = checkpoint.signatures.flatMap((line) => {
    const found = /^\u2014 (\S+) (\S+)$/.exec(line);
    if (found === null || found[1] !== verifier.name) return [];
    const bytes = parseBase64(found[2] ?? "");
    return same(bytes.slice(0, 4), verifier.id) ? [bytes] : [];
  });
  const [signature] = lines;
  if (signature === undefined) return "missing";
  if (lines.length > 1 || signature.length !== SIGNATURE_BYTES) return "bad";
  let key;
  try {
    key = await crypto.subtle.importKey("raw", verifier.key, { name: "Ed25519" }, false, ["verify"]);
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotSupportedError") return "unable";
    return "bad";
  }
  const said = ascii(checkpoint.text);
  const good = await crypto.subtle.verify({ name: "Ed25519" }, key, signature.slice(4), said);
  return good ? "good" : "bad";
}

/**
 * The open part of an entry; `details` stays sealed.
 * @typedef {object} Leaf
 * @property {string} kind
 * @property {string} time
 * @property {string | null} partition
 * @property {string[]} commitments
 * @property {string} policy
 * @property {string} details
 */

/** @param {Bytes} entry @returns {Leaf} */
export function readLeaf(entry) {
  let found;
  try {
    found = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(entry));
  } catch {
    throw new TlogError("The entry is not a leaf of ours: it is no JSON.");
  }
  const texts = ["kind", "time", "policy", "details"];
  if (typeof found !== "object" || found === null || found.v !== 1 ||
      !texts.every((name) => typeof found[name] === "string") || !Array.isArray(found.commitments)) {
    throw new TlogError("The entry is not a leaf of ours.");
  }
  return found;
}

/** @param {number} value @returns {Bytes} Eight bytes, big-endian. */
function lengthBytes(value) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(4, value);
  return bytes;
}

/**
 * The leaf's commitment to one id, as `receipts.commit` makes it.
 * @param {{salt: string, role: "actor" | "object", id: string}} opened
 * @returns {Promise<Bytes>}
 */
export async function commitmentOf({ salt, role, id }) {
  const parts = [parseBase64(salt), ascii(role), uuidBytes(id)];
  return sha256(joined(
    ascii("evenhand commitment 1\0"), ...parts.flatMap((part) => [lengthBytes(part.length), part])));
}
