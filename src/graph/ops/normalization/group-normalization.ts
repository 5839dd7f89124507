// InstanceNormalization and GroupNormalization: statistics of one example over one channel, or over a group of them.
import { InvalidInputError, ShapeError } from "../../../core/errors.js";
import { type Shape, sameShape, shapeText, sizeOf } from "../../../core/numbers/shape.js";
import { normalizedOver } from "../../accounting/reach.js";
import { apply, filled, scalar } from "../../build.js";
import type { InferInput, NdArray, Op, VjpContext } from "../../op.js";
import type { Tensor, TensorType } from "../../tensor.js";
import { add, mul, sub } from "../elementwise/arithmetic.js";
import { reshape } from "../movement/shape-movement.js";
import { requireOneType } from "../record/element-types.js";
import { requireDType } from "../record/elementwise.js";
import { reduceSum } from "../reduction/reduction.js";
import { layerNormalization } from "./layer-normalization.js";

export type InstanceNormalizationAttributes = { readonly epsilon: number };
export type GroupNormalizationAttributes = {
  readonly epsilon: number;
  readonly num_groups: number;
  readonly stash_type: number;
};

const inputNames = ["X", "scale", "bias"];
const floats = ["float32", "float64"] as const;

function infer([x, ...perChannel]: readonly (InferInput | null)[], where: string): TensorType[] {
  requireDType(where, x!, floats);
  requireOneType(where, x, ...perChannel);
  if (x!.shape.length < 2) {
    throw new ShapeError("there is no channel axis", {
      where,
      expected: "[batch, channels, ...]",
      received: shapeText(x!.shape),
    });
  }
  const shape = [x!.shape[1]];
  for (const [i, type] of perChannel.entries()) {
    if (sameShape(type!.shape, shape)) continue;
    throw new ShapeError(`${inputNames[i + 1]} does not fit`, {
      where,
      expected: `${shapeText(shape)} for X ${shapeText(x!.shape)}`,
      received: shapeText(type!.shape),
    });
  }
  return [{ dtype: x!.dtype, shape: x!.shape }];
}

/** Examples, channels, channels of a group, places of a channel, elements of a group. */
function extentsOf(shape: readonly number[], groups: number) {
  const [examples, channels, ...inner] = shape;
  const places = sizeOf(inner);
  const members = channels / groups;
  return { examples, channels, members, places, count: members * places };
}

function evaluate([x, scale, shift]: readonly (NdArray | null)[], groups: number, epsilon: number): NdArray[] {
  const { channels, places, count } = extentsOf(x!.shape, groups);
  const data = new Float64Array(x!.data.length);
  for (let start = 0; start < data.length; start += count) {
    const row = x!.data.subarray(start, start + count);
    const mean = row.reduce((sum, value) => sum + value, 0) / count;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
    for (const [i, value] of row.entries()) {
      const channel = Math.floor((start + i) / places) % channels;
      data[start + i] = ((value - mean) / Math.sqrt(variance + epsilon)) * scale!.data[channel] + shift!.data[channel];
    }
  }
  return [{ ...x!, data }];
}

/**
 * `h = (x - mean) r` and `r = 1 / sqrt(variance + epsilon)` of every group, as `[examples groups, elements]` and
 * `[examples groups, 1]`: the kernel of LayerNormalization sums in two passes, that of InstanceNormalization in one.
 */
function standardized(x: Tensor, groups: number, epsilon: number): { h: Tensor; r: Tensor } {
  const { count } = extentsOf(x.shape, groups);
  // -1 for the batch, so that a file made for one batch size accepts others.
  const rows = reshape(x, [-1, count]);
  const ones = filled(x.dtype, [count], 1);
  const [h, , r] = layerNormalization(rows, ones, null, { epsilon, stash_type: x.dtype === "float64" ? 11 : 1 });
  return { h, r };
}

/** `h scale + shift`, from the `h` that the gradient needs. */
export function fromStandardized(
  [x, scale, shift]: readonly (Tensor | null)[],
  groups: number,
  epsilon: number,
): Tensor {
  const { channels, places } = extentsOf(x!.shape, groups);
  const { h } = standardized(x!, groups, epsilon);
  const scaled = mul(reshape(h, [-1, channels, places]), reshape(scale!, [channels, 1]));
  return reshape(add(scaled, reshape(shift!, [channels, 1])), [-1, ...x!.shape.slice(1)]);
}

/**
 * Sums for every example and channel, `p = sum(ct h)` and `s = sum(ct)`, give everything: `dscale = sum p`, `dB = sum
 * s` over the examples, and `dx = r (scale ct - mean(scale ct) - h mean(scale ct h))` with means that are sums of
 * `scale s` and `scale p` over the channels of a group.
 */
