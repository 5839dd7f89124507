// Damaged and foreign files, impossible numbers and unwritable folders give one sentence and the right exit code.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { runCli } from "../../src/cli/run-cli.js";
import { StateFile } from "../../src/cli/train/files.js";

let home: string;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "trainscope-hostile-"));
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network in tests")));
  const made = await cli(
    "train lenet5 --data mnist --steps 3 --threads 1 --quiet --save-state @/state --save @/m.onnx",
  );
  expect(made).toMatchObject({ code: 0, err: "" });
});
afterAll(() => {
  vi.unstubAllGlobals();
  rmSync(home, { recursive: true, force: true });
});
afterEach(() => {
  const left = readdirSync(home).filter((name) => name.endsWith(".tmp"));
  expect(left, "temporary files left behind").toEqual([]);
});

/** Runs a command line, with `@` replaced by the folder of this test. */
async function cli(line: string): Promise<{ code: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const terminal = {
    write: (text: string) => {
      said.out += text;
    },
    writeError: (text: string) => {
      said.err += text;
    },
    columns: 100,
    tableColumns: 100,
    isInteractive: false,
    errorStream: new PassThrough(),
  };
  const words = line.split(" ").map((word) => word.replace("@", home));
  const code = await runCli(words, { terminal, environment: { TRAINSCOPE_HOME: home } });
  return { code, ...said };
}

async function refusal(line: string): Promise<string> {
  const { code, out, err } = await cli(line);
  expect(out).toBe("");
  expect(err).toMatch(/^error: [^\n]*\n$/);
  return `${code} ${err.slice("error: ".length, -1).replaceAll(home, "@")}`;
}

const resume = "train lenet5 --data mnist --steps 5 --threads 1 --quiet --resume";

test.each([
  ["cut", (state: Buffer) => state.subarray(0, 3000)],
  ["empty", () => Buffer.alloc(0)],
  ["noise", (state: Buffer) => Buffer.from(state.map((byte, index) => (byte * 31 + index * 17) & 255))],
  ["huge header", (state: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 0, 0, 64]), state.subarray(8)])],
])("a checkpoint that is %s is refused", async (_, damage) => {
  writeFileSync(join(home, "bad.state"), damage(readFileSync(join(home, "state"))));
  expect(await refusal(`${resume} @/bad.state`)).toMatch(/^2 @\/bad\.state: .*(safetensors)/);
});

test("a checkpoint with one flipped bit among its weights is refused", async () => {
  const state = readFileSync(join(home, "state"));
  state[Math.floor(state.length / 2)] ^= 1;
  writeFileSync(join(home, "bad.state"), state);
  expect(await refusal(`${resume} @/bad.state`)).toMatch(/^2 @\/bad\.state: the checkpoint is damaged: .*checksum/);
});

test("a layer of a million million units is refused by its size, without allocating it", async () => {
  expect(await refusal("train mlp:784-1099511627776-10 --data mnist --steps 1 --quiet")).toMatch(
    /^2 model: the model is too large/,
  );
});

test("a model too large for any machine is refused with its number of parameters, before anything is allocated", async () => {
  const said = await refusal("train mlp:784-1000000000-10 --data mnist --steps 1 --quiet");
  expect(said).toMatch(/^2 model: the model is too large .* 795,000,000,000 parameters, which need 22,260 GB/);
});

test.each([
  ["--seed 1", /^2 @\/state: .*seed: expected 1, received 0/],
  ["--optimizer sgd", /^2 @\/state: .*optimizer.*sgd.*adam/],
  ["--learning-rate 0.01", /^2 @\/state: .*optimizer.*0\.01.*0\.001/],
  ["--batch-size 32", /^2 @\/state: .*batchSize: expected 32, received 64/],
  ["--steps 2", /^2 @\/state: the checkpoint has gone further than asked for: expected at most 2 steps, received 3/],
])("resuming a checkpoint with the changed options %s names the difference", async (options, message) => {
  expect(await refusal(`${resume} @/state ${options}`)).toMatch(message);
});

test("writing out a default does not make another training", async () => {
  expect(await cli(`${resume} @/state --learning-rate 0.001`)).toMatchObject({ code: 0, err: "" });
});

test.runIf(process.platform !== "win32")(
  "a pipe and a device in the place of a file are refused, not waited for",
  async () => {
    for (const name of ["pipe.json", "pipe.onnx", "pipe.csv", "pipe.npy"]) execFileSync("mkfifo", [join(home, name)]);
    symlinkSync("/dev/zero", join(home, "zero.onnx"));
    symlinkSync("/dev/zero", join(home, "zero.json"));
    for (const name of ["pipe.json", "pipe.onnx", "zero.onnx", "zero.json"]) {
      const said = await refusal(`train @/${name} --data mnist --steps 1 --quiet`);
      expect(said).toMatch(/^2 @\/\S+: is (not an ordinary|not a regular) file/);
    }
    expect(await refusal("inspect @/pipe.onnx")).toMatch(/^2 .*is not a regular file/);
    for (const options of ["--data @/pipe.csv", "--data mnist --order @/pipe.npy", "--data mnist --resume @/pipe.npy"])
      expect(await refusal(`train lenet5 ${options} --steps 1 --quiet`)).toMatch(/^2 .*is not an ordinary file/);
  },
);

