// Splits of a trial: what is fed where rows are streamed, and how much of it at once.
import { describe, expect, it } from "vitest";
import { type TensorData, tensorFrom, zeros } from "../../core/numbers/tensor-data.js";
import type { Dataset, RowSource } from "../../data/dataset.js";
import { takeRows } from "../../data/rows.js";
import { batchLayout } from "./batch.js";
import { SplitData } from "./split-data.js";

function streamed(source: RowSource, targets: TensorData, moreInputs?: ReadonlyMap<string, TensorData>): SplitData {
  const inputs = zeros(source.dtype, [0, ...source.shape.slice(1)]);
  const split = { inputs, source, targets, ...(moreInputs === undefined ? {} : { moreInputs }) };
  const data = { id: "big", title: "big", train: split, inputShape: source.shape.slice(1) } as unknown as Dataset;
  const arranged = [...(moreInputs?.values() ?? []), inputs];
  return new SplitData({ layout: batchLayout(data, "raw", arranged), arranged, split, keyPrefix: "train." });
}

describe("a streamed split", () => {
  it("feeds the rows that a table names, in its order, with numbers from 0, and keeps nothing in the runtime", async () => {
    const rows = tensorFrom("uint8", [5, 2], [0, 1, 10, 11, 20, 21, 30, 31, 40, 41]);
    const more = new Map([["ids", tensorFrom("int64", [5], [5, 6, 7, 8, 9])]]);
    const source: RowSource = { ...rows, read: async (numbers) => takeRows(rows, numbers) };
    const split = streamed(source, tensorFrom("int32", [5], [0, 1, 2, 3, 4]), more);
    expect([split.examples, split.residentArrays(), split.residentKeys()]).toEqual([5, [], {}]);
    expect(await split.feeds(tensorFrom("int32", [2, 2], [4, 0, 3, 4]))).toEqual({
      rows: tensorFrom("int32", [2, 2], [0, 1, 2, 3]),
      // The order of the network's inputs, not of the data.
      "data.inputs": tensorFrom("int64", [4], [9, 5, 8, 9]),
      "data.inputs.1": tensorFrom("uint8", [4, 2], [40, 41, 0, 1, 30, 31, 40, 41]),
      "data.targets": tensorFrom("int32", [4], [4, 0, 3, 4]),
    });
  });

  it("has at most 64 MiB of rows at once, and always one step", () => {
    const source = (shape: readonly number[]): RowSource => ({
      dtype: "uint8",
      shape,
      read: () => Promise.reject(new Error("not read")),
    });
    const targets = tensorFrom("int32", [1], [0]);
    const photographs = streamed(source([1e6, 3, 512, 512]), targets);
    expect([photographs.mostSteps(16), photographs.mostSteps(200)]).toEqual([5, 1]);
  });
});
