// Rules of single operators for many networks, with the networks on the last axis.
import { InvalidInputError } from "../../../core/errors.js";
import { normalizeAxis } from "../../../core/numbers/shape.js";
import { tensorFrom } from "../../../core/numbers/tensor-data.js";
import { apply, constant, int64s, scalar } from "../../build.js";
import type { Tensor } from "../../tensor.js";
import { clip } from "../activation/activation.js";
import { prelu } from "../activation/smooth-activations.js";
import { max, min, sub } from "../elementwise/arithmetic.js";
import { greater } from "../elementwise/comparison.js";
import { where } from "../elementwise/selection.js";
import { exp } from "../elementwise/unary.js";
import type { AxisAttributes } from "../indexing/indexing.js";
import { type LoopAttributes, partsOf } from "../loop.js";
import { type PadAttributes, pad, paddingOf } from "../movement/padding.js";
import {
  expand,
  permutationOf,
  reshape,
  squeeze,
  type TransposeAttributes,
  transpose,
  unsqueeze,
} from "../movement/shape-movement.js";
import { split } from "../movement/slicing.js";
import { repeatsOf, tile } from "../movement/tile.js";
import { knownInputs } from "../record/known-value.js";
import { type ReductionAttributes, reducedAxes, reduceMax, reduceSum } from "../reduction/reduction.js";
import type { SoftmaxAttributes } from "../reduction/softmax.js";
import type { BatchContext, LaneContext, LaneResult } from "./ensemble-rule.js";
import { lanesReduce } from "./lane-rules.js";

export function batchTranspose({ node, attrs, inputs }: BatchContext<TransposeAttributes>): readonly Tensor[] {
  const rank = node.outputs[0].shape.length;
  return [transpose(inputs[0]!, [...permutationOf(attrs, rank), rank])];
}

export function batchExpand({ node, networks, aligned }: BatchContext): readonly Tensor[] {
  return [expand(aligned(0), [...node.outputs[0].shape, networks])];
}

export function batchTile({ node, inputs }: BatchContext): readonly Tensor[] {
  return [tile(inputs[0]!, [...repeatsOf("Tile", knownInputs(node.inputs)), 1])];
}

export function batchPad({ node, attrs, inputs, batched, spread }: BatchContext<PadAttributes>): readonly Tensor[] {
  const { before, after } = paddingOf("Pad", knownInputs(node.inputs), attrs.mode);
  const pads = int64s([...before, 0, ...after, 0]);
  if (inputs.length < 3 || inputs[2] === null) return apply(node.op, [spread(0), pads], attrs);
  if (!batched[2]) return apply(node.op, [spread(0), pads, inputs[2]], attrs);
  // ONNX has a single border value; if every network has its own, `where` inserts them afterwards.
  const [surrounded] = apply(node.op, [spread(0), pads], attrs);
  const inside = pad(expand(scalar(1), node.inputs[0]!.shape), [...before, ...after]);
  const isInside = greater(reshape(inside, [...inside.shape, 1]), scalar(0));
  return [where(isInside, surrounded, reshape(inputs[2], inputs[2].shape.slice(-1)))];
}

/** For one network bounds are scalars, as ONNX requires; for many networks they are not. */
export function batchClip({ inputs: [x, low = null, high = null], batched, aligned }: BatchContext): readonly Tensor[] {
  if (!batched[1] && !batched[2]) return [clip(x!, low, high)];
  const boundOf = (bound: Tensor, isBatched: boolean): Tensor => reshape(bound, isBatched ? bound.shape.slice(-1) : []);
  const raised = low === null ? aligned(0) : max(aligned(0), boundOf(low, batched[1]));
  return [high === null ? raised : min(raised, boundOf(high, batched[2]))];
}

/** Only the slope may broadcast. */
export function batchPRelu({ aligned, spread }: BatchContext): readonly Tensor[] {
  return [prelu(spread(0), aligned(1))];
}

