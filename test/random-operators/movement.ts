// Random movement of elements: shapes, slices, indices.

import { sizeOf } from "../../src/core/numbers/shape.js";
import {
  type CaseInput,
  distinct,
  exactly,
  float,
  integers,
  list,
  type OpCase,
} from "../../src/graph/ops/cases/case.js";
import type { Attributes } from "../../src/graph/tensor.js";
import type { Dice } from "./dice.js";
import type { RandomCase } from "./windows.js";

const shapeOf = (d: Dice, least = 0, most = 4): number[] => d.ints(d.int(least, most), 1, 4);
/** An axis from either end. */
const axisOf = (d: Dice, rank: number): number => d.int(-rank, rank - 1);
const eitherEnd = (d: Dice, axis: number, rank: number): number => (d.oneIn(2) ? axis : axis - rank);

function reshape(d: Dice): RandomCase {
  const shape = shapeOf(d);
  const factors: number[] = [];
  let rest = sizeOf(shape);
  while (rest > 1) {
    const factor = d.pick([2, 3, rest].filter((one) => rest % one === 0));
    factors.push(factor);
    rest /= factor;
  }
  const target = d.shuffled([...factors, ...(d.oneIn(2) ? [1] : [])]);
  if (target.length > 0 && d.oneIn(2)) target[d.int(0, target.length - 1)] = -1;
  return { inputs: [float(shape), list(target)] };
}

function squeeze(d: Dice): RandomCase {
  const shape = shapeOf(d, 1).map((extent) => (d.oneIn(2) ? 1 : extent));
  const ones = shape.flatMap((extent, axis) => (extent === 1 ? [eitherEnd(d, axis, shape.length)] : []));
  return {
    inputs:
      d.oneIn(3) || ones.length === 0
        ? [float(shape)]
        : [float(shape), list(d.shuffled(ones).slice(0, d.int(1, ones.length)))],
  };
}

function unsqueeze(d: Dice): RandomCase {
  const shape = shapeOf(d, 0, 3);
  const rank = shape.length + d.int(1, 2);
  const axes = d.shuffled(Array.from({ length: rank }, (_, i) => i)).slice(0, rank - shape.length);
  return { inputs: [float(shape), list(axes.map((axis) => eitherEnd(d, axis, rank)))] };
}

function concat(d: Dice): RandomCase {
  const shape = shapeOf(d, 1);
  const axis = axisOf(d, shape.length);
  const at = (axis + shape.length) % shape.length;
  const parts = d.ints(d.int(1, 4), 0, 3).map((extent) => float(shape.with(at, extent)));
  return { inputs: parts, attrs: { axis } };
}

function split(d: Dice): RandomCase {
  const shape = shapeOf(d, 1);
  const axis = axisOf(d, shape.length);
  const at = (axis + shape.length) % shape.length;
  if (d.oneIn(2)) {
    const sizes = d.ints(d.int(1, 4), 0, 3);
    return {
      inputs: [
        float(
          shape.with(
            at,
            sizes.reduce((sum, size) => sum + size, 0),
          ),
        ),
        list(sizes),
      ],
      attrs: { axis },
    };
  }
  const count = d.int(1, 4);
  return { inputs: [float(shape.with(at, d.int(count * (count - 1) || 1, 12)))], attrs: { axis, num_outputs: count } };
}

function slice(d: Dice): RandomCase {
  const shape = d.ints(d.int(1, 4), 1, 6);
  const axes = d.some(shape.length);
  const wild = d.oneIn(4) ? 12 : 6;
  const steps = axes.map(() => d.pick([1, 1, 2, 3, -1, -2, -3]));
  // A backward slice to the largest integer is empty in the ONNX specification but full in ONNX Runtime.
  const ends = steps.map((step) => d.pick([d.int(-wild, wild), step > 0 ? 2 ** 31 - 1 : -(2 ** 31)]));
  const places = list(axes.map((axis) => eitherEnd(d, axis, shape.length)));
  return { inputs: [float(shape), list(axes.map(() => d.int(-wild, wild))), list(ends), places, list(steps)] };
}

