/** Bytes, their spellings and their hash. Raises TlogError for what is not canonical. */

export const HASH_BYTES = 32;

/** Something of a log is not as it must be; the message is for people. */
export class TlogError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "TlogError";
  }
}

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

/**
 * @param {...Bytes} parts
 * @returns {Bytes}
 */
export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @param {string} text @returns {Bytes} */
export function ascii(text) {
  return new TextEncoder().encode(text);
}

/** @param {Bytes} bytes @returns {string} */
export function base64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/**
 * Only the one spelling that `base64` would write is taken.
 * @param {string} text
 * @returns {Bytes}
 */
export function parseBase64(text) {
  let bytes;
  try {
    bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw new TlogError("Not base64.");
  }
  if (base64(bytes) !== text) throw new TlogError("Not canonical base64.");
  return bytes;
}

/** @param {Bytes} bytes @returns {string} */
export function hex(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} text A UUID. @returns {Bytes} */
export function uuidBytes(text) {
  const digits = text.replaceAll("-", "");
  if (!/^[0-9a-f]{32}$/i.test(digits)) throw new TlogError("Not an id.");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** @param {Bytes} left @param {Bytes} right @returns {boolean} */
export function same(left, right) {
  return left.length === right.length && left.every((byte, place) => byte === right[place]);
}

/**
 * Digits without a leading zero, up to the largest exact integer.
 * @param {string} text
 * @returns {number}
 */
export function parseDecimal(text) {
  const value = Number(text);
  if (!/^(0|[1-9][0-9]*)$/.test(text) || !Number.isSafeInteger(value)) {
    throw new TlogError(`"${text.slice(0, 40)}" is not a number of entries.`);
  }
  return value;
}

/** @returns {boolean} Browsers give it to secure pages only: TLS, or this very machine. */
export function canHash() {
  return globalThis.crypto?.subtle !== undefined;
}

/** @param {Bytes} bytes @returns {Promise<Bytes>} */
export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
