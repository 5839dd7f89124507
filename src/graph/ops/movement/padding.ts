// Pad: adds borders filled with a constant or the tensor's own elements, or crops borders.
import { InvalidInputError, ShapeError } from "../../../core/errors.js";
import { normalizeAxis, requireListable, shapeText, stridesOf } from "../../../core/numbers/shape.js";
import { shifted } from "../../accounting/reach.js";
import { apply, int64s, scalar } from "../../build.js";
import { type InferInput, noCost, type Op } from "../../op.js";
import { ndFill } from "../../reference/nd-array.js";
import type { Tensor } from "../../tensor.js";
import { add, sub } from "../elementwise/arithmetic.js";
import { requireOneType } from "../record/element-types.js";
import { asKnown, knownInputs, knownValues } from "../record/known-value.js";
import { reduceSum } from "../reduction/reduction.js";
import { expand, reshape } from "./shape-movement.js";
import { flip, slice } from "./slicing.js";

export type PadAttributes = { readonly mode: string };

/** Sizes to add before and after every axis; negative ones are cropped. */
interface Padding {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** The source position of border elements of an axis of `extent` elements, by position (which may be outside). */
type Continuation = (place: number, extent: number) => number;

/** Constant borders have no source. */
const continuations: Readonly<Record<string, Continuation | undefined>> = {
  constant: undefined,
  edge: (place, extent) => Math.max(0, Math.min(extent - 1, place)),
  reflect(place, extent) {
    if (extent === 1) return 0;
    const period = 2 * (extent - 1);
    const folded = modulo(place, period);
    return folded < extent ? folded : period - folded;
  },
  wrap: modulo,
};

function modulo(a: number, b: number): number {
  return ((a % b) + b) % b;
}

export function paddingOf(where: string, inputs: readonly (InferInput | null)[], mode: string): Padding {
  if (!Object.hasOwn(continuations, mode)) {
    const valid = Object.keys(continuations).join(", ");
    throw new InvalidInputError("unknown mode", { where, expected: valid, received: `"${mode}"` });
  }
  const { shape } = inputs[0]!;
  const rank = shape.length;
  const pads = knownValues(where, "pads", inputs[1])!;
  const axes = (knownValues(where, "axes", inputs[3]) ?? Array.from({ length: rank }, (_, axis) => axis)).map((axis) =>
    normalizeAxis(where, axis, rank),
  );
  if (pads.length !== 2 * axes.length) {
    throw new ShapeError("pads do not fit the axes", {
      where,
      expected: `${2 * axes.length} extents: all begins, then all ends`,
      received: shapeText(pads),
    });
  }
  const before = new Array<number>(rank).fill(0);
  const after = new Array<number>(rank).fill(0);
  for (const [i, axis] of axes.entries()) {
    before[axis] = pads[i];
    after[axis] = pads[axes.length + i];
    const kept = shape[axis] + Math.min(0, before[axis]) + Math.min(0, after[axis]);
    const needsSource = mode !== "constant" && before[axis] + after[axis] + shape[axis] > 0;
    if (kept < 0 || (needsSource && kept === 0)) {
      throw new ShapeError("pads take more off than there is", {
        where,
        expected: shapeText(shape),
        received: shapeText(pads),
      });
    }
  }
  return { before, after };
}

/** The source position of each element of a result axis; -1 for a constant. Cropping comes before padding. */
function sources(extent: number, before: number, after: number, continuation: Continuation | undefined): number[] {
  requireListable("Pad", before + extent + after);
  const first = Math.max(0, -before);
  const kept = extent - first - Math.max(0, -after);
  return Array.from({ length: before + extent + after }, (_, i) => {
    const place = i - Math.max(0, before);
    if (place >= 0 && place < kept) return first + place;
    return continuation === undefined ? -1 : first + continuation(place, kept);
  });
}

export const padOp: Op<PadAttributes> = {
  name: "Pad",
  weightUse: { 2: "never" },
  // Elements of reflected borders see others than these, as those of a convolution's padding do.
  reach({ inputs, attrs: { mode } }) {
    return [paddingOf("Pad", inputs, mode).before.map((before, axis) => shifted(axis, before))];
  },
  arity: [2, 4],
  attributes: { mode: { type: "string", default: "constant" } },
  inputNames: ["data", "pads", "constant_value", "axes"],
  staticInputs: [1, 3],
  infer(inputs, { mode }, where) {
    requireOneType(where, inputs[0], inputs[2]);
    const { dtype, shape } = inputs[0]!;
    const { before, after } = paddingOf(where, inputs, mode);
    return [{ dtype, shape: shape.map((extent, axis) => before[axis] + extent + after[axis]) }];
  },
  vjp({ inputs, attrs: { mode }, cotangents: [ct], wants }) {
    const [x, , value] = inputs;
    const padding = paddingOf("gradient of Pad", knownInputs(inputs), mode);
    if (mode !== "constant") return [borderSummed(ct!, x!, padding, continuations[mode]!), null, null];
    const inside = withoutBorder(ct!, x!, padding);
    // Everything that is not from x is the value.
    const border = wants[2] ? reshape(sub(reduceSum(ct!), reduceSum(inside)), value!.shape) : null;
    return [inside, null, border];
  },
  cost: noCost,
  evaluate(inputs, { mode }) {
    const x = inputs[0]!;
    const { before, after } = paddingOf("Pad", asKnown(inputs), mode);
    const from = x.shape.map((extent, axis) => sources(extent, before[axis], after[axis], continuations[mode]));
    const shape = from.map(({ length }) => length);
    const [outer, inner] = [stridesOf(shape), stridesOf(x.shape)];
    const value = inputs[2]?.data[0] ?? 0;
    const read = (index: number): number => {
      let position = 0;
      for (const [axis, places] of from.entries()) {
        const place = places[Math.floor(index / outer[axis]) % shape[axis]];
        if (place < 0) return value;
        position += place * inner[axis];
      }
      return x.data[position];
    };
    return [ndFill(x.dtype, shape, read)];
  },
};

/** The transpose of padding with zeros: added borders are cropped, cropped ones become zeros. */
function withoutBorder(ct: Tensor, x: Tensor, { before, after }: Padding): Tensor {
  if ([...before, ...after].every((extent) => extent >= 0))
    return slice(ct, { starts: before, ends: before.map((extent, axis) => extent + x.shape[axis]) });
  return pad(
    ct,
    [...before, ...after].map((extent) => -extent),
  );
}

/** Axis by axis: every element receives the sum over the positions that copy it. */
function borderSummed(ct: Tensor, x: Tensor, { before, after }: Padding, continuation: Continuation): Tensor {
  let result = ct;
  for (const [axis, extent] of x.shape.entries()) {
    if (before[axis] === 0 && after[axis] === 0) continue;
    const from = sources(extent, before[axis], after[axis], continuation);
    const core = Math.max(0, before[axis]);
    const end = from.length - Math.max(0, after[axis]);
    const runs = [...runsOf(from, 0, core), ...runsOf(from, core, end), ...runsOf(from, end, from.length)];
    const parts = runs.map((run) => atSource(result, axis, run, extent));
    result = parts.length === 0 ? expand(scalar(0, ct.dtype), result.shape.with(axis, extent)) : parts.reduce(add);
  }
  return result;
}

/** A range `[begin, end)` whose sources ascend (1), descend (-1), or stay the same (0). */
interface Run {
  readonly begin: number;
  readonly end: number;
  readonly step: number;
  /** The smallest source. */
  readonly first: number;
}

function runsOf(from: readonly number[], begin: number, end: number): Run[] {
  const runs: Run[] = [];
  for (let start = begin; start < end; ) {
    let stop = start + 1;
    const step = stop < end ? from[stop] - from[start] : 1;
    // A jump ends the run at once.
    if (Math.abs(step) <= 1) while (stop < end && from[stop] - from[stop - 1] === step) stop++;
    const isRun = stop - start > 1;
    runs.push({ begin: start, end: stop, step: isRun ? step : 1, first: Math.min(from[start], from[stop - 1]) });
    start = stop;
  }
  return runs;
}

/** A run's part of the cotangent at its source positions, surrounded by zeros. */
function atSource(ct: Tensor, axis: number, { begin, end, step, first }: Run, extent: number): Tensor {
  const isWhole = begin === 0 && end === ct.shape[axis];
  const part = isWhole ? ct : slice(ct, { starts: [begin], ends: [end], axes: [axis] });
  const placed = step === 0 ? reduceSum(part, [axis], { keepdims: 1 }) : step === 1 ? part : flip(part, axis);
  const pads = new Array<number>(2 * ct.shape.length).fill(0);
  pads[axis] = first;
  pads[ct.shape.length + axis] = extent - first - placed.shape[axis];
  return pads.every((count) => count === 0) ? placed : pad(placed, pads);
}

export interface PadOptions {
  /**
   * `constant` by default; `reflect` leaves out the edge itself, `edge` repeats it, `wrap` continues at the other side.
   */
  readonly mode?: "constant" | "reflect" | "edge" | "wrap";
}

/**
 * Pads with a constant (0 by default) or with the tensor's own elements. `pads` lists the sizes before each axis,
 * then those after each; negative sizes crop.
 */
export function pad(x: Tensor, pads: readonly number[], value = 0, { mode = "constant" }: PadOptions = {}): Tensor {
  const inputs = value === 0 ? [x, int64s(pads)] : [x, int64s(pads), scalar(value, x.dtype)];
  return apply(padOp, inputs, { mode })[0];
}
