// Compress and NonZero: operators whose output sizes depend on values, which must be constant.
import { ShapeError } from "../../../core/errors.js";
import { normalizeAxis, type Shape, sizeOf, stridesOf } from "../../../core/numbers/shape.js";
import { tensorFrom } from "../../../core/numbers/tensor-data.js";
import { apply, constant, int64s, scalar } from "../../build.js";
import { type InferInput, noCost, type Op } from "../../op.js";
import { ndFill } from "../../reference/nd-array.js";
import type { Tensor } from "../../tensor.js";
import { concat, expand, gather, reshape } from "../movement/shape-movement.js";
import { type NoAttributes, requireDType } from "../record/elementwise.js";
import { asKnown, knownInputs, knownValues } from "../record/known-value.js";

export type CompressAttributes = { readonly axis?: number };

/** The kept positions of the axis; without `axis`, x counts as flat. */
function keptPlaces(where: string, inputs: readonly (InferInput | null)[], { axis: given }: CompressAttributes) {
  const [x, condition] = inputs;
  requireDType(where, condition!, ["bool"]);
  const shape: Shape = given === undefined ? [sizeOf(x!.shape)] : x!.shape;
  const axis = given === undefined ? 0 : normalizeAxis(where, given, shape.length);
  const flags = knownValues(where, "condition", condition)!;
  if (flags.length > shape[axis]) {
    throw new ShapeError("the condition is too long", {
      where,
      expected: `at most ${shape[axis]} elements`,
      received: `${flags.length}`,
    });
  }
  return { shape, axis, places: flags.flatMap((flag, place) => (flag === 0 ? [] : [place])) };
}

export const compressOp: Op<CompressAttributes> = {
  name: "Compress",
  arity: [2, 2],
  attributes: { axis: { type: "int" } },
  inputNames: ["input", "condition"],
  staticInputs: [1],
  infer(inputs, attrs, where) {
    const { shape, axis, places } = keptPlaces(where, inputs, attrs);
    return [{ dtype: inputs[0]!.dtype, shape: shape.with(axis, places.length) }];
  },
  // Kept positions gather their cotangent, all others a slice of zeros appended to it.
  vjp({ inputs, attrs, cotangents: [ct] }) {
    const { shape, axis, places } = keptPlaces("gradient of Compress", knownInputs(inputs), attrs);
    const zeros = expand(scalar(0, ct!.dtype), shape.with(axis, 1));
    const from = Array.from({ length: shape[axis] }, () => places.length);
    for (const [rank, place] of places.entries()) from[place] = rank;
    return [reshape(gather(concat([ct!, zeros], { axis }), int64s(from), { axis }), inputs[0]!.shape), null];
  },
  cost: noCost,
  evaluate(inputs, attrs) {
    const { shape, axis, places } = keptPlaces("Compress", asKnown(inputs), attrs);
    const inner = sizeOf(shape.slice(axis + 1));
    const read = (index: number): number => {
      const outer = Math.floor(index / (inner * places.length));
      const place = places[Math.floor(index / inner) % places.length];
      return inputs[0]!.data[(outer * shape[axis] + place) * inner + (index % inner)];
    };
    return [ndFill(inputs[0]!.dtype, shape.with(axis, places.length), read)];
  },
};

export const nonZeroOp: Op<NoAttributes> = {
  name: "NonZero",
  arity: [1, 1],
  attributes: {},
  inputNames: ["X"],
  staticInputs: [0],
  infer([x], _attrs, where) {
    const count = knownValues(where, "the input", x)!.filter((element) => element !== 0).length;
    return [{ dtype: "int64", shape: [x!.shape.length, count] }];
  },
  vjp: "none",
  cost: noCost,
  evaluate([x]) {
    const places = [...x!.data.keys()].filter((place) => x!.data[place] !== 0);
    const strides = stridesOf(x!.shape);
    const read = (index: number): number => {
      const axis = Math.floor(index / places.length);
      return Math.floor(places[index % places.length] / strides[axis]) % x!.shape[axis];
    };
    return [ndFill("int64", [x!.shape.length, places.length], read)];
  },
};

/** The slices of x along `axis` whose flag is true; without axis the elements, row by row. */
export function compress(x: Tensor, flags: readonly boolean[], options: { readonly axis?: number } = {}): Tensor {
  const condition = constant(tensorFrom("bool", [flags.length], flags.map(Number)));
  return apply(compressOp, [x, condition], options)[0];
}

/** The coordinates `[rank, count]` of the elements that are not 0, of a tensor that is known. */
export function nonZero(x: Tensor): Tensor {
  return apply(nonZeroOp, [x])[0];
}
