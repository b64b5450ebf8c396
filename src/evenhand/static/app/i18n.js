/**
 * Texts of the interface. A catalogue maps keys to texts with {placeholders}; a key with plural
 * forms has one text per category ("unsent.one", "unsent.other") and is chosen by `count`.
 */

/** @typedef {(key: string, values?: Record<string, string | number>) => string} Text */

/**
 * @param {Record<string, string>} catalogue
 * @param {string} locale
 * @returns {Text} Raises for a key that the catalogue does not have.
 */
export function createText(catalogue, locale) {
  const plurals = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);
  return (key, values = {}) => {
    const count = values["count"];
    const exact = typeof count === "number" ? `${key}.${plurals.select(count)}` : key;
    const text = catalogue[exact] ?? catalogue[key];
    if (text === undefined) throw new Error(`The catalogue ${locale} has no text "${key}".`);
    return text.replace(/\{(\w+)\}/g, (_whole, name) => {
      const value = values[name];
      if (value === undefined) throw new Error(`The text "${key}" needs a value for "${name}".`);
      return typeof value === "number" ? numbers.format(value) : value;
    });
  };
}

/**
 * @param {string} url
 * @param {typeof fetch} send
 * @returns {Promise<Record<string, string>>}
 */
export async function loadCatalogue(url, send) {
  const response = await send(url, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`The texts could not be loaded: HTTP ${response.status}.`);
  return response.json();
}
