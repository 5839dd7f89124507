// Compiles src once before the tests, so that processes and worker threads start without compiling it themselves.
//
// A process under tsx takes four seconds for the tree, which esbuild compiles in two, and the tests start dozens of processes.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Beside `src`, as `dist` is: what the sources look for relative to themselves lies in the same place. */
const folder = join(root, ".test-build");

/** The folder of the compiled sources, for workers and child processes of the tests. */
const variable = "TRAINSCOPE_TEST_BUILD";

export default async function setup(): Promise<void> {
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(?:ts|json|py|mjs)$/.test(path) && !/\.(?:test|d)\.ts$/.test(path))
    .sort();
  const texts = new Map(sources.map((path) => [path, readFileSync(join(root, "src", path), "utf8")]));
  const hash = createHash("sha256");
  for (const [path, text] of texts) hash.update(`${path}\0${text}\0`);
  const stamp = hash.digest("hex");
  process.env[variable] = folder;
  const stampFile = join(folder, ".sources");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  const fresh = `${folder}-${process.pid}`;
  await Promise.all([...texts].map(([path, text]) => compile(fresh, path, text)));
  writeFileSync(join(fresh, ".sources"), stamp);
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
}

async function compile(into: string, path: string, text: string): Promise<void> {
  const isCode = path.endsWith(".ts");
  const target = join(into, isCode ? path.replace(/\.ts$/, ".js") : path);
  mkdirSync(dirname(target), { recursive: true });
  const code = isCode ? (await transform(text, { loader: "ts", target: "es2023", sourcemap: "inline" })).code : text;
  writeFileSync(target, code);
}
