// Lock 3: the browser entry, bundled, holds nothing of Node and stays small.
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };

/**
 * Ceilings in KiB after gzip, by entry of the exports map; `false` for an entry that only Node loads. Of the main entry
 * the operators (their shape rules, gradients and float64 references) are the largest part, then the ONNX schema with
 * its protobuf library, the checking of options and specs, and the accounting of models and files. Running studies, with
 * the port for executors, is 6 KiB. The studies build and account for models of layers themselves, so operators, layers
 * and accounting come with them.
 */
const ceilings: Readonly<Record<string, number | false>> = {
  ".": 272,
  "./figures": 20,
  "./studies": 176,
  "./node": false,
  "./package.json": false,
};

const forbidden = ["onnxruntime-node", "libsql", "vega", "@resvg", "commander", "cli-progress"];
const root = fileURLToPath(new URL("../..", import.meta.url));

test("every entry of the exports map has a ceiling", () => {
  expect(Object.keys(manifest.exports).sort()).toEqual(Object.keys(ceilings).sort());
});

const entries = Object.entries(ceilings).filter((entry): entry is [string, number] => entry[1] !== false);
test.each(entries)("%s bundles for the browser without Node, below %i KiB", async (name, ceiling) => {
  const compiled = (manifest.exports as Record<string, { default?: string }>)[name].default ?? "";
  const entry = compiled.replace("./dist/", "src/").replace(/\.js$/, ".ts");
  // No externals: an import of a Node module fails the build with its name.
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    logLevel: "silent",
  });
  const inputs = Object.keys(metafile.inputs);
  expect(inputs.filter((path) => forbidden.some((name) => path.includes(`node_modules/${name}`)))).toEqual([]);
  // `import { z } from "zod"` would take in the messages of fifty languages; `import * as z` does not.
  const contents = Object.entries(Object.values(metafile.outputs)[0].inputs).filter(
    ([, part]) => part.bytesInOutput > 0,
  );
  expect(contents.map(([path]) => path).filter((path) => /zod\/.*locales\/(?!en\.)/.test(path))).toEqual([]);
  expect(inputs.filter((path) => path.startsWith("src/node/") || path.startsWith("src/cli/"))).toEqual([]);
  const text = outputFiles[0].text;
  expect(text).not.toMatch(/["']node:|onnxruntime-node|\brequire\(/);
  const size = gzipSync(text, { level: 9 }).length / 1024;
  const advice = `${entry} is ${size.toFixed(1)} KiB: find what grew (esbuild --analyze), or raise its ceiling in test/tree/bundle.test.ts and say why in the commit`;
  expect(size, advice).toBeLessThan(ceiling);
});