test("another model's checkpoint, a file of another kind and a missing file are refused", async () => {
  const other = resume.replace("lenet5", "mlp:784-10");
  expect(await refusal(`${other} @/state`)).toMatch(/^2 @\/state: .*model/);
  expect(await refusal(`${resume} @/m.onnx`)).toMatch(/^2 @\/m\.onnx: /);
  expect(await refusal(`${resume} @/nowhere`)).toBe("2 @/nowhere: no such file. Check the path");
});

test.each([
  ["not json\nat all", /not a JSON file/],
  ["", /not a JSON file/],
  ["null", /not a layer spec/],
  [`"${'\\\\"'.repeat(1_000_000)}`, /not a JSON file/],
  [`${"[".repeat(10_000)}${"]".repeat(10_000)}`, /nested too deeply: expected at most 64 levels/],
  ['{"kind":"sequential","layers":[{"kind":"flaten"}]}', /model\.layers\[0\]: unknown layer "flaten".*"flatten"/],
  ['{"kind":"sequential","layers":[{"kind":"flatten"},{"kind":"dense","units":"ten"}]}', /layers\[1\].*units/],
  ['{"kind":"sequential","layers":[{"kind":"flatten"},{"kind":"dense","units":7}]}', /expected an output.*\[64, 7\]/],
  ['{"kind":"sequential","layers":[{"kind":"conv2d","filters":4,"kernel":40}]}', /layers\[0\].*\[40, 40\].*\[28, 28\]/],
])("the model %.60j is refused", async (text, message) => {
  writeFileSync(join(home, "model.json"), text);
  const said = await refusal("train @/model.json --data mnist --steps 1 --quiet");
  expect(said).toMatch(message);
  expect(said.startsWith("2 ")).toBe(true);
});

test.each([
  [
    "--steps 1 --threads 10000",
    /^2 --threads: too many threads: expected at most \d+ on this machine, received 10000$/,
  ],
  ["--steps 1 --threads 0", /^2 --threads: .*at least 1/],
  ["--epochs 1 --batch-size 20000 --drop-last", /^2 batchSize: there is no whole batch/],
  ["--steps 1 --save /dev/null", /^2 \/dev\/null: is not an ordinary file/],
  ["--steps 1 --save @", /^2 @: is a folder/],
  [
    "--steps 1 --save @/no/such/m.onnx",
    /^3 @\/no\/such\/m\.onnx: cannot write because it or its folder does not exist/,
  ],
  ["--steps 1 --data-dir @/nowhere", /^[23] .*@\/nowhere/],
])("train %s is refused", async (options, message) => {
  expect(await refusal(`train lenet5 --data mnist --quiet ${options}`)).toMatch(message);
});

test("a diverged training ends with the final line, names the step and the tensor, and exits with code 1", async () => {
  const { code, out, err } = await cli(
    "train lenet5 --data mnist --steps 50 --learning-rate 1e6 --optimizer sgd --json --quiet --threads 1",
  );
  const lines = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect([code, lines.at(-1).final]).toMatchObject([1, { status: "diverged", diverged: { step: lines.length - 2 } }]);
  expect(err).toMatch(/^diverged at step \d+: loss \S+, first bad tensor .*\. Try a smaller learning rate\.\n$/);
});

test("a damaged or unwritable store stops a study with an exit code, but never a training, which is listed if possible", async () => {
  const { out } = await cli("runs list --json");
  expect(JSON.parse(out).runs.at(-1)).toMatchObject({ study: "train", status: "done", settings: { steps: 3 } });
  const other = join(home, "other");
  mkdirSync(other);
  writeFileSync(join(other, "store.sqlite"), "this is no database, and long enough to be looked at ".repeat(10));
  const before = home;
  home = other;
  try {
    expect(await refusal("study run normalization --seeds 1 --quiet --out @/report")).toMatch(/^2 run store .*damaged/);
    const { code, err } = await cli("train lenet5 --data mnist --steps 1 --threads 1");
    expect(code).toBe(0);
    expect(err).toMatch(/this training is not listed by trainscope runs: .*damaged or is not a database/);
  } finally {
    home = before;
  }
});

test("an unwritable checkpoint is reported once; if the last one must be saved elsewhere, that is an error", async () => {
  const remarks: string[] = [];
  const state = new StateFile(join(home, "gone", "s.state"), (remark) => remarks.push(remark));
  await state.save(new Uint8Array([1]));
  await state.save(new Uint8Array([2]));
  expect(remarks).toHaveLength(1);
  expect(remarks[0]).toMatch(/^training goes on, but a checkpoint was not saved: .*does not exist \(ENOENT\)/);
  const failure = await state.finish().then(
    () => "",
    (error: Error) => error.message,
  );
  const refuge = /could not be written, and is in (\S+) instead/.exec(failure)?.[1] ?? "";
  expect([...readFileSync(refuge)]).toEqual([2]);
  rmSync(refuge);
});
