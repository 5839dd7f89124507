// BatchNormalization: shifts and scales every channel (axis 1) by given statistics or those of the batch.
import { InvalidInputError, ShapeError } from "../../../core/errors.js";
import { sameShape, shapeText, sizeOf } from "../../../core/numbers/shape.js";
import { all, normalizedOver, same } from "../../accounting/reach.js";
import { apply, scalar } from "../../build.js";
import type { NdArray, Op, VjpContext } from "../../op.js";
import type { Tensor } from "../../tensor.js";
import { add, div, mul, sub } from "../elementwise/arithmetic.js";
import { neg, sqrt } from "../elementwise/unary.js";
import { expand, reshape } from "../movement/shape-movement.js";
import { requireOneType } from "../record/element-types.js";
import { reduceSum } from "../reduction/reduction.js";

export type BatchNormalizationAttributes = {
  readonly epsilon: number;
  readonly momentum: number;
  readonly training_mode: number;
};

const inputNames = ["X", "scale", "B", "input_mean", "input_var"];

/** Elements of one example and channel, and of one channel over the whole batch. */
function channelExtents(shape: readonly number[]) {
  const places = sizeOf(shape.slice(2));
  return { channels: shape[1], places, count: shape[0] * places };
}

const ofBatch = normalizedOver((shape, { training_mode }: BatchNormalizationAttributes) =>
  training_mode === 1 ? shape.map((_, axis) => axis).filter((axis) => axis !== 1) : [],
);

export const batchNormalizationOp: Op<BatchNormalizationAttributes> = {
  name: "BatchNormalization",
  weightUse: { 1: "scale", 2: "shift", 3: "statistic", 4: "statistic" },
  // In training, the statistics of the batch involve all positions of a channel.
  reach(context) {
    const [x] = context.inputs;
    if (context.output > 0) return [x!.shape.map((_, axis) => (axis === 1 ? same(0) : all))];
    return ofBatch(context);
  },
  arity: [5, 5],
  attributes: {
    epsilon: { type: "float", default: 1e-5 },
    momentum: { type: "float", default: 0.9 },
    training_mode: { type: "int", default: 0 },
  },
  inputNames,
  isChannelwise: true,
  infer([x, ...perChannel], { momentum, training_mode }, where) {
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
    const y = { dtype: x!.dtype, shape: x!.shape };
    if (training_mode === 0) return [y];
    if (momentum !== 0) {
      throw new InvalidInputError("running statistics are not kept inside BatchNormalization", {
        where,
        expected: "momentum 0 in training mode: the 2nd and 3rd output are then the batch mean and population variance",
        received: `${momentum}`,
        remedy: "Move the running statistics with separate nodes",
      });
    }
    return [y, { dtype: x!.dtype, shape }, { dtype: x!.dtype, shape }];
  },
  vjp: (context) => (context.attrs.training_mode === 0 ? inferenceGradient(context) : trainingGradient(context)),
  // One multiplication and one addition per element; two more passes for mean and variance.
  cost: (_inputs, [y], { training_mode }) => ({ macs: 0, flops: (training_mode === 0 ? 2 : 6) * sizeOf(y.shape) }),
  evaluate([x, scale, shift, mean, variance], { epsilon, training_mode }) {
    const used = training_mode === 0 ? [mean!, variance!] : batchStatistics(x!);
    const { channels, places } = channelExtents(x!.shape);
    const data = x!.data.map((value, i) => {
      const c = Math.floor(i / places) % channels;
      return ((value - used[0].data[c]) / Math.sqrt(used[1].data[c] + epsilon)) * scale!.data[c] + shift!.data[c];
    });
    const y = { dtype: x!.dtype, shape: x!.shape, data };
    return training_mode === 0 ? [y] : [y, ...used];
  },
};

/** Mean and population variance of every channel. */
function batchStatistics(x: NdArray): [NdArray, NdArray] {
  const { channels, places, count } = channelExtents(x.shape);
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  const channelOf = (i: number): number => Math.floor(i / places) % channels;
  for (const [i, value] of x.data.entries()) mean[channelOf(i)] += value / count;
  for (const [i, value] of x.data.entries()) variance[channelOf(i)] += (value - mean[channelOf(i)]) ** 2 / count;
  return [
    { dtype: x.dtype, shape: [channels], data: mean },
    { dtype: x.dtype, shape: [channels], data: variance },
  ];
}

/** `[channels]` in the form that broadcasts over `[batch, channels, ...]` of the given rank. */
function overPlaces(perChannel: Tensor, rank: number): Tensor {
  return rank === 2 ? perChannel : reshape(perChannel, [perChannel.shape[0], ...Array<number>(rank - 2).fill(1)]);
}

