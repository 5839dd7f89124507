// One network and an ensemble are reported in the same way: scripted trials, and the output of the command.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exitCodes } from "../../core/errors.js";
import { tensorFrom } from "../../core/numbers/tensor-data.js";
import type { Dataset } from "../../data/dataset.js";
import type { Divergence, TrialEvent } from "../../train/trial/events.js";
import { TrialHistory } from "../../train/trial/history.js";
import type { Trial } from "../../train/trial/trial.js";
import { followTraining } from "./follow.js";
import type { TrainCommandOptions } from "./options.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "trainscope-follow-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const epoch = { number: 0, first: 0, steps: 4 };
const ready = (networks: number, step = 0): TrialEvent => ({
  ...{ kind: "ready", compileMs: 5, step, totalSteps: 4, stepsPerEpoch: 4, networks },
});

/** Events of a training whose networks have these losses, step by step. */
function steps(first: number, losses: readonly (readonly number[])[]): TrialEvent {
  return {
    ...{ kind: "steps", first, steps: losses.length, epoch, durationMs: 1, threads: 1 },
    losses: Float32Array.from(losses.flat()),
    correct: new Float32Array(0),
    examples: new Int32Array(losses.length).fill(8),
    learningRates: new Float64Array(losses.length),
  };
}

/** A trial that emits these events. Its losses and divergences are those of the events. */
function scripted(networks: number, events: readonly TrialEvent[]): Trial {
  const history = new TrialHistory({ networks, epochAt: () => epoch });
  const never = () => Promise.reject(new Error("not needed"));
  return {
    ...{ id: "trial", networks, history, probed: [], remarks: ["a remark about the training"], everyEpoch: undefined },
    spec: { data: { scaling: "raw" } } as unknown as Trial["spec"],
    has: () => false,
    async *run() {
      for (const event of events) {
        if (event.kind === "steps") history.add(event);
        if (event.kind === "done") for (const found of event.diverged) history.diverge(found);
        yield event;
      }
    },
    evaluate: () => Promise.resolve(history.measured({ loss: new Array<number>(networks).fill(0.5) })),
    tensors: never,
    allTensors: () =>
      Promise.resolve(new Map([["weight", tensorFrom("float32", [networks], new Array(networks).fill(1))]])),
    dispose: () => Promise.resolve(),
  };
}

