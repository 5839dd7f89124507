// Tests the package as a user gets it: pack, install into an empty folder, ask for help, train ten steps, import it.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Size limit of the samples in MB. They are already compressed, so this is also their cost in the package. */
const sampleLimit = 8;
const steps = 10;

const work = mkdtempSync(join(tmpdir(), "trainscope-smoke-"));
const project = join(work, "project");
const env = {
  ...process.env,
  ONNXRUNTIME_NODE_INSTALL_CUDA: "skip",
  // The machine's own data and stores must not help.
  TRAINSCOPE_HOME: join(work, "home"),
  TRAINSCOPE_DATA: "",
};

/** Tests, and files that only tests use. */
const unwanted =
  /^(?:src|test|bench|tools)\/|\.test\.|\/cases?[^/]*\.|gradient-check|-contract|gallery|example-report|writing-child/;

function run(cwd, command, args, timeout = 300_000) {
  const shell = process.platform === "win32";
  return execFileSync(command, args, {
    cwd,
    env,
    encoding: "utf8",
    timeout,
    shell,
    stdio: ["ignore", "pipe", "inherit"],
  });
}

function check(condition, message) {
  if (!condition) throw new Error(`smoke: ${message}`);
}

function pack() {
  execFileSync(process.execPath, [join(root, "scripts/setup.mjs")], { stdio: "inherit" });
  const [packed] = JSON.parse(run(root, "npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", work]));
  const stray = packed.files.filter(({ path }) => unwanted.test(path)).map(({ path }) => path);
  check(stray.length === 0, `the package holds ${stray.slice(0, 3).join(", ")}`);
  const scripts = packed.files.filter(({ path }) => path.endsWith(".py")).map(({ path }) => path);
  check(scripts.length === 2, `the package holds ${scripts.length} Python scripts of the benchmark, expected 2`);
  const samples = packed.files.filter(({ path }) => path.startsWith("samples/"));
  const megabytes = samples.reduce((sum, { size }) => sum + size, 0) / 1e6;
  check(
    samples.length > 0 && megabytes < sampleLimit,
    `samples are ${megabytes.toFixed(2)} MB, the limit is ${sampleLimit}`,
  );
  console.log(
    `packed ${packed.files.length} files, ${(packed.size / 1e6).toFixed(2)} MB, of it samples ${megabytes.toFixed(2)} MB`,
  );
  return join(work, packed.filename);
}

function install(tarball) {
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "name": "smoke", "private": true, "type": "module" }\n');
  run(project, "npm", [
    "install",
    tarball,
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    "--prefer-offline",
  ]);
  console.log("installed into an empty folder");
}

function askForHelp() {
  const help = run(project, "npx", ["--no-install", "trainscope", "--help"]);
  for (const word of ["Usage", "train", "lab", "study"]) check(help.includes(word), `--help does not mention ${word}`);
  console.log("trainscope --help works");
}

function train() {
  const args = ["train", "lenet5", "--data", "mnist", "--steps", `${steps}`, "--seed", "0", "--json"];
  const output = run(project, "npx", ["--no-install", "trainscope", ...args]);
  const lines = output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const losses = lines.filter((line) => "step" in line && "loss" in line);
  const final = lines.at(-1)?.final;
  check(losses.length === steps, `${losses.length} lines of steps, expected ${steps}`);
  check(
    losses.every(({ step, loss }, index) => step === index && Number.isFinite(loss)),
    "a step is missing or not finite",
  );
  check(
    Number.isFinite(final?.loss),
    `the last line is ${JSON.stringify(lines.at(-1))}, expected {"final":{"loss":...}}`,
  );
  console.log(`ten steps: loss ${losses[0].loss} -> ${losses.at(-1).loss}`);
}

/** Checks every path of the exports map: its files exist, and it can be imported under its public name. */
function importEverything() {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const [path, targets] of Object.entries(exports)) {
    for (const file of typeof targets === "string" ? [targets] : Object.values(targets)) {
      check(existsSync(join(project, "node_modules/trainscope", file)), `the package lacks ${file} of "${path}"`);
    }
    const name = join("trainscope", path).replaceAll("\\", "/");
    const attributes = path.endsWith(".json") ? ', { with: { type: "json" } }' : "";
    const code = `if (Object.keys(await import("${name}"${attributes})).length === 0) throw new Error("${name} exports nothing")`;
    run(project, process.execPath, ["--no-warnings", "--input-type=module", "-e", code]);
  }
  console.log(`every public path imports: ${Object.keys(exports).join(", ")}`);
}

/** Runs the README's example as a user's own file. Its types are checked in examples/. */
function useLibrary() {
  const code = `
    import { nn, optim, train } from "trainscope";
    import { dataset, nodeRuntime } from "trainscope/node";
    const data = await dataset("mnist", { allowDownload: false });
    const options = { model: nn.lenet5(), data, optimizer: optim.adam(), steps: 3, runtime: nodeRuntime() };
    for await (const row of train(options)) if (!Number.isFinite(row.value)) throw new Error("loss " + row.value);`;
  run(project, process.execPath, ["--input-type=module", "-e", code]);
  console.log("the library trains");
}

try {
  install(pack());
  askForHelp();
  train();
  importEverything();
  useLibrary();
} finally {
  rmSync(work, { recursive: true, force: true });
}
