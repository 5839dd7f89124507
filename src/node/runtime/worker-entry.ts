// Locates the worker's code: compiled beside this file, or TypeScript source under tsx and vitest.

export function workerEntry(): URL {
  const fromSource = new URL(import.meta.url).pathname.endsWith(".ts");
  // Node 20 ignores `--import` among a worker's flags, so a worker from source registers tsx itself.
  return new URL(fromSource ? "./worker-from-source.mjs" : "./worker.js", import.meta.url);
}
