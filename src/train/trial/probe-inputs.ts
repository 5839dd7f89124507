// What probes compute a network on: the batch of the coming step, examples by their numbers, or a grid of numbers.
import { InvalidInputError } from "../../core/errors.js";
import { shapeText, sizeOf } from "../../core/numbers/shape.js";
import { type TensorData, tensorFrom, zeros } from "../../core/numbers/tensor-data.js";
import type { SplitName } from "../../data/dataset.js";
import type { Network } from "../../nn/network.js";
import type { ProbeSpec } from "../../probes/probe-spec.js";
import type { BatchLayout } from "../data/batch.js";
import type { SplitData } from "../data/split-data.js";
import type { TrainingRequest } from "../program/program-request.js";

type Splits = ReadonlyMap<SplitName, SplitData>;
type Request = Omit<TrainingRequest, "batchSize">;

/** Inputs that stay the same at every reading and for every network. */
export interface ChosenInputs {
  readonly examples: number;
  /** Arrays that the program is fed, by name, `rows` among them; the other ones are resident. */
  feeds(): Promise<Readonly<Record<string, TensorData>>>;
  readonly resident: Readonly<Record<string, string>>;
}

/** The inputs that probes name; undefined for the batch of the coming step. */
export function chosenInputs({ inputs }: ProbeSpec, splits: Splits, layout: BatchLayout): ChosenInputs | undefined {
  if (inputs === "batch") return undefined;
  if (inputs.kind === "grid") {
    const feeds = gridFeeds(inputs, layout);
    return { examples: inputs.points, resident: {}, feeds: () => Promise.resolve(feeds) };
  }
  const data = splits.get(inputs.split) as SplitData;
  const rows = tensorFrom("int32", [1, inputs.rows.length], inputs.rows);
  return { examples: inputs.rows.length, resident: data.residentKeys(), feeds: () => data.feeds(rows) };
}

/**
 * What the program of probes is made of. Chosen inputs are taken as they are, without augmentations, and a grid without
 * scaling.
 */
export function probedRequest(request: Request, { inputs }: ProbeSpec): Request {
  if (inputs === "batch") return request;
  const { augment: _, ...plain } = request;
  if (inputs.kind === "rows") return plain;
  return { ...plain, layout: { ...plain.layout, inputs: [{ shape: plain.layout.inputs[0].shape, dtype: "float32" }] } };
}

/** @throws InvalidInputError for a split or a row that is not there, and for a grid where the model takes no number. */
export function checkProbeInputs({ inputs }: ProbeSpec, splits: Splits, network: Network): void {
  if (inputs === "batch") return;
  const where = "probes.inputs";
  if (inputs.kind === "rows") {
    const data = splits.get(inputs.split);
    if (data === undefined) {
      const expected = `one of the splits of the data: ${[...splits.keys()].join(", ")}`;
      throw new InvalidInputError("there is no such split", { where, expected, received: inputs.split });
    }
    const outside = inputs.rows.find((row) => row >= data.examples);
    if (outside === undefined) return;
    throw new InvalidInputError("row number out of range", {
      where,
      expected: `0 to ${data.examples - 1}, rows of the ${inputs.split} split`,
      received: `${outside}`,
    });
  }
  const [input, ...others] = network.inputs;
  if (others.length === 0 && input.dtype === "float32" && sizeOf(input.shape.slice(1)) === 1) return;
  throw new InvalidInputError("a grid is for models with one number as their input", {
    where,
    expected: "one float32 input of shape [batch, 1]",
    received: network.inputs.map(({ dtype, shape }) => `${dtype} ${shapeText(shape)}`).join(", "),
    remedy: 'Choose examples with { kind: "rows", split, rows }',
  });
}

/** The numbers of a grid in place of the data; its targets are never looked at. */
function gridFeeds(
  { low, high, points }: { readonly low: number; readonly high: number; readonly points: number },
  { inputs, targetDtype, targetShape }: BatchLayout,
): Readonly<Record<string, TensorData>> {
  const numbers = Array.from({ length: points }, (_, i) => gridPoint(low, high, i, points));
  return {
    "data.inputs": tensorFrom("float32", [points, ...inputs[0].shape], numbers),
    "data.targets": zeros(targetDtype, [points, ...targetShape]),
    rows: tensorFrom("int32", [1, points], [...numbers.keys()]),
  };
}

/** Both ends are met exactly. */
function gridPoint(low: number, high: number, i: number, points: number): number {
  return i === points - 1 ? high : low + (i * (high - low)) / (points - 1);
}
