// What compares epochs: reduced rates, early ends and best weights, against the same by hand; with the same bits after a resume.
import { afterAll, describe, expect, test } from "vitest";
import { type TensorData, tensorData } from "../../src/core/numbers/tensor-data.js";
import type { Dataset } from "../../src/data/dataset.js";
import { localData } from "../../src/data/source.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import { dataUse } from "../../src/train/spec/data-use.js";
import type { KindSpec, TrialSpecInput } from "../../src/train/spec/trial-spec.js";
import type { Evaluation, EventOf, TrialEvent } from "../../src/train/trial/events.js";
import { openTrial, type TrialRequest } from "../../src/train/trial/trial.js";
import { patches, trialSpec } from "../support/small-trials.js";

const runtime = nodeRuntime({ cores: 2 });
afterAll(() => runtime.dispose());

const data = patches(50, { extent: 5 });
const kind = (name: string, options: object = {}) => ({ kind: name, ...options }) as KindSpec;
const layersOf = (...layers: KindSpec[]) => ({ kind: "sequential", layers }) as unknown as KindSpec;
const model = layersOf(kind("flatten"), kind("dense", { units: 3 }), kind("relu"), kind("dense", { units: 4 }));
const epochs = 14;
/** 38 examples in batches of 16: three steps an epoch. The rate is high, so that losses go up and down. */
const specOf = (changes: Partial<TrialSpecInput> = {}) => {
  const spec = trialSpec(data, { model, epochs, optimizer: kind("adam", { learningRate: 0.3 }), ...changes });
  return { ...spec, data: { ...spec.data, validation: { fraction: 0.24, seed: 1 } } };
};

interface Run {
  readonly events: readonly TrialEvent[];
  readonly evaluations: readonly Evaluation[];
  readonly done: EventOf<"done">;
  readonly tensors: readonly ReadonlyMap<string, TensorData>[];
  readonly checkpoint: Uint8Array;
  readonly rates: readonly number[];
}

async function run(
  changes: Partial<TrialSpecInput>,
  options: Partial<TrialRequest> = {},
  until = Infinity,
): Promise<Run> {
  const trial = openTrial({
    ...{ spec: specOf(changes), data, runtime, threads: 1, now: () => 0 },
    checkpointEveryMs: Number.POSITIVE_INFINITY,
    ...options,
  });
  const signal = { aborted: false };
  const events: TrialEvent[] = [];
  for await (const event of trial.run(signal)) {
    events.push(event);
    if (event.kind === "steps" && event.first + event.steps >= until) signal.aborted = true;
  }
  const tensors: ReadonlyMap<string, TensorData>[] = [];
  for (let network = 0; network < trial.networks; network++) tensors.push(await trial.tensors(network));
  await trial.dispose();
  const checkpoints = events.flatMap((event) => (event.kind === "checkpoint" ? [event.bytes] : []));
  const steps = events.flatMap((event) => (event.kind === "steps" ? [event] : []));
  return {
    events,
    evaluations: [...trial.history.evaluations],
    done: events.at(-1) as EventOf<"done">,
    tensors,
    checkpoint: checkpoints.at(-1) as Uint8Array,
    rates: steps.flatMap(({ learningRates }) => [...learningRates]),
  };
}

const monitored = ({ evaluations }: Pick<Run, "evaluations">, network = 0): number[] =>
  evaluations.flatMap(({ phase, loss }) => (phase === "validation" ? [loss[network]] : []));
const valuesOf = (tensors: ReadonlyMap<string, TensorData>) =>
  Object.fromEntries([...tensors].map(([path, { data: values }]) => [path, [...(values as Float32Array)]]));
const resultOf = ({ evaluations, done, tensors, checkpoint }: Run) => ({
  ...{ evaluations, done, checkpoint },
  tensors: tensors.map(valuesOf),
});

