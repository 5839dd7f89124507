// One configuration for all tests: beside the source, and in test/ where they cross layers.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    // A process a file: ONNX Runtime keeps settings for the life of its process.
    pool: "forks",
    setupFiles: ["test/no-warnings.ts"],
    testTimeout: 30_000,
  },
});
