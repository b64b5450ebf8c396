/**
 * What tsc cannot see: the floor plan of static/app, the size of a file and of a function, and
 * the ways in which a string could become HTML or code.
 */
import globals from "globals";

const SINKS = [
  ["innerHTML", "Use ui/markdown.js, which goes through DOMPurify."],
  ["outerHTML", "Use ui/markdown.js, which goes through DOMPurify."],
  ["insertAdjacentHTML", "Use ui/markdown.js, which goes through DOMPurify."],
  ["setHTMLUnsafe", "Use ui/markdown.js, which goes through DOMPurify."],
  ["createContextualFragment", "Use ui/markdown.js, which goes through DOMPurify."],
  ["srcdoc", "No frame is made of a string."],
];

/**
 * @param {string} room
 * @param {string[]} allowed Folders and files of static/app that the room may import.
 * @param {string[]} [bare] Bare specifiers it may import.
 */
function floor(room, allowed, bare = []) {
  const open = [...allowed, room].join("|");
  const packages = bare.length > 0 ? `|(?:${bare.join("|")})$` : "";
  return {
    files: [`**/static/app/${room}/**/*.js`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: `^(?!\\./|(?:\\.\\./)+(?:${open})(?:/|\\.js$)${packages}).*`,
              message: `${room}/ may import only: ${[...allowed, ...bare].join(", ") || "itself"}.`,
            },
          ],
        },
      ],
    },
  };
}

const PREACT = ["preact", "preact/hooks", "@preact/signals"];

export default [
  { ignores: ["**/node_modules/**", "**/vendor/**", "**/*.d.ts"] },
  {
    languageOptions: { ecmaVersion: 2024, sourceType: "module" },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-script-url": "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-undef": "error",
      "no-unused-vars": "error",
      "no-fallthrough": "error",
      "no-empty": "error",
      "no-shadow": "error",
      "no-promise-executor-return": "error",
      "max-lines": ["error", 400],
      "max-lines-per-function": ["error", { max: 70, skipComments: true, skipBlankLines: true }],
      "max-len": ["error", { code: 110, ignoreUrls: true }],
    },
  },
  {
    files: ["**/static/app/**/*.js"],
    languageOptions: { globals: globals.browser },
    rules: {
      "no-restricted-properties": [
        "error",
        ...SINKS.map(([property, message]) => ({ property, message })),
        { object: "document", property: "write", message: "Use ui/markdown.js." },
        { object: "document", property: "cookie", message: "The session is the server's." },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "Literal[value='dangerouslySetInnerHTML']", message: "Use ui/markdown.js." },
        { selector: "Identifier[name='dangerouslySetInnerHTML']", message: "Use ui/markdown.js." },
      ],
      "no-restricted-globals": ["error", "event", "name", "alert", "confirm", "prompt"],
    },
  },
  floor("store", ["types"], ["@preact/signals-core"]),
  floor("geometry", []),
  floor("tlog", []),
  floor("ui", [], [...PREACT, "htm", "marked", "dompurify", "highlight\\.js/.*"]),
  floor("editors", ["store", "geometry", "ui", "types"], PREACT),
  floor("pages", ["store", "geometry", "tlog", "ui", "editors", "api", "keys", "i18n", "types"], PREACT),
  {
    files: ["**/static/app/editors/*/*.js"],
    rules: {
      "no-restricted-syntax": [
        "error",
        { selector: "ImportDeclaration[source.value=/^\\.\\.\\/(?!\\.\\.)/]", message: "Editors never import each other." },
        { selector: "ImportDeclaration[source.value=/store\\//]", message: "Editors know only the store's types." },
        { selector: "Literal[value='dangerouslySetInnerHTML']", message: "Use ui/markdown.js." },
        { selector: "Identifier[name='dangerouslySetInnerHTML']", message: "Use ui/markdown.js." },
      ],
    },
  },
  {
    files: ["frontend/**/*.js"],
    languageOptions: { globals: globals.node },
    rules: { "max-len": "off", "max-lines-per-function": "off" },
  },
];