interface Told {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function told(trial: Trial, options: Partial<TrainCommandOptions>, { isClosed = false } = {}): Promise<Told> {
  let [out, err] = ["", ""];
  const terminal = {
    write: (text: string) => {
      out += text;
    },
    writeError: (text: string) => {
      err += text;
    },
    ...{ columns: 80, tableColumns: 80, isInteractive: false, errorStream: new PassThrough(), isClosed },
  };
  const data = { title: "made-up data" } as Dataset;
  const model = { remarks: ["a remark about the model"], inferenceModel: () => ({ model: new Uint8Array(1) }) };
  const complete = { model: "mlp", batchSize: 8, quiet: false, json: false, ...options } as TrainCommandOptions;
  const { exitCode } = await followTraining({ options: complete, terminal, trial, data, model }, { aborted: false });
  return { code: exitCode, out, err };
}

const done = (diverged: readonly Divergence[] = []): TrialEvent => ({ kind: "done", step: 4, diverged });
const lost = (network: number, step = 1): Divergence => ({
  ...{ network, step, epoch: 0.25, loss: Number.NaN, tensor: "parameter weight" },
});

describe.each([
  ["one network", 1, {}],
  ["an ensemble", 3, { ensemble: 3 }],
] as const)("%s", (_name, networks, form) => {
  const row = (loss: number): number[] => new Array<number>(networks).fill(loss);
  const whole = [ready(networks), steps(0, [row(2), row(1.5), row(1.2), row(1)]), done()];

  test("is reported with its data, steps and remarks, and ends with exit code 0", async () => {
    const { code, out, err } = await told(scripted(networks, whole), form);
    expect(code).toBe(exitCodes.done);
    expect(err).toContain("a remark about the model\na remark about the training\ntraining on made-up data, 4 steps\n");
    expect(out).toMatch(/training loss 0\.5000 on made-up data after 4 steps/);
  });

  test("reports a checkpoint that was not saved, even with --quiet", async () => {
    const saveState = join(folder, "no such folder", "state");
    const checkpoint: TrialEvent = { kind: "checkpoint", step: 4, bytes: new Uint8Array(3) };
    const trial = scripted(networks, [...whole.slice(0, 2), checkpoint, checkpoint, done()]);
    // It ends with an error, and the last state is in the folder for temporary files.
    let err = "";
    const write = (text: string): void => {
      err += text;
    };
    const terminal = {
      write,
      writeError: write,
      columns: 80,
      tableColumns: 80,
      isInteractive: false,
      errorStream: new PassThrough(),
    };
    const options = { ...form, model: "mlp", batchSize: 8, quiet: true, json: false, saveState } as TrainCommandOptions;
    const model = { remarks: [], inferenceModel: () => ({ model: new Uint8Array(0) }) };
    const data = { title: "made-up data" } as Dataset;
    await expect(followTraining({ options, terminal, trial, data, model }, { aborted: false })).rejects.toThrow();
    expect(err.match(/training goes on, but a checkpoint was not saved/g)).toHaveLength(1);
  });

  test("that is resumed names its first step", async () => {
    const { err } = await told(scripted(networks, [ready(networks, 2), steps(2, [row(1), row(1)]), done()]), form);
    expect(err).toContain("training on made-up data, 4 steps from step 2\n");
    const { out } = await told(scripted(networks, [ready(networks, 4), done()]), form);
    expect(out).toContain("; no steps were left to do\n");
  });

  test("that was interrupted explains how to continue, unless the pipe is closed, and ends with 130", async () => {
    const events: TrialEvent[] = [ready(networks), steps(0, [row(2), row(1)]), { kind: "interrupted", step: 2 }];
    const saved = await told(scripted(networks, events), { ...form, saveState: join(folder, "state") });
    expect([saved.code, saved.err]).toEqual([
      exitCodes.interrupted,
      expect.stringContaining(`interrupted after 2 steps; go on with the same command and --resume ${folder}/state\n`),
    ]);
    const unsaved = await told(scripted(networks, events), form);
    expect(unsaved.err).toContain("interrupted after 2 steps; nothing was saved, since --save-state was not given\n");
    const closed = await told(scripted(networks, events), form, { isClosed: true });
    expect([closed.code, closed.err]).toEqual([130, expect.not.stringContaining("interrupted")]);
  });

  test("whose networks all diverged ends with 1, saves nothing and says so, even with --quiet", async () => {
    const diverged = Array.from({ length: networks }, (_, network) => lost(network));
    const events = [ready(networks), steps(0, [row(2), row(Number.NaN)]), done(diverged)];
    const options = { ...form, quiet: true, json: true, saveWeights: join(folder, "lost.safetensors") };
    const { code, out, err } = await told(scripted(networks, events), options);
    expect(code).toBe(exitCodes.failed);
    expect(err).toMatch(/diverged.*try a smaller learning rate/i);
    const { final } = JSON.parse(out.trim().split("\n").at(-1) as string);
    expect(final.status).toBe("diverged");
    expect(final.diverged).toMatchObject(networks === 1 ? { step: 1, tensor: "parameter weight" } : { count: 3 });
    expect(await readdir(folder)).not.toContain("lost.safetensors");
  });

  test("writes its weights", async () => {
    const { code } = await told(scripted(networks, whole), {
      ...form,
      saveWeights: join(folder, `${networks}.weights`),
    });
    expect(code).toBe(0);
    expect(await readdir(folder)).toContain(`${networks}.weights`);
  });

  test("prints a line for every step with --json", async () => {
    const { out } = await told(scripted(networks, whole), { ...form, json: true });
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.slice(0, 2)).toEqual(
      [2, 1.5].map((loss, step) => ({
        ...{ step, loss: networks === 1 ? loss : row(loss) },
        ...{ learningRate: 0, batchSize: 8 },
      })),
    );
    expect(lines).toHaveLength(5);
    expect(lines[4].final).toMatchObject({ steps: 4, threads: 1, data: "made-up data", status: "done" });
  });
});