/** Keras's EarlyStopping: the epoch, from 1, with which a training ends; undefined for one that does not. */
function stoppingEpoch(losses: readonly number[], patience: number, minDelta: number): number | undefined {
  let [best, wait] = [Number.POSITIVE_INFINITY, 0];
  for (const [epoch, loss] of losses.entries()) {
    wait++;
    if (loss + minDelta < best) [best, wait] = [loss, 0];
    else if (wait >= patience && epoch > 0) return epoch + 1;
  }
  return undefined;
}

const bestEpoch = (losses: readonly number[]): number => losses.indexOf(Math.min(...losses)) + 1;

const free = run({});
const freeMany = run({ ensemble: 3 });

describe("patience", () => {
  test.each([
    [1, 0],
    [2, 0],
    [3, 0.01],
    [2, 0.2],
  ])("of %d epochs, with a minimal improvement of %d, ends where Keras ends", async (patience, minDelta) => {
    const whole = await free;
    const end = stoppingEpoch(monitored(whole), patience, minDelta);
    const stop = { kind: "noImprovement" as const, patience, minDelta };
    const found = await run({ stop });
    const last = end ?? epochs;
    expect(last).toBeGreaterThan(1);
    expect(found.done.step).toBe(3 * last);
    expect(found.done.stopped?.map(({ step, epoch, loss }) => [step, epoch, loss])).toEqual(
      end === undefined ? [] : [[3 * end, end, monitored(whole)[end - 1]]],
    );
    // It is the training that was asked for so many epochs.
    const cut = await run({ epochs: last });
    expect(found.tensors.map(valuesOf)).toEqual(cut.tensors.map(valuesOf));
    expect(found.evaluations).toEqual(cut.evaluations);
  });

  test("does not depend on interruptions, threads, or on whether somebody wants evaluations", async () => {
    const changes = { stop: { kind: "noImprovement" as const, patience: 2 } };
    const whole = await run(changes);
    expect(whole.done.step).toBeLessThan(3 * epochs);
    for (const until of [1, 3, 4, whole.done.step - 1]) {
      const first = await run(changes, {}, until);
      const resumeFrom = { where: "state", bytes: first.checkpoint };
      expect(resultOf(await run(changes, { resumeFrom }))).toEqual(resultOf(whole));
    }
    expect(resultOf(await run(changes, { threads: 2 }))).toEqual(resultOf(whole));
    expect(valuesOf((await run(changes, { evaluate: false })).tensors[0])).toEqual(valuesOf(whole.tensors[0]));
    // What has ended stays so when it is resumed, also for longer.
    for (const longer of [epochs, 2 * epochs]) {
      const again = await run(
        { ...changes, epochs: longer },
        { resumeFrom: { where: "state", bytes: whole.checkpoint } },
      );
      expect(again.events.map(({ kind: what }) => what)).toEqual(["ready", "trained", "checkpoint", "test", "done"]);
      expect(again.done).toEqual(whole.done);
    }
  });

  test("goes by the accuracy if asked to, and by the training loss where nothing is held out", async () => {
    const accuracies = (await free).evaluations.flatMap(({ phase, accuracy }) =>
      phase === "validation" ? [-(accuracy?.[0] ?? 0)] : [],
    );
    const by = { kind: "noImprovement" as const, patience: 2, monitor: "accuracy" as const };
    expect((await run({ stop: by })).done.step).toBe(3 * (stoppingEpoch(accuracies, 2, 0) ?? epochs));
    const { test: _, ...untested } = data;
    const optimizer = kind("adam", { learningRate: 0.3 });
    const alone = { data: untested, spec: trialSpec(untested, { model, epochs, optimizer }) };
    const losses = (await run({}, alone)).evaluations.map(({ loss }) => loss[0]);
    expect(losses).toHaveLength(epochs);
    const end = stoppingEpoch(losses, 1, 0) ?? epochs;
    const stop = { kind: "noImprovement" as const, patience: 1 };
    const stopped = await run(
      {},
      { ...alone, spec: { ...alone.spec, stop: { ...stop, minDelta: 0, monitor: "loss" } } },
    );
    expect([end < epochs, stopped.done.step]).toEqual([true, 4 * end]);
  });

  test("ends each network of an ensemble by itself, with the weights of its end", async () => {
    const changes = { ensemble: 3, stop: { kind: "noImprovement" as const, patience: 2 } };
    const [whole, found] = [await freeMany, await run(changes)];
    const ends = [0, 1, 2].map((network) => stoppingEpoch(monitored(whole, network), 2, 0) ?? epochs);
    expect(new Set(ends).size).toBeGreaterThan(1);
    expect(found.done.step).toBe(3 * Math.max(...ends));
    expect(found.done.stopped?.map(({ network, epoch }) => [network, epoch])).toEqual(
      ends.flatMap((end, network) =>
        end < epochs || found.done.stopped?.some((one) => one.network === network) ? [[network, end]] : [],
      ),
    );
    for (const [network, end] of ends.entries()) {
      const cut = await run({ ensemble: 3, epochs: end });
      expect(valuesOf(found.tensors[network])).toEqual(valuesOf(cut.tensors[network]));
      expect(found.evaluations.at(-1)?.loss[network]).toBe(cut.evaluations.at(-1)?.loss[network]);
    }
    const first = await run(changes, {}, 3 * Math.min(...ends) + 1);
    const resumed = await run(changes, { resumeFrom: { where: "state", bytes: first.checkpoint } });
    expect(resultOf(resumed)).toEqual(resultOf(found));
  });
});

