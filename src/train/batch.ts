// From stored examples to network inputs, inside the graph: gather rows, convert, normalize.
import type { DType } from "../core/dtype.js";
import { InvalidInputError } from "../core/errors.js";
import type { Shape } from "../core/shape.js";
import { tensorFrom } from "../core/tensor-data.js";
import type { Dataset } from "../data/dataset.js";
import { constant, input } from "../graph/build.js";
import { add, mul } from "../graph/ops/arithmetic.js";
import { cast } from "../graph/ops/cast.js";
import { gather } from "../graph/ops/shape-movement.js";
import type { Tensor } from "../graph/tensor.js";
import type { TrialSpec } from "./trial-spec.js";

/** What a program has to know of a data set; programs do not depend on the number of examples. */
export interface BatchLayout {
  readonly inputShape: Shape;
  readonly inputDtype: DType;
  readonly targetShape: Shape;
  readonly targetDtype: DType;
  /** `stored * factor + offset`, one of each per channel, or absent for raw values. */
  readonly affine?: { readonly factor: readonly number[]; readonly offset: readonly number[] };
}

/** The layout of a data set under a scaling. */
export function batchLayout(data: Dataset, scaling: TrialSpec["data"]["scaling"]): BatchLayout {
  const { inputs, targets } = data.train;
  const layout = {
    inputShape: data.inputShape,
    inputDtype: inputs.dtype,
    targetShape: targets.shape.slice(1),
    targetDtype: targets.dtype,
  };
  if (scaling === "raw") return layout;
  const { normalization } = data;
  if (normalization === undefined) {
    throw new InvalidInputError(`${data.title} has no statistics to scale by`, {
      where: `data (${data.id})`,
      remedy: 'Use scaling "raw"',
    });
  }
  const { scale, mean, deviation } = normalization;
  return {
    ...layout,
    affine:
      scaling === "unit"
        ? { factor: [scale], offset: [0] }
        : { factor: deviation.map((d) => scale / d), offset: deviation.map((d, c) => -mean[c] / d) },
  };
}

/** Graph inputs that hold a split. The number of examples may vary from run to run. */
export function splitInputs(layout: BatchLayout): { inputs: Tensor; targets: Tensor } {
  const varying = (shape: Shape) => ["examples", ...shape.map(() => null)];
  return {
    inputs: input("data.inputs", layout.inputDtype, [1, ...layout.inputShape], varying(layout.inputShape)),
    targets: input("data.targets", layout.targetDtype, [1, ...layout.targetShape], varying(layout.targetShape)),
  };
}

/** The examples with the given numbers, as the network wants them: float32, normalized. `rows` is `int32 [batch]`. */
export function gatherBatch(
  layout: BatchLayout,
  inputs: Tensor,
  targets: Tensor,
  rows: Tensor,
): { x: Tensor; y: Tensor } {
  const stored = gather(inputs, rows, { axis: 0 });
  const values = layout.inputDtype === "float32" ? stored : cast(stored, "float32");
  return { x: normalized(layout, values), y: gather(targets, rows, { axis: 0 }) };
}

function normalized({ affine, inputShape }: BatchLayout, values: Tensor): Tensor {
  if (affine === undefined) return values;
  const shape = affine.factor.length === 1 ? [] : [affine.factor.length, ...inputShape.slice(1).map(() => 1)];
  const scaled = mul(values, constant(tensorFrom("float32", shape, affine.factor)));
  return affine.offset.every((value) => value === 0)
    ? scaled
    : add(scaled, constant(tensorFrom("float32", shape, affine.offset)));
}
