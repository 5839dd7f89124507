// The import rules catch what they are for: a small tree with one violation of each kind.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { checkLayers, layers } from "../../scripts/layers.mjs";

const root = mkdtempSync(join(tmpdir(), "layers-"));
afterAll(() => rmSync(root, { recursive: true }));

function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

test("each kind of violation is found, and nothing else", async () => {
  symlinkSync(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(root, "node_modules"));
  write({
    "tsconfig.json":
      '{ "compilerOptions": { "module": "NodeNext", "moduleResolution": "NodeNext", "target": "ES2023" } }',
    "package.json":
      '{ "name": "x", "type": "module", "dependencies": { "zod": "4", "vega": "6", "onnxruntime-node": "1" } }',
    "src/core/shape.ts": 'import "../graph/graph.js"; export const shape = 1;',
    "src/core/fine.ts": 'import "zod"; import type { View } from "vega"; export type V = View;',
    "src/graph/graph.ts": 'import "../data/data.js"; export const graph = 1;',
    // A group whose gradients need each other, a circle of two groups, and one with an operator outside of any.
    "src/graph/ops/windows/pooling.ts": 'import "./pooling-gradient.js"; export const pool = 1;',
    "src/graph/ops/windows/pooling-gradient.ts":
      'import "./pooling.js"; import "../reduction/reduction.js"; export const gradient = 1;',
    "src/graph/ops/reduction/reduction.ts": 'import "../windows/pooling.js"; export const sum = 1;',
    "src/graph/ops/windows/convolution.ts": 'import "../loop.js"; export const conv = 1;',
    "src/graph/ops/loop.ts": 'import "./windows/convolution.js"; export const loop = 1;',
    "src/data/data.ts": 'import { readFileSync } from "node:fs"; export const data = readFileSync;',
    "src/nn/a.ts": 'import { b } from "./b.js"; export const a = () => b;',
    "src/nn/b.ts": 'import { a } from "./a.js"; export const b = () => a;',
    "src/nn/c.ts": 'import type { D } from "./d.js"; export type C = D;',
    "src/nn/d.ts": 'import type { C } from "./c.js"; export type D = C | 1;',
    "src/train/run.ts": 'import "onnxruntime-node"; export const run = 1;',
    "src/report/report.ts": 'import "vega"; import "../studies/index.js"; export const report = 1;',
    "src/studies/index.ts": 'import "./missing.js"; import "tsx/esm/api"; export const studies = 1;',
    "src/node/fine.ts": 'import "node:fs"; import "vega"; import "../report/report.js"; export const fine = 1;',
    "src/index.ts": 'import "./node/fine.js";',
  });
  const { lines } = await checkLayers(root);
  const found = lines.map((line: string) =>
    line.replace(/ -> (?:\.\.\/)*(?:.*node_modules\/)?/g, " -> ").replace(/: .*\((.*)\)$/, ": $1"),
  );
  expect(found.sort()).toMatchInlineSnapshot(`
    [
      "src/core/shape.ts -> src/graph/graph.ts: layer core",
      "src/data/data.ts -> fs: host-free",
      "src/graph/graph.ts -> src/data/data.ts: layer graph",
      "src/graph/ops/loop.ts -> src/graph/ops/windows/convolution.ts -> src/graph/ops/loop.ts: no cycles",
      "src/graph/ops/reduction/reduction.ts -> src/graph/ops/windows/pooling.ts -> src/graph/ops/windows/pooling-gradient.ts -> src/graph/ops/reduction/reduction.ts: no cycles",
      "src/index.ts -> src/node/fine.ts: public entry",
      "src/nn/a.ts -> src/nn/b.ts -> src/nn/a.ts: no cycles",
      "src/nn/c.ts -> src/nn/d.ts -> src/nn/c.ts: no cycles",
      "src/report/report.ts -> src/studies/index.ts: layer report",
      "src/report/report.ts -> vega/index.d.ts: host packages",
      "src/studies/index.ts -> ./missing.js: resolvable",
      "src/studies/index.ts -> tsx/dist/esm/api/index.d.mts: declared",
      "src/train/run.ts -> onnxruntime-node/dist/index.js: host packages",
    ]
  `);
});

test("the list of layers holds every folder of src", () => {
  const folders = readdirSync(new URL("../../src", import.meta.url), { withFileTypes: true });
  const known = new Set(layers.flat());
  expect(folders.filter((entry) => entry.isDirectory() && !known.has(entry.name)).map(({ name }) => name)).toEqual([]);
});
