// Prepares a fresh clone with only Node and npm: dependencies, then dist. Skips what is up to date.
//   --no-build   dependencies only (for the tests, which run from source)
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const readJson = (path) => JSON.parse(readFileSync(join(root, path), "utf8"));

/** Versions as numbers, major first: `v20.20.2` -> [20, 20, 2]. */
const versionOf = (text) => text.match(/\d+/g).map(Number);

function checkNode() {
  const wanted = readJson("package.json").engines.node;
  const [major, minor] = versionOf(wanted);
  const [ownMajor, ownMinor] = versionOf(process.version);
  if (ownMajor > major || (ownMajor === major && ownMinor >= minor)) return;
  stop(
    `Node ${wanted} is needed, this is ${process.version}. Install a newer one from https://nodejs.org and try again.`,
  );
}

/** Whether node_modules matches package-lock.json, according to npm's own record. */
function dependenciesMatch() {
  if (!existsSync(join(root, "node_modules/.package-lock.json"))) return false;
  const wanted = readJson("package-lock.json").packages;
  const installed = readJson("node_modules/.package-lock.json").packages;
  // Binaries of other platforms are optional and may be absent.
  return Object.entries(wanted).every(([path, { version, optional, devOptional }]) => {
    if (path === "") return true;
    if (!(path in installed)) return optional === true || devOptional === true;
    return installed[path].version === version && existsSync(join(root, path));
  });
}

function installDependencies() {
  if (dependenciesMatch()) return;
  say("installing dependencies (npm ci, a minute or so)");
  const exact = npm("ci");
  if (exact.status === 0) return;
  // `npm ci` requires an entry for every platform's binaries, which a partial registry cannot provide.
  say("npm ci refused the lock file; trying npm install with the same versions");
  if (npm("install", "--no-save").status === 0) return;
  process.stderr.write(exact.stderr);
  stop("dependencies cannot be installed; npm's message is above. It needs the npm registry or a filled npm cache.");
}

function npm(...command) {
  // Install scripts are not needed, because all native parts are packages. The variable also prevents CUDA downloads.
  const args = [...command, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL_CUDA: "skip" };
  const options = { cwd: root, stdio: ["ignore", "ignore", "pipe"], encoding: "utf8", env };
  const own = process.env.npm_execpath;
  return own === undefined
    ? spawnSync("npm", args, { ...options, shell: process.platform === "win32" })
    : spawnSync(process.execPath, [own, ...args], options);
}

/** A hash of everything that dist is built from. */
function sourceHash() {
  const hash = createHash("sha256");
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(?:ts|json|py)$/.test(path) && !path.endsWith(".test.ts"))
    .map((path) => `src/${path.replaceAll("\\", "/")}`);
  for (const path of [...sources.sort(), "tsconfig.base.json", "tsconfig.build.json", "package-lock.json"]) {
    hash.update(`${path}\0`).update(readFileSync(join(root, path)));
  }
  return hash.digest("hex");
}

/** The scripts of the benchmark's peers, which tsc leaves behind. */
function copyPython(to) {
  for (const path of readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }))
    if (path.endsWith(".py")) cpSync(join(root, "src", path), join(to, path));
}

/** Compiles into another folder and swaps, so that a failed or interrupted build keeps the old dist. */
function build() {
  const stamp = sourceHash();
  const stampFile = join(root, "dist/.sources");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  say("compiling to dist (tsc)");
  const fresh = join(root, `node_modules/.trainscope-dist-${process.pid}`);
  const old = `${fresh}-old`;
  try {
    const tsc = [join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json", "--outDir", fresh];
    const { status } = spawnSync(process.execPath, tsc, { cwd: root, stdio: ["ignore", 2, 2] });
    if (status !== 0) stop("the sources do not compile; the messages are above.");
    copyPython(fresh);
    writeFileSync(join(fresh, ".sources"), stamp);
    if (existsSync(join(root, "dist"))) renameSync(join(root, "dist"), old);
    renameSync(fresh, join(root, "dist"));
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
}

/** Prints to stderr, because stdout belongs to the following command. */
function say(text) {
  console.error(`setup: ${text}`);
}

function stop(text) {
  say(text);
  process.exitCode = 1;
  throw new SetupFailure(text);
}

class SetupFailure extends Error {}

try {
  checkNode();
  installDependencies();
  if (!process.argv.includes("--no-build")) build();
} catch (error) {
  if (!(error instanceof SetupFailure)) throw error;
}
