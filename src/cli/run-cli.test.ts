import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { InterruptedError } from "../core/errors.js";
import { checkpointFile, trainscopePaths } from "../node/files/paths.js";
import { openRunStore } from "../node/store/open-store.js";
import { optimizers } from "../optim/optimizers/index.js";
import { exampleEnd, exampleRun, exampleTrial } from "../study/store/contract/store-examples.js";
import { trialId } from "../train/spec/trial-spec.js";
import type { CommandEntry } from "./command-context.js";
import { commands } from "./commands.js";
import { runCli } from "./run-cli.js";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "trainscope-cli-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));
const paths = () => trainscopePaths({ environment: { TRAINSCOPE_HOME: home } });

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function cli(line: string, options: { entries?: readonly CommandEntry[]; debug?: boolean } = {}): Promise<Said> {
  let [out, err] = ["", ""];
  const terminal = {
    write: (text: string) => {
      out += text;
    },
    writeError: (text: string) => {
      err += text;
    },
    columns: 100,
    tableColumns: 100,
    isInteractive: false,
    errorStream: new PassThrough(),
  };
  const environment = { TRAINSCOPE_HOME: home, ...(options.debug === true ? { TRAINSCOPE_DEBUG: "1" } : {}) };
  const argv = line.split(" ").filter((word) => word !== "");
  const code = await runCli(argv, {
    terminal,
    environment,
    ...(options.entries === undefined ? {} : { entries: options.entries }),
  });
  return { code, out, err };
}

/** A command that fails with a given error. */
const failing = (cause: unknown): CommandEntry[] => [
  {
    name: "fail",
    about: "fails",
    load: async () => (command) => void command.option("--json").action(() => Promise.reject(cause)),
  },
];

