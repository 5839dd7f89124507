// Contract of measurements: numbers are stored bit for bit, and parts can be dropped and measured again.

import { tensorFrom } from "../../../core/numbers/tensor-data.js";
import type { SeriesBlock } from "../../../core/rows.js";
import { measurementPlan } from "../../measurement.js";
import { readTrialResults } from "../read-results.js";
import { leased, refusal, type StoreContract, seriesIn, tokenOf } from "./contract-case.js";
import { exampleEnd, exampleSeries, exampleTensor, exampleTrial, hardNumbers } from "./store-examples.js";

/** Numbers of all sizes in a fixed order. */
const wave = (count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => Math.sin(i) * 2 ** (i % 60));

/** The number of values of two blocks that differ in their bits. */
function differences(a: SeriesBlock, b: SeriesBlock): number {
  const counts = (["steps", "epochs", "values"] as const).map((column) => {
    if (a[column].length !== b[column].length) return Infinity;
    let count = 0;
    for (let i = 0; i < a[column].length; i++) if (!Object.is(a[column][i], b[column][i])) count++;
    return count;
  });
  return counts.reduce((total, count) => total + count, 0);
}

export const measurementContract: StoreContract = {
  async "a finished trial comes back bit for bit, to every later run"({ world, store, run, id, expect }) {
    const series = [
      exampleSeries(id, hardNumbers),
      exampleSeries(id, hardNumbers, { phase: "validation", metric: "accuracy", first: 5 }),
      exampleSeries(id, hardNumbers, { metric: "weights.norm", path: "layers.0 (dense)/ü", networks: 1 }),
    ];
    const kept = [
      exampleTensor("layers.0.weight", hardNumbers, { at: "start" }),
      exampleTensor("layers.0.weight", hardNumbers),
      exampleTensor("layers.1.bias", []),
    ];
    const { token } = await leased(store, id);
    await store.append(token, { through: 12, series, tensors: kept });
    const diverged = [{ network: 0, step: 3, epoch: 1, loss: Number.NaN, tensor: "w" }];
    const end = { ...exampleEnd, status: "diverged" as const, diverged };
    await store.finishTrial(token, end);
    const later = await world.open();
    expect((await later.findTrial(id))?.end).toEqual(end);
    // Only the finished trial is a result.
    await later.addTrials(run, "main", [exampleTrial(1)]);
    const results = await readTrialResults(later, run);
    expect(results.map(({ rows: _, ...result }) => result)).toEqual([
      {
        ...{ ...exampleTrial(0), id, stage: "main", networks: 1, status: "diverged", diverged: [0], series, kept },
        tensors: { "layers.0.weight": hardNumbers.map(Math.fround), "layers.1.bias": [] },
      },
    ]);
    expect(results[0].rows.map(({ value }) => value)).toEqual([...hardNumbers, ...hardNumbers, ...hardNumbers]);
  },

  async "networks of an ensemble stay apart, and each can be read alone"({ store, id, expect }) {
    const losses = exampleSeries(id, hardNumbers, { networks: 3 });
    const accuracy = exampleSeries(id, [0.5, 0.25, Number.NaN], {
      phase: "validation",
      metric: "accuracy",
      networks: 3,
    });
    await store.append(await tokenOf(store, id), { through: 4, series: [losses, accuracy] });
    expect(await seriesIn(store, id)).toEqual([losses, accuracy]);
    const [only] = await seriesIn(store, id, { metrics: ["loss"], networks: [2, 0] });
    expect(only.networks).toEqual(2);
    expect(only.values).toEqual(
      Float64Array.from([0, 1, 2, 3].flatMap((row) => [hardNumbers[3 * row + 2], hardNumbers[3 * row]])),
    );
  },

  async "epochs may be missing"({ store, id, expect }) {
    const series: SeriesBlock = {
      ...exampleSeries(id, [1, 2, 3, 4]),
      epochs: Float64Array.of(Number.NaN, -0, Infinity, 0.1),
    };
    await store.append(await tokenOf(store, id), { through: 4, series: [series] });
    expect(await seriesIn(store, id)).toEqual([series]);
  },

  async "a hundred thousand rows keep their order, however they are cut"({ store, id, expect }) {
    const token = await tokenOf(store, id);
    const [values, rows] = [wave(100_000), 100_000];
    const whole = exampleSeries(id, values);
    for (let at = 0, size = 1; at < rows; at += size, size = Math.min(size * 7, 40_000)) {
      const part = values.subarray(at, at + size);
      await store.append(token, { through: at + part.length, series: [exampleSeries(id, part, { first: at })] });
    }
    const found = await seriesIn(store, id);
    expect([found.length, differences(found[0], whole)]).toEqual([1, 0]);
    expect((await seriesIn(store, id, { every: 25_000 })).map(({ steps }) => [...steps])).toEqual([
      [0, 25_000, 50_000, 75_000],
    ]);
  },

  async "a series is found by phase, metric and pattern of its path"({ store, id, expect }) {
    const keys = [
      { phase: "train", metric: "loss", path: "" },
      { phase: "train", metric: "weights.norm", path: "1.weight" },
      { phase: "train", metric: "weights.norm", path: "2.weight" },
      { phase: "validation", metric: "loss", path: "" },
    ] as const;
    const series = keys.map((key, i) => exampleSeries(id, [i], key));
    await store.append(await tokenOf(store, id), { through: 1, series });
    const found = async (query: Parameters<typeof seriesIn>[2]) =>
      (await seriesIn(store, id, query)).map(({ values }) => values[0]);
    expect(await found({})).toEqual([0, 1, 2, 3]);
    expect(await found({ phases: ["validation", "test"] })).toEqual([3]);
    expect(await found({ metrics: ["loss"], phases: ["train"] })).toEqual([0]);
    expect(await found({ paths: ["2.*", "*.bias"] })).toEqual([2]);
    expect(await found({ every: 5 })).toEqual([0, 1, 2, 3]);
    expect(await found({ metrics: [] })).toEqual([]);
    expect(await seriesIn(store, "feedface")).toEqual([]);
  },

  async "what a checkpoint does not know is dropped and measured again, as if it had never been"({
    store,
    id,
    expect,
  }) {
    const first = await leased(store, id);
    const train = (values: readonly number[], at: number) => exampleSeries(id, values, { first: at });
    const epochEnd = (step: number, value: number) => exampleSeries(id, [value], { phase: "validation", first: step });
    await store.append(first.token, { through: 0, series: [], tensors: [exampleTensor("w", [1], { at: "start" })] });
    await store.append(first.token, { through: 3, series: [train([0, 1, 2], 0), epochEnd(3, 10)] });
    await store.append(first.token, { through: 5, series: [train([33, 44], 3)], tensors: [exampleTensor("w", [2])] });
    await store.releaseTrial(first.token);
    const second = await leased(store, id);
    expect(second.through).toEqual(5);
    // The checkpoint is at step 3: the evaluation at that step precedes it, the loss of step 3 does not.
    await store.dropAfter(second.token, 3);
    expect(await seriesIn(store, id)).toEqual([train([0, 1, 2], 0), epochEnd(3, 10)]);
    expect((await store.readTensors(id)).map(({ at }) => at)).toEqual(["start"]);
    await store.append(second.token, {
      through: 6,
      series: [train([3, 4, 5], 3), epochEnd(6, 20)],
      tensors: [exampleTensor("w", [3])],
    });
    await store.finishTrial(second.token, exampleEnd);
    const evaluations = {
      ...epochEnd(3, 10),
      steps: Int32Array.of(3, 6),
      epochs: Float64Array.of(1, 2),
      values: Float64Array.of(10, 20),
    };
    expect(await seriesIn(store, id)).toEqual([train([0, 1, 2, 3, 4, 5], 0), evaluations]);
    expect((await store.readTensors(id)).map(({ at, tensor }) => [at, tensor.data[0]])).toEqual([
      ["start", 1],
      ["end", 3],
    ]);
  },

  async "what a trial goes on from is what was dropped to, and -1 drops all"({ store, id, expect }) {
    const { token } = await leased(store, id);
    await store.append(token, { through: 5, series: [] });
    await store.dropAfter(token, 7);
    await store.releaseTrial(token);
    const next = await leased(store, id);
    expect(next.through).toEqual(5);
    await store.dropAfter(next.token, 2);
    await store.releaseTrial(next.token);
    const last = await leased(store, id);
    expect(last.through).toEqual(2);
    await store.dropAfter(last.token, 0);
    await store.append(last.token, { through: 0, series: [exampleSeries(id, [1])] });
    await store.dropAfter(last.token, 0);
    expect((await seriesIn(store, id)).length).toEqual(1);
    await store.dropAfter(last.token, -1);
    expect(await seriesIn(store, id)).toEqual([]);
  },

  async "old measurements stay until the new end takes their place"({ world, store, id, expect }) {
    const [old, renewed] = [exampleSeries(id, [1, 2]), exampleSeries(id, [1, 2, 3], { metric: "batchLoss" })];
    const first = await tokenOf(store, id);
    await store.append(first, { through: 2, series: [old], tensors: [exampleTensor("w", [1])] });
    await store.finishTrial(first, exampleEnd);
    const { token, through } = await leased(store, id, measurementPlan({ steps: { every: 1 } }));
    expect(through).toEqual(0);
    await store.append(token, { through: 3, series: [renewed], tensors: [exampleTensor("w", [2])] });
    const reader = await world.open();
    expect(await seriesIn(reader, id)).toEqual([old]);
    expect((await reader.readTensors(id)).map(({ tensor }) => tensor.data[0])).toEqual([1]);
    await store.finishTrial(token, exampleEnd);
    expect(await seriesIn(reader, id)).toEqual([renewed]);
    expect((await reader.readTensors(id)).map(({ tensor }) => tensor.data[0])).toEqual([2]);
  },

  async "kept tensors have their type, shape and network"({ store, id, expect }) {
    const kept = [
      { at: "end", network: 0, path: "w", tensor: tensorFrom("float32", [2, 2], [1, -0, Number.NaN, 4]) },
      { at: "end", network: 1, path: "count", tensor: tensorFrom("int64", [], [2 ** 40]) },
      { at: "end", network: 1, path: "w", tensor: tensorFrom("float64", [1, 1], [0.1]) },
    ] as const;
    await store.append(await tokenOf(store, id), { through: 4, series: [], tensors: [kept[2], kept[0], kept[1]] });
    expect(await store.readTensors(id)).toEqual(kept);
  },

  async "blocks whose columns do not fit are refused whole"({ store, id, expect }) {
    const token = await tokenOf(store, id);
    const good = exampleSeries(id, [1, 2]);
    const bad: readonly (readonly [SeriesBlock, string])[] = [
      [{ ...good, epochs: Float64Array.of(1) }, "columns do not fit: expected 2 epochs and 2 values, received 1 and 2"],
      [{ ...good, networks: 2 }, "columns do not fit: expected 2 epochs and 4 values, received 2 and 2"],
      [{ ...good, networks: 0 }, "not a number of networks: expected an integer from 1, received 0"],
      [{ ...good, trial: "feedface" }, `a series of another trial: expected ${id}, received feedface`],
    ];
    for (const [block, said] of bad) {
      const answer = await refusal(store.append(token, { through: 9, series: [good, block] }));
      expect(answer).toEqual(`invalid-input: ${said}`);
    }
    expect(await seriesIn(store, id)).toEqual([]);
    await store.append(token, { through: 2, series: [good] });
    expect(
      await refusal(
        store.append(token, { through: 4, series: [exampleSeries(id, [1, 2], { networks: 2, first: 2 })] }),
      ),
    ).toEqual("invalid-input: a series has one number of networks: expected 1, received 2");
    expect(await refusal(store.append(token, { through: 1, series: [] }))).toEqual(
      "invalid-input: parts come in the order of their steps: expected 2 or more, received 1",
    );
  },
};
