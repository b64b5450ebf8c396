import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.js"],
    environment: "node",
    pool: "threads",
    maxWorkers: 1,
    sequence: { shuffle: true },
    // The modules under test lie outside this folder, so their bare imports are pointed here.
    server: { deps: { inline: [/static\/app/] } },
  },
  resolve: {
    alias: {
      "@preact/signals-core": fileURLToPath(
        new URL("./node_modules/@preact/signals-core/dist/signals-core.mjs", import.meta.url),
      ),
      "@preact/signals": fileURLToPath(
        new URL("./node_modules/@preact/signals/dist/signals.mjs", import.meta.url),
      ),
      marked: fileURLToPath(new URL("./node_modules/marked/lib/marked.esm.js", import.meta.url)),
    },
  },
  server: { fs: { allow: [".."] } },
});
