// Batching rules for networks in groups of lanes (`lanes` of rules.ts), which operators share.
import { normalizeAxis, sizeOf } from "../../../core/numbers/shape.js";
import { apply, int64s, scalar } from "../../build.js";
import type { Tensor } from "../../tensor.js";
import { add, mul } from "../elementwise/arithmetic.js";
import { gatherElements } from "../indexing/indexing.js";
import { concat, flatten, reshape } from "../movement/shape-movement.js";
import type { LaneContext, LaneResult } from "./ensemble-rule.js";
import { LaneImage } from "./lane-image.js";

/** For an operator that only reshapes. */
export function lanesReshape({ node, inputs: [x], form, groups }: LaneContext): LaneResult {
  const { shape } = node.outputs[0];
  if (!(x instanceof LaneImage) || shape.includes(0)) return null;
  return [{ lanes: reshape(x.lanes, [groups, ...shape, form.lanes]) }];
}

/** For an operator along one axis whose elements come from all inputs, or only from the first. */
export function lanesAlongAxis({ node, attrs, inputs }: LaneContext): LaneResult {
  const [first] = node.inputs;
  const axis = 1 + normalizeAxis(node.op.name, attrs.axis as number, first!.shape.length);
  if (!(inputs[0] instanceof LaneImage)) return null;
  const staticInputs = node.op.staticInputs ?? [];
  if (inputs.some((given, i) => !staticInputs.includes(i) && !(given instanceof LaneImage))) return null;
  const arranged = inputs.map((given) => (given instanceof LaneImage ? given.lanes : given));
  return apply(node.op, arranged, { ...attrs, axis }).map((lanes) => ({ lanes }));
}

/** For reductions, over one axis at least. */
export function lanesReduce({ node, attrs, inputs: [x] }: LaneContext, axes: readonly number[]): LaneResult {
  if (!(x instanceof LaneImage) || axes.length === 0) return null;
  const place = (axis: number): number => 1 + (x.isTurned ? 1 - axis : axis);
  const [result] = apply(node.op, [x.isTurned ? x.turned : x.lanes, int64s(axes.map(place))], attrs);
  return [node.outputs[0].shape.length === 2 && x.isTurned ? { turned: result } : { lanes: result }];
}

// Rows of at most this many elements are gathered one element at a time.
const widestRow = 8;

/** Different rows of shared data for every network, gathered element by element as in `batchGather`. */
export function lanesGather({ attrs, inputs: [data, rows], form, groups }: LaneContext): LaneResult {
  if (!(rows instanceof LaneImage) || data === null || data instanceof LaneImage) return null;
  const [, ...rest] = data.shape;
  const width = sizeOf(rest);
  const count = sizeOf(rows.shape);
  if (attrs.axis !== 0 || rest.length > 1 || rows.shape.length !== 1 || width === 0 || width > widestRow) return null;
  // Not a Reshape, because the number of examples is symbolic. Flatten can add a leading row axis.
  const elements = flatten(data, { axis: 0 });
  const first = reshape(rows.lanes, [1, groups * count * form.lanes]);
  const columns = Array.from({ length: width }, (_, column): Tensor => {
    const scaled = width === 1 ? first : mul(first, scalar(width, first.dtype));
    const places = column === 0 ? scaled : add(scaled, scalar(column, first.dtype));
    return reshape(gatherElements(elements, places, { axis: 1 }), [groups, 1, count, form.lanes]);
  });
  const all = width === 1 ? columns[0] : concat(columns, { axis: 1 });
  return [rest.length === 0 ? { lanes: reshape(all, [groups, count, form.lanes]) } : { turned: all }];
}
