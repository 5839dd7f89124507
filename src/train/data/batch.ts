// From stored examples to network inputs, inside the graph: gather rows, convert, normalize.

import { InvalidInputError } from "../../core/errors.js";
import type { DType } from "../../core/numbers/dtype.js";
import type { Shape } from "../../core/numbers/shape.js";
import { type TensorData, tensorFrom } from "../../core/numbers/tensor-data.js";
import type { Dataset, Split } from "../../data/dataset.js";
import { constant, input } from "../../graph/build.js";
import { add, mul } from "../../graph/ops/elementwise/arithmetic.js";
import { cast } from "../../graph/ops/elementwise/cast.js";
import { gather } from "../../graph/ops/movement/shape-movement.js";
import type { Tensor } from "../../graph/tensor.js";
import type { TrialSpec } from "../spec/trial-spec.js";

/** One array of inputs, as it is stored. */
export interface StoredInput {
  /** Shape of one example. */
  readonly shape: Shape;
  readonly dtype: DType;
  /** Whether it is the first array of the data, which alone is scaled and augmented; true by default. */
  readonly isFirst?: boolean;
  /** `stored * factor + offset`, one of each per channel, or absent for raw values. */
  readonly affine?: { readonly factor: readonly number[]; readonly offset: readonly number[] };
}

/** What a program has to know of a data set; programs do not depend on the number of examples. */
export interface BatchLayout {
  /** In the order of the network's inputs. */
  readonly inputs: readonly StoredInput[];
  readonly targetShape: Shape;
  readonly targetDtype: DType;
}

/** The arrays of a split in the order in which a network takes them. */
export function arrangedInputs(data: Dataset, split: Split, inputNames: readonly string[] | undefined): TensorData[] {
  const byName = new Map([[data.inputName ?? "", split.inputs], ...(split.moreInputs ?? [])]);
  const isNamed = inputNames?.every((name) => byName.has(name)) === true;
  const arranged = isNamed ? inputNames.map((name) => byName.get(name) as TensorData) : [...byName.values()];
  if (inputNames === undefined || arranged.length === inputNames.length) return arranged;
  throw new InvalidInputError("the data does not fit the inputs of the model", {
    where: `data (${data.id})`,
    expected: `${inputNames.length} arrays, for ${inputNames.join(", ")}`,
    received: `${arranged.length}${data.inputName === undefined ? "" : `: ${[...byName.keys()].join(", ")}`}`,
    remedy: "Name the arrays with --inputs, in the order of the model's inputs",
  });
}

/**
 * The layout of a data set under a scaling, which is that of its first array; others are taken as they are.
 * @param arranged the arrays in the order of the network's inputs.
 */
export function batchLayout(
  data: Dataset,
  scaling: TrialSpec["data"]["scaling"],
  arranged: readonly TensorData[] = [data.train.inputs],
): BatchLayout {
  const { inputs, targets } = data.train;
  const affine = affineOf(data, scaling);
  return {
    inputs: arranged.map((tensor) => ({
      shape: tensor.shape.slice(1),
      dtype: tensor.dtype,
      ...(tensor === inputs ? {} : { isFirst: false }),
      ...(tensor === inputs && affine !== undefined ? { affine } : {}),
    })),
    targetShape: targets.shape.slice(1),
    targetDtype: targets.dtype,
  };
}

function affineOf(data: Dataset, scaling: TrialSpec["data"]["scaling"]): StoredInput["affine"] {
  if (scaling === "raw") return undefined;
  const { normalization } = data;
  if (normalization === undefined) {
    throw new InvalidInputError(`${data.title} has no statistics to scale by`, {
      where: `data (${data.id})`,
      remedy: 'Use scaling "raw"',
    });
  }
  const { scale, mean, deviation } = normalization;
  return scaling === "unit"
    ? { factor: [scale], offset: [0] }
    : { factor: deviation.map((d) => scale / d), offset: deviation.map((d, c) => -mean[c] / d) };
}

/** Names of the graph inputs that hold the arrays of a split: `data.inputs`, `data.inputs.1`, ... */
export function inputArrayNames(layout: BatchLayout): string[] {
  return layout.inputs.map((_, i) => (i === 0 ? "data.inputs" : `data.inputs.${i}`));
}

/** Graph inputs that hold a split. The number of examples may vary from run to run. */
export function splitInputs(layout: BatchLayout): { inputs: Tensor[]; targets: Tensor } {
  const array = (name: string, dtype: DType, shape: Shape): Tensor =>
    input(name, dtype, [1, ...shape], ["examples", ...shape.map(() => null)]);
  const names = inputArrayNames(layout);
  return {
    inputs: layout.inputs.map(({ dtype, shape }, i) => array(names[i], dtype, shape)),
    targets: array("data.targets", layout.targetDtype, layout.targetShape),
  };
}

/**
 * The examples with the given numbers, as the network wants them: in the types of its inputs, normalized.
 * `rows` is `int32 [batch]`.
 * @param changed what augmentations make of the first array of the data, in its stored type.
 */
export function gatherBatch(
  layout: BatchLayout,
  { inputs, targets }: { readonly inputs: readonly Tensor[]; readonly targets: Tensor },
  rows: Tensor,
  wanted: readonly DType[],
  changed: (images: Tensor) => Tensor = (images) => images,
): { xs: Tensor[]; y: Tensor } {
  const xs = layout.inputs.map((stored, i) => {
    const asStored = gather(inputs[i], rows, { axis: 0 });
    const gathered = stored.isFirst === false ? asStored : changed(asStored);
    return normalized(stored, stored.dtype === wanted[i] ? gathered : cast(gathered, wanted[i]));
  });
  return { xs, y: gather(targets, rows, { axis: 0 }) };
}

function normalized({ affine, shape: example }: StoredInput, values: Tensor): Tensor {
  if (affine === undefined) return values;
  const shape = affine.factor.length === 1 ? [] : [affine.factor.length, ...example.slice(1).map(() => 1)];
  const scaled = mul(values, constant(tensorFrom("float32", shape, affine.factor)));
  return affine.offset.every((value) => value === 0)
    ? scaled
    : add(scaled, constant(tensorFrom("float32", shape, affine.offset)));
}

/** The arrays of one split under the names of the program's inputs, cut to the first so many examples. */
export function splitArrays(
  layout: BatchLayout,
  arranged: readonly TensorData[],
  targets: TensorData,
  count = Number.POSITIVE_INFINITY,
): Map<string, TensorData> {
  const names = inputArrayNames(layout);
  const arrays = new Map(arranged.map((tensor, i) => [names[i], firstRows(tensor, count)]));
  return arrays.set("data.targets", firstRows(targets, count));
}

function firstRows(tensor: TensorData, count: number): TensorData {
  if (count >= tensor.shape[0]) return tensor;
  const size = tensor.data.length / tensor.shape[0];
  return { ...tensor, shape: [count, ...tensor.shape.slice(1)], data: tensor.data.subarray(0, count * size) };
}