describe("help", () => {
  test("lists the commands with one sentence each, examples and exit codes", async () => {
    const { code, out, err } = await cli("--help");
    expect([code, err]).toEqual([0, ""]);
    for (const { name, about } of commands) expect(out).toMatch(new RegExp(`\\n  ${name} .*${about}`));
    expect(out).toContain("Examples:\n  $ trainscope data list\n");
    expect(out).toContain("Exit codes: 0 done; 1 a trial or claim failed;");
    expect((await cli("")).out).toBe(out);
  });

  test.each(commands.map(({ name }) => name))(
    "%s has help with a description and examples, by either way",
    async (name) => {
      const [short, long] = [await cli(`${name} --help`), await cli(`help ${name}`)];
      expect(short).toEqual(long);
      expect([short.code, short.err]).toEqual([0, ""]);
      expect(short.out).toMatch(new RegExp(`^Usage: trainscope ${name} .*\\n\\n\\S`));
      expect(short.out).toMatch(/\nExamples:\n {2}\$ trainscope /);
    },
  );

  test("of train shows the options of everyday use in groups", async () => {
    const { out } = await cli("train --help");
    const flags = [...out.matchAll(/^ {2}(?:-h, )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
    expect(flags).toHaveLength(21);
    expect(flags).toEqual(expect.arrayContaining(["--data", "--optimizer", "--learning-rate", "--epochs", "--help"]));
    const groups = [...out.matchAll(/^([A-Z][^:\n]*):$/gm)].map(([, group]) => group);
    expect(groups).toEqual([
      ...["Arguments", "Data", "Model", "Loss", "Optimizer", "Learning rate over time", "Length, order and batches"],
      ...["Probes", "Results", "Help", "Examples"],
    ]);
  });

  test("of train for adam shows its options, their other names, and the differences of Keras", async () => {
    const { code, out } = await cli("train --help adam");
    expect(code).toBe(0);
    expect(out).toMatchInlineSnapshot(`
      "--optimizer adam (optimizer): Adam
      Differs in Keras: epsilon 1e-7, before the bias correction (epsilonHat)

      Options:
        --learning-rate <number>  size of a step (default: 0.001; also --lr)
        --b1 <number>             decay of the mean of gradients (default: 0.9; also --beta1, --betas)
        --b2 <number>             decay of the mean of squared gradients (default: 0.999; also --beta2,
                                  --betas)
        --epsilon <number>        added to the denominator (default: 1e-8; also --eps)
        --amsgrad                 divides by the largest mean of squares so far (default: false)
        --epsilon-hat             epsilon before the bias correction, as in Keras (default: false)
        --weight-decay <number>   lambda of the weight decay (default: 0)
        --decoupled               weight decay separate from the gradient, as in AdamW (default: false;
                                  also --decoupled-weight-decay)
        --decay <name>            what decays: all parameters, or weights without biases and normalization
                                  (default: all)
        --maximize                maximizes the loss instead of minimizing it (default: false)
      "
    `);
  });

  test.each([
    ["optimizers", "adam-w            Adam with decoupled weight decay"],
    ["one-cycle", "--schedule-rise-share <number>"],
    ["OneCycleLR", "Also written OneCycleLR (with cycleMomentum true)"],
    ["batch-schedules", "growing"],
    ["kaiming_normal_", "he-normal:fan-mode=..."],
    ["mse", "--loss mean-squared-error (loss): mean of squared differences"],
  ])("of train accepts the topic %s", async (topic, text) => {
    const { code, out } = await cli(`train --help ${topic}`);
    expect([code, out]).toEqual([0, expect.stringContaining(text)]);
  });

  test("of train with an unknown topic lists the topics", async () => {
    const { code, err } = await cli("train --help adan");
    expect([code, err]).toEqual([
      2,
      'error: trainscope train --help: unknown topic "adan". Did you mean "adam"? Valid: all, losses, optimizers, schedules, batch-schedules, initializers, augmentations, and the names that they list\n',
    ]);
  });

  test("of train for all lists the options of every optimizer and schedule", async () => {
    const { out } = await cli("train --help all");
    const words = out.replace(/\s+/g, " ");
    expect(words).toContain("--learning-rate <number> size of a step; also --lr (default: sgd 0.001, adagrad 0.01,");
    expect(words).toContain(
      "--dampening <number> fraction of the gradient that does not enter the momentum; sgd (default: 0)",
    );
    expect(words).toContain("--nesterov Nesterov's variant of momentum; sgd --");
    expect(words).toContain("--decay <name> what decays: all parameters, or weights");
    expect(words).toContain("--weight-decay <number> lambda of the weight decay (default: 0, adam-w 0.01)");
    expect(words).toContain(
      "--schedule-every <number> length of a stage; step; also --schedule-step-size (default: 10)",
    );
    expect(words).toContain("--schedule-milestones <numbers> times at which the rate changes; multi-step (default:");
    expect(words).toContain("--optimizer <name> sgd, adagrad, adadelta, rmsprop,");
  });

  test("appears for a command without its subcommand, with exit code 2", async () => {
    const { code, out, err } = await cli("runs");
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("Usage: trainscope runs");
  });
});

test("--version prints every version that results depend on", async () => {
  const { code, out } = await cli("--version");
  expect(code).toBe(0);
  expect(out).toMatch(/^trainscope \d+\.\d+\.\d+ \(ONNX Runtime 1\.\d+\.\d+, Node 2\d\.\d+\.\d+\)\n$/);
});

describe("wrong usage is refused with one sentence and exit code 2", () => {
  test.each([
    ["rns list --json", 'trainscope: unknown command "rns". Did you mean "runs"?'],
    ["runs lst", 'trainscope runs: unknown command "lst". Did you mean "list"? Valid: list, show, rm, help'],
    ["runs list --jsn", 'trainscope runs list: unknown option "--jsn". Did you mean "--json"? Valid: --json, --help'],
    ["--wrong", 'trainscope: unknown option "--wrong". Valid: --version, --help'],
    ["runs show", "trainscope runs show: missing argument <run>. Write trainscope runs show [options] <run>"],
    [
      "runs list extra",
      "trainscope runs list: too many arguments for 'list'. Expected 0 arguments but got 1. See trainscope runs list --help",
    ],
    ["train lenet5", "trainscope train: required option '--data <dataset>' not specified. See trainscope train --help"],
    [
      "train lenet5 --data",
      "trainscope train: option '--data <dataset>' argument missing. See trainscope train --help",
    ],
    [
      "train lenet5 --data mnist --optimizer adm",
      `--optimizer: unknown value "adm". Did you mean "adam"? ${Object.keys(optimizers).length} are known`,
    ],
    [
      "train lenet5 --data mnist --steps 1.5",
      '--steps: wrong value: expected an integer of at least 1, received "1.5"',
    ],
    [
      "train lenet5 --data mnist --learning-rate fast",
      '--learning-rate: wrong value: expected a number, received "fast"',
    ],
    [
      "train lenet5 --data mnist --learning-rate 0x1",
      '--learning-rate: wrong value: expected a number, received "0x1"',
    ],
    [
      "train lenet5 --data mnist --steps 1 --initializer normal:deviation=1e300",
      "--initializer (normal).deviation: the number is too large for float32: expected a number from -3.4028235e38 to 3.4028235e38, received 1e+300",
    ],
    [
      "train lenet5 --data mnist --steps 5 --epochs 1",
      "trainscope train: two lengths are given: expected one of --epochs and --steps, received both",
    ],
    ["train lenet5 --data mnist --sed=3", 'trainscope train: unknown option "--sed". Did you mean "--seed"? '],
    [
      "study run normalization --preset fast",
      'study "normalization": unknown preset "fast". Valid: quick, standard, paper, smoke',
    ],
    [
      "lab --preset papr",
      '--preset: unknown preset "papr". Did you mean "paper"? Valid: quick, standard, paper, smoke',
    ],
    [
      "study run normalization --set epochs=0",
      'study "normalization" > epochs: wrong setting: expected an integer from 1 to 1000, received 0. See trainscope study show normalization',
    ],
    [
      "study run normalization --set epochs=two",
      'study "normalization" > epochs: wrong setting: expected an integer from 1 to 1000, received "two"',
    ],
    [
      "study run normalization --set epoch=2",
      'study "normalization": unknown setting "epoch". Did you mean "epochs"? Valid: epochs, batchSize, learningRate, twinEpochs, twinSeeds, examples',
    ],
    ["study run normalization --threads 0", '--threads: wrong value: expected an integer of at least 1, received "0"'],
    ["study run normalization --set epochs", '--set: wrong value: expected key=value, received "epochs"'],
  ])("%s", async (line, message) => {
    const { code, err } = await cli(line);
    expect(err).toMatch(/^error: .*\n$/);
    expect(err.slice("error: ".length, -1)).toContain(message);
    expect(code).toBe(2);
  });
});

describe("errors", () => {
  test("with --json, the error is also a document on stdout", async () => {
    const { code, out, err } = await cli("runs shw --json");
    expect(code).toBe(2);
    expect(JSON.parse(out)).toEqual({
      schema: 1,
      error: { code: "unknown-name", message: err.slice("error: ".length, -1) },
    });
  });

  test("our own errors have their exit codes, including interruption", async () => {
    const { code, err } = await cli("fail", {
      entries: failing(new InterruptedError("run a", "Run it again to go on")),
    });
    expect([code, err]).toEqual([130, "error: run a: interrupted. Run it again to go on\n"]);
  });

  test("an unexpected error is short, explains how to report it, and shows its stack only on request", async () => {
    const entries = failing(new RangeError("index 7"));
    const plain = await cli("fail --json", { entries });
    expect(plain.code).toBe(1);
    expect(plain.err).toMatchInlineSnapshot(`
      "error: unexpected failure: index 7
      This is a fault of trainscope. Please report it with what TRAINSCOPE_DEBUG=1 and the same command print.
      "
    `);
    expect(JSON.parse(plain.out).error).toEqual({ code: "internal", message: "unexpected failure: index 7" });
    expect((await cli("fail", { entries, debug: true })).err).toMatch(/RangeError: index 7\n {4}at /);
  });
});

describe("data", () => {
  test("list shows the files on this machine and the searched folders", async () => {
    const { code, out } = await cli("data list");
    expect(code).toBe(0);
    expect(out).toMatch(/^data set +here +size +about +folder\n/);
    expect(out).toMatch(/\nmnist +sample +0 bytes +70,000 handwritten/);
    expect(out).toContain(`\n  ${paths().data}\n`);
    expect(JSON.parse((await cli("data list --json")).out).datasets[0]).toMatchObject({
      id: "mnist",
      present: "sample",
    });
  });

  test("verify exits with 3 for missing files and 1 for damaged ones, and suggests the nearest known name", async () => {
    expect((await cli("data verify mnist")).code).toBe(3);
    await writeFile(join(home, "train-labels-idx1-ubyte"), "damaged");
    const { code, out } = await cli(`data verify mnist --data-dir ${home} --json`);
    expect(code).toBe(1);
    const states = JSON.parse(out).files.map(({ state }: { state: string }) => state);
    expect(states.sort()).toEqual(["damaged", "missing", "missing", "missing"]);
    const unknown = await cli("data get mnits");
    expect([unknown.code, unknown.err]).toEqual([
      2,
      expect.stringContaining('unknown data set "mnits". Did you mean "mnist"?'),
    ]);
    expect((await cli("data list --data-dir /none/such")).code).toBe(2);
  });
});

describe("a study that trains nothing", () => {
  test("needs no data, prints exact findings, and can be reported again from the store", async () => {
    const { code, out, err } = await cli(`study run architectures --json --quiet --out ${join(home, "a")}`);
    expect([code, err]).toEqual([0, ""]);
    const document = JSON.parse(out);
    expect(document).toMatchObject({ schema: 1, study: "architectures", seeds: 0, data: null });
    expect(document.findings).toContainEqual({
      id: "parameters",
      title: "Parameters",
      value: 60_965_224,
      interval: [60_965_224, 60_965_224],
      level: 1,
      method: "exact",
      n: 1,
      unit: "",
      variant: "alexnetTwoGpu",
    });
    const again = await cli(`report ${document.run} --json --out ${join(home, "b")}`);
    expect([again.code, again.err]).toEqual([0, ""]);
    const pages = await Promise.all(["a", "b"].map((name) => readFile(join(home, name, "report.html"), "utf8")));
    const undated = pages.map((page) => page.replace(/written by Trainscope on [^<]*/, ""));
    expect(undated[0]).toBe(undated[1]);
    expect(undated[0]).toContain("none: nothing was trained, and no random number was drawn");
    // It draws every figure of the study twice, possibly on a busy machine.
  }, 120_000);

  test("accepts no seeds, and is shown without data by list and show", async () => {
    const { code, err } = await cli("study run architectures --seeds 3");
    expect([code, err]).toEqual([
      2,
      'error: study "architectures": nothing in this study depends on a seed: expected no --seeds: its numbers are computed, not trained, received --seeds 3. Leave --seeds out\n',
    ]);
    expect((await cli("study show architectures")).out).toContain("Data      none: nothing is trained\n");
    expect((await cli("study run architectures --set n=3")).err).toBe(
      'error: study "architectures": this study has no settings: received --set n\n',
    );
    const { studies } = JSON.parse((await cli("study list --json")).out);
    expect(studies).toContainEqual(expect.objectContaining({ id: "architectures", dataset: null }));
  });
});

describe("study show", () => {
  test("prints every setting with its type, unit, range and value in each preset", async () => {
    const { out } = await cli("study show normalization");
    expect(out).toContain("Data      mnist\n");
    expect(out).toMatch(/\nRefuted +A paired difference of several points after the last epoch\.\n/);
    expect(out.slice(out.indexOf("setting "))).toMatchInlineSnapshot(`
      "setting       type     unit      range         quick  standard  paper  smoke  about
      ------------  -------  --------  ------------  -----  --------  -----  -----  ------------------------------------------------------------------
      epochs        integer  epochs    1 to 1000     3      5         20     1      passes over the training data of the corrected networks
      batchSize     integer  examples  2 to 4096     64     64        64     64     examples per update of the corrected networks
      learningRate  number             0 to 10       0.001  0.001     0.001  0.001  learning rate of Adam
      twinEpochs    integer  epochs    1 to 1000     6      30        30     1      passes over the training data of the as-coded networks
      twinSeeds     integer  seeds     0 to 1000     1      1         5      1      seeds of the as-coded networks, at most those of the study
      examples      integer  examples  at least 128                          640    training and test images to use, the first ones; all when left out
      "
    `);
  });

  test("prints the same as JSON with --json", async () => {
    const { out } = await cli("study show normalization --json");
    const { study } = JSON.parse(out);
    expect(study).toMatchObject({ id: "normalization", dataset: "mnist", data: { mnist: "mnist" } });
    expect(Object.keys(study.presets)).toEqual(["quick", "standard", "paper", "smoke"]);
    expect(study.presets.smoke).toMatchObject({ seeds: 2, settings: { epochs: 1, learningRate: 0.001 } });
    expect(study.settings.epochs).toEqual({
      ...{ type: "integer", integer: true, minimum: 1, maximum: 1000, unit: "epochs" },
      about: "passes over the training data of the corrected networks",
      rule: "an integer from 1 to 1000",
    });
  });
});

describe("runs", () => {
  const [first, second] = [exampleTrial(0), exampleTrial(1)];
  const fill = async (): Promise<string[]> => {
    const store = await openRunStore(paths());
    const a = await store.createRun(exampleRun);
    const { preset: _, ...training } = { ...exampleRun, study: "train", startedAt: "2026-11-23T08:00:00.000Z" };
    const b = await store.createRun(training);
    await store.addTrials(a.id, "main", [first, second]);
    await store.addTrials(b.id, "main", [first]);
    const lease = await store.leaseTrial(trialId(first.spec), first.measure);
    const end = {
      ...exampleEnd,
      status: "diverged" as const,
      diverged: [{ network: 0, step: 1234, epoch: 1, loss: Number.NaN, tensor: "w" }],
    };
    if (lease.kind === "leased") await store.finishTrial(lease.token, end);
    await store.setRunStatus(a.id, "interrupted", "2026-11-22T20:27:06.500Z");
    await writeFile(checkpointFile(paths(), trialId(second.spec)), "state");
    await store.close();
    return [a.id, b.id];
  };

  test("reading does not create a store", async () => {
    expect(await cli("runs list")).toEqual({ code: 0, out: "No runs yet.\n", err: "" });
    expect((await cli("runs list --json")).out).toBe('{"schema":1,"runs":[]}\n');
    expect((await cli("runs show x")).err).toBe('error: trainscope runs: unknown run "x". There are no runs yet\n');
    await expect(rm(paths().store)).rejects.toThrow("ENOENT");
  });

  test("list and show report what happened", async () => {
    await fill();
    expect((await cli("runs list")).out).toMatchInlineSnapshot(`
      "run                            status       preset  trials                 time
      -----------------------------  -----------  ------  ---------------------  ----------
      train-20261123-080000          running              1 diverged
      normalization-20261122-202501  interrupted  quick   1 diverged, 1 pending  2 min 05 s
      "
    `);
    const { out } = await cli("runs show norm");
    expect(out).toContain("command   trainscope study run normalization --preset quick\n");
    expect(out).toMatch(/diverged {2}plain +7 {2}step 1,234: w\n/);
    const shown = JSON.parse((await cli("runs show norm --json")).out);
    expect(shown).toMatchObject({
      schema: 2,
      run: { status: "interrupted", seeds: exampleRun.seeds, stages: [{ id: "main" }] },
      trials: [{ status: "diverged", end: { diverged: [{ step: 1234, tensor: "w" }] } }, { status: "pending" }],
    });
  });

  test("rm removes runs with the trials that no other run needs; names must be known and unambiguous", async () => {
    const [a] = await fill();
    expect((await cli("runs rm nor tra zzz")).err).toContain('unknown run "zzz"');
    expect(await cli("runs rm normal")).toEqual({ code: 0, out: `removed ${a} with 1 trial of their own\n`, err: "" });
    await expect(rm(checkpointFile(paths(), trialId(second.spec)))).rejects.toThrow("ENOENT");
    expect(JSON.parse((await cli("runs list --json")).out).runs).toHaveLength(1);
    await fill();
    expect((await cli("runs rm train")).err).toContain(
      '2 runs begin with "train". Write more of the name: train-20261123-080000-2, ',
    );
  });

  test("a damaged store is reported with one sentence and exit code 2", async () => {
    await writeFile(paths().store, "x".repeat(5000));
    const { code, err } = await cli("runs list");
    expect(code).toBe(2);
    expect(err).toMatch(/^error: run store .*: is damaged or is not a database\. .*\n$/);
  });
});