describe("a training whose end cannot be measured, or is no number", () => {
  const losses = [[2], [1.5], [1.2], [1]];
  const whole = (trained: TrialEvent[] = [{ kind: "trained", step: 4 }]) => [
    ready(1),
    steps(0, losses),
    ...trained,
    done(),
  ];
  const evaluating = (evaluate: Trial["evaluate"], events = whole()): Trial => ({ ...scripted(1, events), evaluate });
  const saved = (name: string) => ({
    save: join(folder, `${name}.onnx`),
    saveWeights: join(folder, `${name}.weights`),
  });

  test("ends with the error, and its files are there: they were written before", async () => {
    let before: string[] = [];
    const trial = evaluating(async () => {
      before = await readdir(folder);
      throw new RangeError("out of memory");
    });
    await expect(told(trial, saved("kept"))).rejects.toThrow("out of memory");
    expect(before).toEqual(expect.arrayContaining(["kept.onnx.unmeasured", "kept.weights.unmeasured"]));
    expect(await readdir(folder)).toEqual(expect.arrayContaining(["kept.onnx", "kept.weights"]));
    expect((await readdir(folder)).filter((name) => name.endsWith(".unmeasured"))).toEqual([]);
  });

  test.each([["told by the trial"], ["found by the last measurement"]])(
    "%s: diverged, and nothing is overwritten",
    async (how) => {
      const [name, quiet] = [how.replaceAll(" ", "-"), true];
      const files = saved(name);
      for (const path of Object.values(files)) await writeFile(path, "a good file");
      const diverged = { ...lost(0, 4), tensor: "validation loss" };
      const events = how.startsWith("told") ? [...whole().slice(0, 3), done([diverged])] : whole();
      const trial = evaluating(() => Promise.resolve({ loss: [Number.NaN], accuracy: [0.3] }), events);
      const { code, out, err } = await told(trial, { ...files, quiet, json: true });
      expect(code).toBe(exitCodes.failed);
      expect(err).toContain("diverged at step 4: loss NaN");
      const { final } = JSON.parse(out.trim().split("\n").at(-1) as string);
      expect(final).toMatchObject({ status: "diverged", diverged: { step: 4 } });
      expect(final).not.toHaveProperty("accuracy");
      for (const path of Object.values(files)) expect(await readFile(path, "utf8")).toBe("a good file");
      expect((await readdir(folder)).filter((found) => found.endsWith(".unmeasured"))).toEqual([]);
    },
  );
});

test("an ensemble with some diverged networks is done, and the summary names them", async () => {
  const events = [
    ready(3),
    steps(0, [
      [2, 2, 2],
      [1, Number.NaN, 1],
    ]),
    done([lost(1)]),
  ];
  const { code, out, err } = await told(scripted(3, events), { ensemble: 3 });
  expect(code).toBe(exitCodes.done);
  expect(err).toContain("1 of 3 networks diverged: 1 at step 1\n");
  expect(out).toContain("3 networks: mean training loss 0.5000");
});

test("a training that compares epochs says by what, when it ended and whose weights it has, and measures those", async () => {
  const evaluated = { phase: "validation" as const, step: 4, epoch: 1, loss: [0.9] };
  const events: TrialEvent[] = [
    ready(1),
    steps(0, [[2], [1.5], [1.2], [1]]),
    { kind: "epoch", epoch: 1, step: 4, measured: [evaluated] },
    {
      ...{ kind: "done", step: 4, diverged: [] },
      stopped: [{ network: 0, step: 4, epoch: 4, loss: 0.9 }],
      kept: [{ network: 0, step: 2, epoch: 2 }],
    },
  ];
  const options: Partial<TrainCommandOptions> = { keep: { best: "loss" } };
  const trial = { ...scripted(1, events), everyEpoch: "test" as const };
  const { err, out } = await told(trial, options);
  expect(err).toContain("epochs are compared by the test split, whose numbers are then too good; --validation-split");
  expect(err).toContain("ended after epoch 4 for want of improvement; the weights are those of epoch 2, the best\n");
  // Not the 0.9 of the last epoch: what the kept weights give.
  expect(out).toContain("validation loss 0.5000");
  const { out: json } = await told(trial, { ...options, json: true });
  const { final } = JSON.parse(json.trim().split("\n").at(-1) as string);
  expect(final).toMatchObject({ stopped: { step: 4, epoch: 4 }, kept: { step: 2, epoch: 2 }, validationLoss: 0.5 });
  const held = await told({ ...trial, everyEpoch: "validation" }, options);
  expect(held.err).not.toContain("compared by");
});
