// Verifies a receipt with Node's standard library alone, written from the specifications:
// C2SP signed-note, tlog-checkpoint and tlog-proof, and RFC 6962 section 2.1.1.
// usage: node verify_with_node.mjs FILE VKEY; prints index, size and entry, or exits with 1.
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const [, , file, vkey] = process.argv;
const text = readFileSync(file, "utf8");
const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
const refuse = (why) => {
  console.error(why);
  process.exit(1);
};

// The key: name+id+base64(0x01 || public key).
const [name, id] = vkey.split("+", 2);
const material = Buffer.from(vkey.slice(name.length + id.length + 2), "base64");
const keyId = sha256(Buffer.from(`${name}\n`), material).subarray(0, 4);
if (material[0] !== 1 || keyId.toString("hex") !== id) refuse("bad key");
const key = createPublicKey({
  key: { kty: "OKP", crv: "Ed25519", x: material.subarray(1).toString("base64url") },
  format: "jwk",
});

// The proof file.
const gap = text.indexOf("\n\n");
const head = text.slice(0, gap).split("\n");
const note = text.slice(gap + 2);
if (head[0] !== "c2sp.org/tlog-proof@v1") refuse("bad header");
if (!head[1].startsWith("extra ") || !head[2].startsWith("index ")) refuse("bad lines");
const entry = Buffer.from(head[1].slice(6), "base64");
const index = BigInt(head[2].slice(6));
const path = head.slice(3).map((line) => Buffer.from(line, "base64"));

// The note and its checkpoint.
const end = note.lastIndexOf("\n\n");
const body = note.slice(0, end + 1);
const signed = note
  .slice(end + 2, -1)
  .split("\n")
  .map((line) => line.split(" "))
  .filter(([dash, who]) => dash === "—" && who === name)
  .map(([, , blob]) => Buffer.from(blob, "base64"))
  .filter((blob) => blob.subarray(0, 4).equals(keyId))
  .some((blob) => verify(null, Buffer.from(body), key, blob.subarray(4)));
if (!signed) refuse("not signed");
const [origin, size, root] = body.split("\n");
if (origin !== name) refuse("another log");

// The path, recursively as RFC 6962 defines it.
const subtree = (m, n, hashes) => {
  if (n === 1n) {
    if (hashes.length) refuse("path too long");
    return sha256(Buffer.from([0]), entry);
  }
  if (!hashes.length) refuse("path too short");
  let k = 1n;
  while (2n * k < n) k *= 2n;
  const rest = hashes.slice(0, -1);
  const top = hashes.at(-1);
  return m < k
    ? sha256(Buffer.from([1]), subtree(m, k, rest), top)
    : sha256(Buffer.from([1]), top, subtree(m - k, n - k, rest));
};
if (index >= BigInt(size)) refuse("no such leaf");
if (subtree(index, BigInt(size), path).toString("base64") !== root) refuse("not included");
console.log(`${index} ${size} ${entry}`);