describe("the best weights", () => {
  test("are those of the best epoch, which the test split is measured with", async () => {
    const whole = await free;
    const best = bestEpoch(monitored(whole));
    expect(best).toBeGreaterThan(1);
    expect(best).toBeLessThan(epochs);
    const found = await run({ keep: { best: "loss" } });
    expect(found.done.kept).toEqual([{ network: 0, step: 3 * best, epoch: best }]);
    const cut = await run({ epochs: best });
    expect(found.tensors.map(valuesOf)).toEqual(cut.tensors.map(valuesOf));
    expect(found.evaluations.at(-1)).toEqual({ ...cut.evaluations.at(-1), step: 3 * epochs, epoch: epochs });
    // Nothing else has changed.
    expect(found.evaluations.slice(0, -1)).toEqual(whole.evaluations.slice(0, -1));
  });

  test("survive interruptions; a longer training goes on from the last", async () => {
    const changes = { keep: { best: "loss" as const } };
    const whole = await run(changes);
    const best = whole.done.kept?.[0].step ?? 0;
    for (const until of [2, best, best + 1, best + 4]) {
      const first = await run(changes, {}, until);
      expect(first.events.at(-1)?.kind).toBe("interrupted");
      const resumed = await run(changes, { resumeFrom: { where: "state", bytes: first.checkpoint } });
      expect(resultOf(resumed)).toEqual(resultOf(whole));
    }
    const again = await run(changes, { resumeFrom: { where: "state", bytes: whole.checkpoint } });
    expect(resultOf(again)).toEqual(resultOf(whole));
    const longer = await run(
      { ...changes, epochs: 2 * epochs },
      { resumeFrom: { where: "state", bytes: whole.checkpoint } },
    );
    expect(resultOf(longer)).toEqual(resultOf(await run({ ...changes, epochs: 2 * epochs })));
  });

  test("are each network's own in an ensemble, with patience as well", async () => {
    const changes = {
      ensemble: 3,
      keep: { best: "loss" as const },
      stop: { kind: "noImprovement" as const, patience: 4 },
    };
    const [whole, found] = [await freeMany, await run(changes)];
    const bests = [0, 1, 2].map((network) => {
      const losses = monitored(whole, network);
      return bestEpoch(losses.slice(0, stoppingEpoch(losses, 4, 0) ?? epochs));
    });
    expect(new Set(bests).size).toBeGreaterThan(1);
    expect(found.done.kept?.map(({ epoch }) => epoch)).toEqual(bests);
    for (const [network, best] of bests.entries()) {
      const cut = await run({ ensemble: 3, epochs: best });
      expect(valuesOf(found.tensors[network])).toEqual(valuesOf(cut.tensors[network]));
    }
    const first = await run(changes, {}, 10);
    const resumed = await run(changes, { resumeFrom: { where: "state", bytes: first.checkpoint } });
    expect(resultOf(resumed)).toEqual(resultOf(found));
  });

  test("are the last where no epoch ended", async () => {
    const lone = { epochs: undefined, steps: 2 };
    const [kept, plain] = [await run({ ...lone, keep: { best: "loss" } }), await run(lone)];
    expect(kept.done.kept).toEqual([]);
    expect(kept.tensors.map(valuesOf)).toEqual(plain.tensors.map(valuesOf));
  });
});