function sumPerChannel(x: Tensor): Tensor {
  return reduceSum(
    x,
    x.shape.map((_, axis) => axis).filter((axis) => axis !== 1),
  );
}

/** `1 / sqrt(variance + epsilon)`. */
function inverseDeviation(variance: Tensor, epsilon: number): Tensor {
  return div(scalar(1, variance.dtype), sqrt(add(variance, scalar(epsilon, variance.dtype))));
}

/** `x - mean`. Without this step, differences of sums over the channel would lose digits. */
function centeredOn(mean: Tensor, x: Tensor): Tensor {
  return sub(x, overPlaces(mean, x.shape.length));
}

/**
 * Statistics are constants: with `r = 1 / sqrt(var + epsilon)`, `dx = ct scale r`, `dscale = r sum(ct (x - mean))`,
 * `dB = sum(ct)`, `dmean = -scale r sum(ct)`, `dvar = -scale r^3 / 2 sum(ct (x - mean))`.
 */
function inferenceGradient({
  inputs,
  cotangents: [ct],
  attrs,
  wants,
}: VjpContext<BatchNormalizationAttributes>): (Tensor | null)[] {
  const [x, scale, , mean, variance] = inputs as readonly Tensor[];
  const r = inverseDeviation(variance, attrs.epsilon);
  const factor = mul(scale, r);
  const sum = wants[2] || wants[3] ? sumPerChannel(ct!) : null;
  const product = wants[1] || wants[4] ? sumPerChannel(mul(ct!, centeredOn(mean, x))) : null;
  return [
    wants[0] ? mul(ct!, overPlaces(factor, x.shape.length)) : null,
    wants[1] ? mul(product!, r) : null,
    wants[2] ? sum : null,
    wants[3] ? neg(mul(sum!, factor)) : null,
    wants[4] ? mul(mul(product!, mul(factor, mul(r, r))), scalar(-0.5, x.dtype)) : null,
  ];
}

/**
 * Through the statistics of the batch (n elements a channel): `dscale = r s`, `dB = t` with `s = sum(ct (x - mean))`
 * and `t = sum(ct)`, and `dx = a ct + b (x - mean) + c` with numbers per channel: `a = scale r`, `b = -a r^2 s / n`,
 * `c = -a t / n`. Cotangents of the mean and the variance add `ct_mean / n + 2 ct_var (x - mean) / n`.
 */
function trainingGradient(context: VjpContext<BatchNormalizationAttributes>): (Tensor | null)[] {
  const { inputs, outputs, cotangents, attrs, wants } = context;
  const [x, scale] = inputs as readonly Tensor[];
  const rank = x.shape.length;
  const [, mean, variance] = outputs;
  const [ct, ctMean, ctVariance] = cotangents;
  const perElement = (value: Tensor, factor: number): Tensor =>
    mul(value, scalar(factor / channelExtents(x.shape).count, x.dtype));
  const centered = centeredOn(mean, x);
  const r = inverseDeviation(variance, attrs.epsilon);
  const a = mul(scale, r);
  const sum = ct === null ? null : sumPerChannel(ct);
  const dscale = ct === null || !(wants[0] || wants[1]) ? null : mul(sumPerChannel(mul(ct, centered)), r);
  const dx = (): Tensor => {
    const slopes = dscale === null ? [] : [perElement(mul(a, mul(r, dscale)), -1)];
    if (ctVariance !== null) slopes.push(perElement(ctVariance, 2));
    const offsets = sum === null ? [] : [perElement(mul(a, sum), -1)];
    if (ctMean !== null) offsets.push(perElement(ctMean, 1));
    const terms = ct === null ? [] : [mul(ct, overPlaces(a, rank))];
    if (slopes.length > 0) terms.push(mul(centered, overPlaces(slopes.reduce(add), rank)));
    if (offsets.length > 0) terms.push(overPlaces(offsets.reduce(add), rank));
    const total = terms.reduce(add);
    return sameShape(total.shape, x.shape) ? total : expand(total, x.shape);
  };
  return [wants[0] ? dx() : null, wants[1] ? dscale : null, wants[2] ? sum : null, null, null];
}

/**
 * `y = (x - mean) / sqrt(variance + epsilon) * scale + shift` per channel; x `[batch, channels, ...]`, all others
 * `[channels]`. With `training_mode: 1` (and `momentum: 0`, the only one accepted) the mean and the population variance
 * of the batch are used instead of those given, and returned too: `[y, mean, variance]`. Epsilon is 1e-5 by default.
 */
export function batchNormalization(
  x: Tensor,
  scale: Tensor,
  shift: Tensor,
  mean: Tensor,
  variance: Tensor,
  attrs: Partial<BatchNormalizationAttributes> = {},
): readonly Tensor[] {
  return apply(batchNormalizationOp, [x, scale, shift, mean, variance], attrs);
}