function pad(d: Dice): RandomCase {
  const shape = d.ints(d.int(1, 4), 2, 4);
  const axes = d.some(shape.length);
  const mode = d.pick(["constant", "constant", "reflect", "edge", "wrap"]);
  const low = mode === "constant" && d.oneIn(3) ? -1 : 0;
  const pads = d.ints(2 * axes.length, low, mode === "constant" || mode === "edge" ? 3 : 1);
  const value = mode === "constant" && d.oneIn(2) ? float([]) : null;
  return {
    inputs: [float(shape), list(pads), value, list(axes.map((axis) => eitherEnd(d, axis, shape.length)))],
    attrs: { mode },
  };
}

function expand(d: Dice): RandomCase {
  const target = shapeOf(d);
  const own = target.slice(d.int(0, target.length)).map((extent) => (d.oneIn(3) ? 1 : extent));
  const asked = target.map((extent) => (d.oneIn(5) ? 1 : extent));
  return { inputs: [float(own), list(asked)] };
}

function tile(d: Dice): RandomCase {
  const shape = shapeOf(d, 1);
  return { inputs: [float(shape), list(shape.map(() => d.int(1, 3)))] };
}

function depthToSpace(d: Dice): RandomCase {
  const blocksize = d.int(1, 3);
  const mode = d.pick(["DCR", "CRD"]);
  return {
    inputs: [float([d.int(1, 2), blocksize ** 2 * d.int(1, 2), ...d.ints(2, 1, 3)])],
    attrs: { blocksize, mode },
  };
}

function spaceToDepth(d: Dice): RandomCase {
  const blocksize = d.int(1, 3);
  return {
    inputs: [float([d.int(1, 2), d.int(1, 2), ...d.ints(2, 1, 2).map((n) => n * blocksize)])],
    attrs: { blocksize },
  };
}

const indexType = (d: Dice) => d.pick(["int64", "int32"] as const);

function gather(d: Dice): RandomCase {
  const shape = shapeOf(d, 1);
  const axis = axisOf(d, shape.length);
  const extent = shape.at(axis)!;
  return { inputs: [float(shape), integers(indexType(d), shapeOf(d, 0, 2), [-extent, extent])], attrs: { axis } };
}

function gatherElements(d: Dice): RandomCase {
  const shape = shapeOf(d, 1, 3);
  const axis = axisOf(d, shape.length);
  const at = (axis + shape.length) % shape.length;
  const wanted = shape.map((extent, i) => (i === at ? d.int(1, 4) : d.int(1, extent)));
  return { inputs: [float(shape), integers(indexType(d), wanted, [-shape[at], shape[at]])], attrs: { axis } };
}

/** Tuples of indices, the last axis along `extents`. */
function tuples(d: Dice, leading: readonly number[], extents: readonly number[]): CaseInput {
  const rows = Array.from({ length: sizeOf(leading) }, () => extents.map((extent) => d.int(-extent, extent - 1)));
  return exactly("int64", [...leading, extents.length], rows.flat());
}

function gatherND(d: Dice): RandomCase {
  const shape = shapeOf(d, 1);
  const batch = d.int(0, Math.min(2, shape.length - 1));
  const indexed = shape.slice(batch, d.int(batch + 1, shape.length));
  const leading = [...shape.slice(0, batch), ...shapeOf(d, 0, 2)];
  return { inputs: [float(shape), tuples(d, leading, indexed)], attrs: { batch_dims: batch } };
}

function scatterElements(d: Dice): RandomCase {
  const shape = shapeOf(d, 1, 3);
  const axis = axisOf(d, shape.length);
  const at = (axis + shape.length) % shape.length;
  const reduction = d.pick(["none", "add", "mul", "max", "min"]);
  const wanted = shape.map((extent) => d.int(1, extent));
  // Without a reduction, no position may occur twice.
  const order = d.shuffled(Array.from({ length: shape[at] }, (_, i) => i));
  const inner = sizeOf(wanted.slice(at + 1));
  const indices = Array.from({ length: sizeOf(wanted) }, (_, i) => order[Math.floor(i / inner) % wanted[at]]);
  const given =
    reduction === "none" ? exactly("int64", wanted, indices) : integers("int64", wanted, [-shape[at], shape[at]]);
  return { inputs: [float(shape), given, float(wanted)], attrs: { axis, reduction } };
}

