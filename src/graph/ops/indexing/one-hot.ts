// OneHot: encodes indices on a new axis.

import { ShapeError } from "../../../core/errors.js";
import { normalizeAxis, type Shape, shapeText, sizeOf } from "../../../core/numbers/shape.js";
import { type TensorData, tensorFrom } from "../../../core/numbers/tensor-data.js";
import { apply, constant, scalar } from "../../build.js";
import { noCost, type Op } from "../../op.js";
import { ndFill } from "../../reference/nd-array.js";
import type { Tensor } from "../../tensor.js";
import { mul, sub } from "../elementwise/arithmetic.js";
import { concat, reshape } from "../movement/shape-movement.js";
import { knownValues } from "../record/known-value.js";
import { reduceSum } from "../reduction/reduction.js";
import type { AxisAttributes } from "./indexing.js";

function withClasses(where: string, indices: Shape, extent: number, given: number): { shape: number[]; axis: number } {
  const axis = normalizeAxis(where, given, indices.length + 1);
  return { shape: indices.toSpliced(axis, 0, extent), axis };
}

export const oneHotOp: Op<AxisAttributes> = {
  name: "OneHot",
  weightUse: { 2: "never" },
  arity: [3, 3],
  attributes: { axis: { type: "int", default: -1 } },
  inputNames: ["indices", "depth", "values"],
  staticInputs: [1],
  infer([indices, depth, values], { axis }, where) {
    const [extent] = knownValues(where, "depth", depth)!;
    if (values!.shape.length !== 1 || values!.shape[0] !== 2) {
      throw new ShapeError("values do not fit", {
        where,
        expected: "two numbers: off, on",
        received: shapeText(values!.shape),
      });
    }
    return [{ dtype: values!.dtype, shape: withClasses(where, indices!.shape, Math.trunc(extent), axis).shape }];
  },
  // y = off (1 - hot) + on hot
  vjp({ inputs: [indices, depth, values], attrs, cotangents: [ct] }) {
    const offOn = constant(tensorFrom(values!.dtype, [2], [0, 1]));
    const [hot] = apply(oneHotOp, [indices, depth, offOn], attrs);
    const on = reduceSum(mul(ct!, hot));
    const off = sub(reduceSum(ct!), on);
    return [null, null, concat([reshape(off, [1]), reshape(on, [1])], { axis: 0 })];
  },
  cost: noCost,
  evaluate([indices, depth, values], attrs) {
    const extent = Math.trunc(depth!.data[0]);
    const { shape, axis } = withClasses("OneHot", indices!.shape, extent, attrs.axis);
    const inner = sizeOf(shape.slice(axis + 1));
    const [off, on] = values!.data;
    const read = (index: number): number => {
      const given = Math.trunc(indices!.data[Math.floor(index / (inner * extent)) * inner + (index % inner)]);
      // Indices out of range give a row of "off", unlike in Gather.
      return (given < 0 ? given + extent : given) === Math.floor(index / inner) % extent ? on : off;
    };
    return [ndFill(values!.dtype, shape, read)];
  },
};

export interface OneHotOptions {
  /** Number of classes: the size of the new axis. */
  readonly depth: number;
  /** Position of the new axis; last by default. */
  readonly axis?: number;
  /** The values for off and on; float32 0 and 1 by default. */
  readonly values?: TensorData;
}

/** `on` where the position on the new axis equals the index, else `off`. */
export function oneHot(indices: Tensor, { depth, axis = -1, values }: OneHotOptions): Tensor {
  const offOn = constant(values ?? tensorFrom("float32", [2], [0, 1]));
  return apply(oneHotOp, [indices, scalar(depth, "int64"), offOn], { axis })[0];
}
