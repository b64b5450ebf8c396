/**
 * Re-creates src/evenhand/static/app/vendor from the packages that package-lock.json pins.
 *
 * `write` copies each file byte for byte and writes vendor.lock.json; `check` fails with the
 * list of differences. Nothing is transformed, so the sha384 of a vendored file is the sha384
 * of the file in the published package.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "..", "node_modules");
const target = join(here, "..", "..", "src", "evenhand", "static", "app", "vendor");

const LANGUAGES = ["bash", "cpp", "java", "javascript", "json", "python", "sql", "xml"];

/**
 * Each vendored file: the bare specifier it answers to in the import map, the package it comes
 * from, the path inside that package, the name it gets here.
 * @type {ReadonlyArray<{specifier: string, pack: string, path: string, file: string}>}
 */
const FILES = [
  { specifier: "preact", pack: "preact", path: "dist/preact.module.js", file: "preact.js" },
  { specifier: "preact/hooks", pack: "preact", path: "hooks/dist/hooks.module.js", file: "preact-hooks.js" },
  { specifier: "htm", pack: "htm", path: "dist/htm.module.js", file: "htm.js" },
  { specifier: "@preact/signals-core", pack: "@preact/signals-core", path: "dist/signals-core.mjs", file: "signals-core.js" },
  { specifier: "@preact/signals", pack: "@preact/signals", path: "dist/signals.mjs", file: "signals.js" },
  { specifier: "marked", pack: "marked", path: "lib/marked.esm.js", file: "marked.js" },
  { specifier: "dompurify", pack: "dompurify", path: "dist/purify.es.mjs", file: "dompurify.js" },
  { specifier: "highlight.js/core", pack: "@highlightjs/cdn-assets", path: "es/core.min.js", file: "highlight-core.js" },
  ...LANGUAGES.map((name) => ({
    specifier: `highlight.js/languages/${name}`,
    pack: "@highlightjs/cdn-assets",
    path: `es/languages/${name}.min.js`,
    file: `highlight-${name}.js`,
  })),
];

/** @param {Buffer} bytes */
const sha384 = (bytes) => `sha384-${createHash("sha384").update(bytes).digest("base64")}`;

/**
 * What the vendor folder must contain, as bytes by path relative to it.
 * @returns {Map<string, Buffer>}
 */
function wanted() {
  /** @type {Map<string, Buffer>} */
  const files = new Map();
  const entries = FILES.map(({ specifier, pack, path, file }) => {
    const bytes = readFileSync(join(modules, pack, path));
    const manifest = JSON.parse(readFileSync(join(modules, pack, "package.json"), "utf8"));
    files.set(file, bytes);
    const licenceFile = `licences/${pack.replace("@", "").replace("/", "-")}.txt`;
    files.set(licenceFile, readFileSync(join(modules, pack, "LICENSE")));
    return {
      specifier,
      file,
      name: pack,
      version: manifest.version,
      licence: manifest.license,
      licence_file: licenceFile,
      source: path,
      integrity: sha384(bytes),
    };
  });
  files.set("vendor.lock.json", Buffer.from(`${JSON.stringify({ files: entries }, null, 2)}\n`));
  return files;
}

/** @returns {string[]} */
function present() {
  if (!existsSync(target)) return [];
  return readdirSync(target, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(target.length + 1));
}

function write() {
  rmSync(target, { recursive: true, force: true });
  for (const [path, bytes] of wanted()) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), bytes);
  }
}

/** @returns {string[]} One sentence per difference. */
function differences() {
  const files = wanted();
  const found = present();
  const missing = [...files.keys()].filter((path) => !found.includes(path));
  const foreign = found.filter((path) => !files.has(path));
  const changed = [...files].filter(
    ([path, bytes]) => found.includes(path) && !bytes.equals(readFileSync(join(target, path))),
  );
  return [
    ...missing.map((path) => `${path} is missing.`),
    ...foreign.map((path) => `${path} comes from no package.`),
    ...changed.map(([path]) => `${path} differs from its package.`),
  ];
}

const command = process.argv[2];
if (command === "write") {
  write();
  console.log(`Wrote ${present().length} files.`);
} else if (command === "check") {
  const problems = differences();
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) {
    console.error("Run `npm run vendor` and look at what changed.");
    process.exitCode = 1;
  } else {
    console.log(`${present().length} vendored files are those of the packages.`);
  }
} else {
  console.error("Usage: node scripts/vendor.js write|check");
  process.exitCode = 2;
}
