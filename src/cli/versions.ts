// Versions of everything that a result depends on, read from the packages on request.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** `{ trainscope, onnxruntime, node }`, for run records. */
export function versions(): { readonly trainscope: string; readonly onnxruntime: string; readonly node: string } {
  // Two folders up from both src/cli and dist/cli.
  const ours = new URL("../../package.json", import.meta.url);
  return {
    trainscope: versionIn(readFileSync(ours, "utf8")),
    onnxruntime: versionIn(readFileSync(require.resolve("onnxruntime-node/package.json"), "utf8")),
    node: process.versions.node,
  };
}

/** The output of `--version`. */
export function versionText(): string {
  const { trainscope, onnxruntime, node } = versions();
  return `trainscope ${trainscope} (ONNX Runtime ${onnxruntime}, Node ${node})\n`;
}

function versionIn(text: string): string {
  return String((JSON.parse(text) as { version?: unknown }).version ?? "unknown");
}
