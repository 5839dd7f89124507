// Random command lines end with a documented exit code and, after an error, one line that explains it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { runCli } from "../../src/cli/run-cli.js";
import { runs, seed, timeout } from "./series.js";

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "trainscope-fuzz-"));
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network in tests")));
  writeFileSync(join(home, "noise.npz"), "no archive");
  writeFileSync(join(home, "model.json"), "{}");
});
afterAll(() => {
  vi.unstubAllGlobals();
  rmSync(home, { recursive: true, force: true });
});

const hostile = [
  "",
  " ",
  "-",
  "--",
  "---",
  "-x",
  "--no-such",
  "__proto__",
  "constructor",
  "\0",
  "\u001b[31m",
  "\ud800",
];
const numbers = ["0", "-1", "1.5", "1e400", "NaN", "Infinity", "9007199254740993", "0x10", "1e-400", "٣"];
const paths = ["@/nowhere.onnx", "@/noise.npz", "@/model.json", "@", "/dev/null", "../..", "a\nb", "x".repeat(5000)];
const models = ["lenet5", "mlp:0-1", "mlp:784-99999999999999-10", "mlp:", "lenet5:3", "toString", "nosuch"];
const flags = [
  "--data",
  "--steps",
  "--epochs",
  "--batch-size",
  "--optimizer",
  "--learning-rate",
  "--seed",
  "--threads",
];
const more = ["--inputs", "--targets", "--order", "--freeze", "--resume", "--set", "--seeds", "--json", "--help", "-V"];
const word = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...flags, ...more) },
  fc.constantFrom(...hostile, ...numbers, ...paths, ...models),
  fc.string({ maxLength: 12 }),
);
/** Commands that could run for minutes, each with an argument at the end that makes them fail. */
const heads: readonly (readonly [head: readonly string[], tail: readonly string[]])[] = [
  [
    ["train", "lenet5"],
    ["--data", "@/nowhere.npz"],
  ],
  [["train"], ["--data", "@/noise.npz"]],
  [
    ["study", "run"],
    ["--preset", "nosuch"],
  ],
  [["study", "show"], []],
  [["study"], ["--nosuch"]],
  [["runs", "show"], []],
  [["runs", "rm"], []],
  [["report"], ["--nosuch"]],
  [["data", "verify"], ["nosuch"]],
  [["data", "list"], []],
  [["lab"], ["--nosuch"]],
  [["bench"], ["--nosuch"]],
  [[], ["--nosuch"]],
];

it(
  "command lines",
  async () => {
    const codes = new Map<number, number>();
    const property = fc.asyncProperty(fc.nat({ max: 1000 }), fc.array(word, { maxLength: 6 }), async (which, words) => {
      const [head, tail] = heads[which % heads.length];
      const said = { out: "", err: "" };
      const terminal = {
        write(text: string) {
          said.out += text;
        },
        writeError(text: string) {
          said.err += text;
        },
        columns: 100,
        tableColumns: 100,
        isInteractive: false,
        errorStream: new PassThrough(),
      };
      const argv = [...head, ...words, ...tail].map((text) => text.replace("@", home));
      const code = await runCli(argv, { terminal, environment: { TRAINSCOPE_HOME: home } });
      codes.set(code, (codes.get(code) ?? 0) + 1);
      expect([0, 2, 3]).toContain(code);
      // A fault in the program prints its stack.
      expect(said.err).not.toMatch(/\n {4}at /);
      if (code !== 0 && !argv.includes("--json")) expect(said.err).toMatch(/(^|\n)error: [^\n]+\n/);
      if (code === 0) expect(said.out).not.toBe("");
    });
    await fc.assert(property, { seed, numRuns: runs(150) });
    expect(codes.get(2)).toBeGreaterThan(runs(30));
  },
  timeout,
);