/** The new axis may be counted from the end, so the rank of the single network's result decides. */
export function batchOneHot(context: BatchContext<AxisAttributes>): readonly Tensor[] {
  const {
    node,
    attrs,
    inputs: [, depth, values],
    batched,
    spread,
  } = context;
  const axis = normalizeAxis("OneHot", attrs.axis, node.outputs[0].shape.length);
  if (!batched[2]) return apply(node.op, [spread(0), depth, values!], { axis });
  const [hot] = apply(node.op, [spread(0), depth, constant(tensorFrom("bool", [2], [0, 1]))], { axis });
  const [off, on] = split(values!, [1, 1]).map((part) => squeeze(part, [0]));
  return [where(hot, on, off)];
}

/**
 * The parts of softmax for many networks. ONNX Runtime's kernel moves the axis to the end and works line by line, which
 * for lines of a few elements is many times slower.
 */
export function batchedPowers({ node, inputs, attrs }: BatchContext<SoftmaxAttributes>) {
  const axes = [normalizeAxis(node.op.name, attrs.axis, node.outputs[0].shape.length)];
  const shifted = sub(inputs[0]!, reduceMax(inputs[0]!, axes, { keepdims: 1 }));
  const powers = exp(shifted);
  return { shifted, powers, sum: reduceSum(powers, axes, { keepdims: 1 }) };
}

export function batchReduction({ node, inputs, attrs }: BatchContext<ReductionAttributes>): readonly Tensor[] {
  const axes = reducedAxes(node.op.name, knownInputs(node.inputs), attrs);
  // An empty list would mean all axes, including the network axis.
  const options = { ...attrs, noop_with_empty_axes: axes.length === 0 ? 1 : 0 };
  return apply(node.op, [inputs[0], int64s(axes)], options);
}

/** The axes that a reduction of a single network is over. */
export function reducedLanes({ node, attrs }: LaneContext<ReductionAttributes>): readonly number[] {
  return reducedAxes(node.op.name, knownInputs(node.inputs), attrs);
}

export function lanesReduction(context: LaneContext<ReductionAttributes>): LaneResult {
  return lanesReduce(context, reducedLanes(context));
}

/** Channels are independent, so the channels of all networks are concatenated on the channel axis. */
export function batchBatchNormalization({ node, attrs, networks, spread }: BatchContext): readonly Tensor[] {
  const [examples, channels, ...places] = node.outputs[0].shape;
  const inner = places.map((_, axis) => axis + 2);
  const x = reshape(transpose(spread(0), [0, 1, inner.length + 2, ...inner]), [
    examples,
    channels * networks,
    ...places,
  ]);
  const perChannel = [1, 2, 3, 4].map((i) => reshape(spread(i), [channels * networks]));
  const [y, ...statistics] = apply(node.op, [x, ...perChannel], attrs);
  const apart = reshape(y, [examples, channels, networks, ...places]);
  return [
    transpose(apart, [0, 1, ...inner.map((axis) => axis + 1), 2]),
    ...statistics.map((value) => reshape(value, [channels, networks])),
  ];
}

/** All carried and collected values get the network axis, since at least one of them may vary. */
export function batchLoop(context: BatchContext<LoopAttributes>): readonly Tensor[] {
  const { node, inputs, attrs, batched, networks, spread } = context;
  const { carried } = partsOf(attrs, inputs.length);
  const varies = (i: number): boolean => i >= 2 && (batched[i] || i < 2 + carried);
  const varying = new Set(attrs.body.inputs.filter((_, i) => varies(i)));
  const body = context.batchGraph(attrs.body, varying);
  if (batched[0] || batched[1] || body.batched[0]) {
    throw new InvalidInputError("networks of an ensemble cannot run a loop a different number of times", {
      where: node.scope ?? node.op.name,
      expected: "a trip count and a condition that are the same for all networks",
    });
  }
  const outputs = body.graph.outputs.map(({ name, tensor }, i) => {
    if (i === 0 || body.batched[i]) return { name, tensor };
    return { name, tensor: expand(unsqueeze(tensor, [tensor.shape.length]), [...tensor.shape, networks]) };
  });
  return apply(
    node.op,
    inputs.map((tensor, i) => (varies(i) ? spread(i) : tensor)),
    { ...attrs, body: { inputs: body.graph.inputs, outputs } },
  );
}
