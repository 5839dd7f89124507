// Targets of runtimes by their provider.
import { expect, test } from "vitest";
import { onnxruntimeCpu } from "../../graph/targets/onnxruntime-cpu/index.js";
import type { Provider, RuntimeCapabilities } from "./capabilities.js";
import { runtimeTarget } from "./runtime-target.js";

const runtimeOf = (provider: Provider) => ({
  name: "test",
  capabilities: { provider } as RuntimeCapabilities,
});

test("WebAssembly is compiled for as the native CPU is, and other providers are refused", () => {
  expect(runtimeTarget(runtimeOf("cpu"))).toBe(onnxruntimeCpu);
  expect(runtimeTarget(runtimeOf("wasm"))).toBe(onnxruntimeCpu);
  expect(() => runtimeTarget(runtimeOf("webgpu"))).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: runtime test: cannot compile for the provider "webgpu": expected cpu or wasm, received webgpu]`,
  );
});
