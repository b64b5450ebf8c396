/**
 * What an annotator set for this browser. No secret, no work: only how the page behaves.
 */
import { effect, signal } from "@preact/signals";

const KEY = "evenhand.preferences";

/**
 * @typedef {object} Preferences
 * @property {boolean} instructions Shown beside the work.
 * @property {boolean} singleKeys Keys of one character do something.
 * @property {boolean} raw Texts are shown as written.
 * @property {Readonly<Record<string, readonly string[]>>} keys Own keys, by action.
 */

/** @typedef {"instructions" | "singleKeys" | "raw"} Flag */

/** @type {Preferences} */
const DEFAULTS = { instructions: true, singleKeys: true, raw: false, keys: {} };

/**
 * @param {unknown} found
 * @returns {Preferences["keys"]} What has the form of keys by action.
 */
function parseKeys(found) {
  if (typeof found !== "object" || found === null || Array.isArray(found)) return {};
  return Object.fromEntries(
    Object.entries(found).filter(
      ([, keys]) => Array.isArray(keys) && keys.every((key) => typeof key === "string" && key.length <= 40),
    ),
  );
}

/**
 * @param {string | null} stored
 * @returns {Preferences} The defaults for whatever cannot be read.
 */
export function parsePreferences(stored) {
  let found;
  try {
    found = JSON.parse(stored ?? "{}");
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return DEFAULTS;
  }
  /** @param {Flag} name */
  const flag = (name) => (typeof found?.[name] === "boolean" ? found[name] : DEFAULTS[name]);
  return {
    instructions: flag("instructions"),
    singleKeys: flag("singleKeys"),
    raw: flag("raw"),
    keys: parseKeys(found?.keys),
  };
}

/**
 * @param {() => Storage} storage Raises where the browser forbids it; then nothing is kept.
 */
export function openPreferences(storage) {
  /** @type {Storage | null} */
  let place = null;
  try {
    place = storage();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
  const preferences = signal(parsePreferences(place?.getItem(KEY) ?? null));
  effect(() => {
    const text = JSON.stringify(preferences.value);
    try {
      place?.setItem(KEY, text);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  });
  return {
    value: preferences,
    /** @param {Flag} name */
    toggle(name) {
      preferences.value = { ...preferences.value, [name]: !preferences.value[name] };
    },
    /**
     * Gives a key to an action; whichever own action had it loses it.
     * @param {string} action
     * @param {string} key
     */
    giveKey(action, key) {
      const others = Object.entries(preferences.value.keys)
        .filter(([name]) => name !== action)
        .map(([name, keys]) => [name, keys.filter((one) => one !== key)]);
      preferences.value = { ...preferences.value, keys: { ...Object.fromEntries(others), [action]: [key] } };
    },
    resetKeys() {
      preferences.value = { ...preferences.value, keys: {} };
    },
  };
}

/** @typedef {ReturnType<typeof openPreferences>} PreferenceStore */