function scatterND(d: Dice): RandomCase {
  const shape = shapeOf(d, 1, 3);
  const reduction = d.pick(["none", "add", "mul", "max", "min"]);
  const indexed = shape.slice(0, d.int(1, shape.length));
  const rest = shape.slice(indexed.length);
  if (reduction !== "none") {
    const leading = shapeOf(d, 1, 2);
    return { inputs: [float(shape), tuples(d, leading, indexed), float([...leading, ...rest])], attrs: { reduction } };
  }
  const places = d.some(sizeOf(indexed));
  const rows = places.map((place) =>
    indexed.map((_, i) => Math.floor(place / sizeOf(indexed.slice(i + 1))) % indexed[i]),
  );
  const index = exactly("int64", [places.length, indexed.length], rows.flat());
  return { inputs: [float(shape), index, float([places.length, ...rest])], attrs: { reduction } };
}

function oneHot(d: Dice): RandomCase {
  const shape = shapeOf(d, 1, 3);
  const extent = d.int(1, 4);
  const depth = { ...exactly(d.pick(["int64", "float32"] as const), [], [extent]), constant: true };
  return {
    inputs: [integers("int64", shape, [-extent - 1, extent + 1]), depth, float([2])],
    attrs: { axis: d.int(-shape.length - 1, shape.length) },
  };
}

function topK(d: Dice): RandomCase {
  const shape = shapeOf(d, 1, 3);
  const axis = axisOf(d, shape.length);
  return { inputs: [distinct(shape), list([d.int(1, shape.at(axis)!)])], attrs: { axis, largest: d.int(0, 1) } };
}

function compress(d: Dice): RandomCase {
  const shape = shapeOf(d, 1, 3);
  const axis = d.oneIn(3) ? undefined : axisOf(d, shape.length);
  const count = d.int(1, axis === undefined ? sizeOf(shape) : shape.at(axis)!);
  const flags = { ...exactly("bool", [count], [1, ...d.ints(count - 1, 0, 1)]), constant: true };
  const attrs: Attributes = axis === undefined ? {} : { axis };
  return { inputs: [float(shape), flags], attrs };
}

function cumSum(d: Dice): RandomCase {
  const shape = shapeOf(d, 1);
  const axis = { ...exactly(d.pick(["int64", "int32"] as const), [], [axisOf(d, shape.length)]), constant: true };
  return { inputs: [float(shape), axis], attrs: { exclusive: d.int(0, 1), reverse: d.int(0, 1) } };
}

function transpose(d: Dice): RandomCase {
  const shape = shapeOf(d);
  return { inputs: [float(shape)], attrs: d.oneIn(4) ? {} : { perm: d.shuffled(shape.map((_, i) => i)) } };
}

const trilu = (d: Dice): RandomCase => {
  const inputs: OpCase["inputs"] = [
    float([...shapeOf(d, 0, 2), ...d.ints(2, 1, 4)]),
    ...(d.oneIn(3) ? [] : [exactly("int64", [], [d.int(-5, 5)])]),
  ];
  return { inputs, attrs: { upper: d.int(0, 1) } };
};

const flatten = (d: Dice): RandomCase => {
  const shape = shapeOf(d);
  return { inputs: [float(shape)], attrs: { axis: d.int(-shape.length, shape.length) } };
};

export const movementCases: Readonly<Record<string, (d: Dice) => RandomCase>> = {
  Compress: compress,
  Concat: concat,
  CumSum: cumSum,
  DepthToSpace: depthToSpace,
  Expand: expand,
  Flatten: flatten,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  OneHot: oneHot,
  Pad: pad,
  Reshape: reshape,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  Slice: slice,
  SpaceToDepth: spaceToDepth,
  Split: split,
  Squeeze: squeeze,
  Tile: tile,
  TopK: topK,
  Transpose: transpose,
  Trilu: trilu,
  Unsqueeze: unsqueeze,
};