/** PyTorch's ReduceLROnPlateau with patience 1 and factor 0.5, as a machine that is told one loss after the other. */
function reducedRates(losses: readonly number[], rate: number): number[] {
  let [best, bad, now] = [Number.POSITIVE_INFINITY, 0, rate];
  return losses.map((loss) => {
    const before = now;
    if (loss < best * (1 - 1e-4)) [best, bad] = [loss, 0];
    else bad++;
    if (bad > 1) {
      if (now - now * 0.5 > 1e-8) now *= 0.5;
      bad = 0;
    }
    return before;
  });
}

describe("a rate that is reduced on a plateau", () => {
  const schedule = kind("reduceOnPlateau", { patience: 1, factor: 0.5 });

  test("goes by the validation losses of the epochs before", async () => {
    const whole = await run({ schedule });
    const wanted = reducedRates(monitored(whole), 0.3);
    expect(new Set(wanted).size).toBeGreaterThan(2);
    expect(whole.rates).toEqual(wanted.flatMap((rate) => [rate, rate, rate]));
    for (const until of [1, 8, 20]) {
      const first = await run({ schedule }, {}, until);
      const resumed = await run({ schedule }, { resumeFrom: { where: "state", bytes: first.checkpoint } });
      expect(resultOf(resumed)).toEqual(resultOf(whole));
    }
    expect(valuesOf((await run({ schedule }, { evaluate: false })).tensors[0])).toEqual(valuesOf(whole.tensors[0]));
    const probed = await run({ schedule }, { probes: { every: 2, at: ["end"] } });
    expect(probed.tensors.map(valuesOf)).toEqual(whole.tensors.map(valuesOf));
  });

  test("is each network's own in an ensemble, in groups of lanes as well", async () => {
    for (const [ensemble, learningRates] of [
      [3, undefined],
      [3, [0.3, 0.1, 0.5]],
      [37, undefined],
    ] as const) {
      const changes = {
        schedule,
        ensemble,
        ...(learningRates === undefined ? {} : { learningRates: [...learningRates] }),
      };
      const whole = await run(changes);
      const all = Array.from({ length: ensemble }, (_, network) =>
        reducedRates(monitored(whole, network), learningRates?.[network] ?? 0.3),
      );
      expect(new Set(all.map((rates) => rates.join())).size).toBeGreaterThan(1);
      expect(whole.rates).toEqual(
        Array.from({ length: 3 * epochs }, (_, step) => all.map((rates) => rates[Math.floor(step / 3)])).flat(),
      );
      const first = await run(changes, {}, 8);
      const resumed = await run(changes, { resumeFrom: { where: "state", bytes: first.checkpoint } });
      expect(resultOf(resumed)).toEqual(resultOf(whole));
    }
  });
});

test("accuracies cannot be compared where there are no right answers", () => {
  const inputs = tensorData("float32", [4, 1], Float32Array.of(0, 1, 2, 3));
  const line: Dataset = { ...localData("line", "line 4"), train: { inputs, targets: inputs }, inputShape: [1] };
  const spec = {
    ...trialSpec(line, {
      model: kind("dense", { units: 1 }),
      loss: kind("meanSquaredError"),
      keep: { best: "accuracy" },
    }),
    data: dataUse(line, { scaling: "raw" }),
  };
  expect(() => openTrial({ spec, data: line, runtime, now: () => 0 })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: keep: meanSquaredError knows no right answers, so that there is no accuracy: expected loss, received accuracy]`,
  );
});
