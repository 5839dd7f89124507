// Tests in groups by what they need: nothing (unit), the native runtime (ort), or minutes (slow).
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(`src/${path}`, import.meta.url));

const tests = ["src/**/*.test.ts", "test/**/*.test.ts"];
/** Fuzzing, ONNX's own suite, random operators, processes that are killed: what a change to one file rarely breaks. */
const slow = ["test/{fuzz,conformance,random-operators,process}/**"];
/** Layers above `inspect` run programs; so do the tests that cross layers, but for those of the tree itself. */
const ort = ["src/{train,study,node,cli}/**/*.test.ts", "test/{training,files,study}/**/*.test.ts", "test/*.test.ts"];

export default defineConfig({
  resolve: {
    // The public names, for tests and examples that use the package as its users do.
    alias: [
      { find: /^trainscope$/, replacement: source("index.ts") },
      { find: /^trainscope\/(node|figures|studies)$/, replacement: source("$1/index.ts") },
    ],
  },
  test: {
    setupFiles: ["test/support/no-warnings.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // The default leaves one core idle: of two cores, half.
    maxWorkers: availableParallelism(),
    globalSetup: ["test/support/compile-sources.ts"],
    reporters: ["default", "./test/support/slowest-files.ts"],
    projects: [
      {
        extends: true,
        // Nothing here starts a runtime, so files share a worker and load each module once.
        test: { name: "unit", include: tests, exclude: [...slow, ...ort], pool: "threads", isolate: false },
      },
      {
        extends: true,
        // A process for each file: ONNX Runtime keeps settings for the life of its process.
        test: { name: "ort", include: ort, exclude: slow, pool: "forks" },
      },
      { extends: true, test: { name: "slow", include: slow.map((folder) => `${folder}/*.test.ts`), pool: "forks" } },
    ],
  },
});