function gradient(context: VjpContext, groups: number, epsilon: number): (Tensor | null)[] {
  const [x, scale] = context.inputs as readonly Tensor[];
  const { examples, channels, members, places, count } = extentsOf(x.shape, groups);
  const ct = reshape(context.cotangents[0]!, [examples, channels, places]);
  const { h, r } = standardized(x, groups, epsilon);
  const p = reduceSum(mul(ct, reshape(h, [examples, channels, places])), [2]);
  const s = reduceSum(ct, [2]);
  const dx = (): Tensor => {
    const ofGroup = (sums: Tensor): Tensor => {
      const weighted = reshape(mul(sums, scale), [examples * groups, members]);
      return mul(reduceSum(weighted, [1], { keepdims: 1 }), mul(r, scalar(1 / count, x.dtype)));
    };
    const factors = mul(reshape(r, [examples, groups, 1]), reshape(scale, [1, groups, members]));
    const direct = reshape(mul(ct, reshape(factors, [examples, channels, 1])), [examples * groups, count]);
    return reshape(sub(sub(direct, mul(h, ofGroup(p))), ofGroup(s)), x.shape);
  };
  return [
    context.wants[0] ? dx() : null,
    context.wants[1] ? reduceSum(p, [0]) : null,
    context.wants[2] ? reduceSum(s, [0]) : null,
  ];
}

/** Two passes for the statistics, two for the quotient, two for scale and shift. */
const cost: Op["cost"] = ([x]) => ({ macs: 0, flops: 8 * sizeOf(x!.shape) });

/** All axes except batch and channels. */
const placesOf = (shape: Shape): number[] => shape.map((_, axis) => axis).slice(2);

export const instanceNormalizationOp: Op<InstanceNormalizationAttributes> = {
  name: "InstanceNormalization",
  weightUse: { 1: "scale", 2: "shift" },
  reach: normalizedOver(placesOf),
  arity: [3, 3],
  attributes: { epsilon: { type: "float", default: 1e-5 } },
  inputNames,
  infer: (inputs, _attrs, where) => infer(inputs, where),
  vjp: (context) => gradient(context, context.inputs[0]!.shape[1], context.attrs.epsilon),
  fromGradientParts: (inputs, { epsilon }) => fromStandardized(inputs, inputs[0]!.shape[1], epsilon),
  isChannelwise: true,
  cost,
  evaluate: (inputs, { epsilon }) => evaluate(inputs, inputs[0]!.shape[1], epsilon),
};

export const groupNormalizationOp: Op<GroupNormalizationAttributes> = {
  name: "GroupNormalization",
  weightUse: { 1: "scale", 2: "shift" },
  reach: normalizedOver((shape) => [1, ...placesOf(shape)]),
  arity: [3, 3],
  attributes: {
    epsilon: { type: "float", default: 1e-5 },
    num_groups: { type: "int" },
    stash_type: { type: "int", default: 1 },
  },
  inputNames,
  infer(inputs, { num_groups }, where) {
    const types = infer(inputs, where);
    const channels = types[0].shape[1];
    if (!(num_groups >= 1 && channels % num_groups === 0)) {
      throw new InvalidInputError("channels do not form groups of one size", {
        where,
        expected: `num_groups that divides ${channels} channels`,
        received: `${num_groups}`,
      });
    }
    return types;
  },
  vjp: (context) => gradient(context, context.attrs.num_groups, context.attrs.epsilon),
  cost,
  evaluate: (inputs, { num_groups, epsilon }) => evaluate(inputs, num_groups, epsilon),
};

/**
 * `(x - mean) / sqrt(variance + epsilon) * scale + shift` with the mean and population variance of every example and
 * channel (Ulyanov, Vedaldi and Lempitsky 2016); x `[batch, channels, ...]`, scale and shift `[channels]`. Epsilon is
 * 1e-5 by default.
 */
export function instanceNormalization(
  x: Tensor,
  scale: Tensor,
  shift: Tensor,
  attrs: Partial<InstanceNormalizationAttributes> = {},
): Tensor {
  return apply(instanceNormalizationOp, [x, scale, shift], attrs)[0];
}

/**
 * As `instanceNormalization`, with the statistics of `num_groups` groups of neighboring channels (Wu and He 2018).
 * Scale and shift are for channels, as in operator set 21 and in PyTorch.
 */
export function groupNormalization(
  x: Tensor,
  scale: Tensor,
  shift: Tensor,
  attrs: { readonly num_groups: number; readonly epsilon?: number },
): Tensor {
  return apply(groupNormalizationOp, [x, scale, shift], attrs)[0];
}
