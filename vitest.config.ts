// One configuration for all tests: beside the source, and in test/ where they cross layers.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(`src/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    // The public names, for tests and examples that use the package as its users do.
    alias: [
      { find: /^trainscope$/, replacement: source("index.ts") },
      { find: /^trainscope\/(node|figures|studies)$/, replacement: source("$1/index.ts") },
    ],
  },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    // A process a file: ONNX Runtime keeps settings for the life of its process.
    pool: "forks",
    setupFiles: ["test/support/no-warnings.ts"],
    testTimeout: 30_000,
  },
});
