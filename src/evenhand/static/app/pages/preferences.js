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
 */

/** @type {Preferences} */
const DEFAULTS = { instructions: true, singleKeys: true, raw: false };

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
  /** @param {keyof Preferences} name */
  const flag = (name) => (typeof found?.[name] === "boolean" ? found[name] : DEFAULTS[name]);
  return { instructions: flag("instructions"), singleKeys: flag("singleKeys"), raw: flag("raw") };
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
    /** @param {keyof Preferences} name */
    toggle(name) {
      preferences.value = { ...preferences.value, [name]: !preferences.value[name] };
    },
  };
}

/** @typedef {ReturnType<typeof openPreferences>} PreferenceStore */
