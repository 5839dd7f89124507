// Batching rules shared by operators, for tensors with a last axis for the networks.
import { normalizeAxis, sizeOf } from "../../../core/numbers/shape.js";
import { tensorFrom } from "../../../core/numbers/tensor-data.js";
import { apply, constant, int64s, scalar } from "../../build.js";
import type { Attributes, Tensor } from "../../tensor.js";
import { add, mul } from "../elementwise/arithmetic.js";
import { gatherElements } from "../indexing/indexing.js";
import { expand, flatten, reshape, transpose } from "../movement/shape-movement.js";
import { knownInputs, knownValues } from "../record/known-value.js";
import type { BatchContext } from "./ensemble-rule.js";

type AlongAxis = Attributes & { readonly axis: number };

/** The attributes with `axis` counted from the front, which the new last axis does not affect. */
function fromFront({ node, attrs }: BatchContext<AlongAxis>): AlongAxis {
  return { ...attrs, axis: normalizeAxis(node.op.name, attrs.axis, node.inputs[0]!.shape.length) };
}

/** For an operator along one axis whose inputs all carry elements. */
export function batchAlongAxis(context: BatchContext<AlongAxis>): readonly Tensor[] {
  const { node, inputs, spread } = context;
  return apply(
    node.op,
    inputs.map((_, i) => spread(i)),
    fromFront(context),
  );
}

/** For an operator along one axis whose first input carries the elements; the others are parameters. */
export function batchFirstAlongAxis(context: BatchContext<AlongAxis>): readonly Tensor[] {
  const { node, inputs, spread } = context;
  return apply(node.op, [spread(0), ...inputs.slice(1)], fromFront(context));
}

/** For an operator that only reshapes. */
export function batchReshape({ node, networks, spread }: BatchContext): readonly Tensor[] {
  const shape = [...node.outputs[0].shape, networks];
  return [reshape(spread(0), shape)];
}

/** For an operator whose first input carries elements; input `place` lists axes, by default all leading ones. */
export function batchListedAxes(place: number) {
  return ({ node, inputs, attrs, spread }: BatchContext): readonly Tensor[] => {
    const rank = node.inputs[0]!.shape.length;
    const axes = knownValues(node.op.name, "axes", knownInputs(node.inputs)[place]);
    if (axes === undefined) return apply(node.op, [spread(0), ...inputs.slice(1)], attrs);
    const fromStart = int64s(axes.map((axis) => normalizeAxis(node.op.name, axis, rank)));
    return apply(node.op, [spread(0), ...inputs.slice(1).map((x, i) => (i + 1 === place ? fromStart : x))], attrs);
  };
}

// Rows of at most this many elements are gathered one element at a time.
const widestFlatRow = 32;

/**
 * The batching rule of Gather. If networks take different rows from shared data, narrow rows are gathered
 * element by element: ONNX Runtime's Gather copies row by row, which takes ten times as long for rows of one element,
 * and leaves the networks on the wrong axis.
 */
export function batchGather(context: BatchContext<AlongAxis>): readonly Tensor[] {
  const { node, inputs, batched, networks } = context;
  const { axis } = fromFront(context);
  const [data, indices] = inputs as readonly Tensor[];
  if (!batched[1]) return apply(node.op, [data, indices], { axis });
  const { shape } = node.outputs[0];
  const [source, single] = node.inputs.map((tensor) => (tensor as Tensor).shape);
  const width = sizeOf(source.slice(axis + 1));
  if (batched[0]) return [reshape(gatheredInStep(context, axis), [...shape, networks])];
  if (axis === 0 && width <= widestFlatRow) {
    // Not a Reshape, because the number of examples is symbolic, and a shape that seems to change nothing is simplified
    // away.
    const elements = gatherElements(flatten(data, { axis: 0 }), flatPlaces(indices, width, networks), { axis: 1 });
    return [reshape(elements, [...shape, networks])];
  }
  const [gathered] = apply(node.op, [data, indices], { axis });
  const place = axis + single.length;
  const order = gathered.shape.map((_, i) => i);
  return [transpose(gathered, [...order.toSpliced(place, 1), place])];
}

/** `rows * width + column` for every row, column and network. Negative rows stay negative. */
function flatPlaces(rows: Tensor, width: number, networks: number): Tensor {
  const count = sizeOf(rows.shape);
  if (width === 1) return reshape(rows, [1, count]);
  const columns = constant(
    tensorFrom(
      rows.dtype,
      [width, 1],
      Array.from({ length: width }, (_, i) => i),
    ),
  );
  const first = mul(reshape(rows, [count / networks, 1, networks]), scalar(width, rows.dtype));
  return reshape(add(first, columns), [1, count * width]);
}

/** Gathers from separate data of every network: the network axis is indexed like all axes except `axis`. */
function gatheredInStep({ node, inputs, networks }: BatchContext, axis: number): Tensor {
  const [data, indices] = inputs as readonly Tensor[];
  const { shape } = node.inputs[0] as Tensor;
  const count = sizeOf(indices.shape) / networks;
  const thin = shape.map((_, i) => (i === axis ? count : 1));
  const places = expand(reshape(indices, [...thin, networks]), [...shape.with(axis, count), networks]);
  return gatherElements(data, places, { axis });
}
