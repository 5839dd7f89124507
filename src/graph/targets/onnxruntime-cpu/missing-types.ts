// Operators with kernels for only some element types, whose elements no other type can carry.
import { type DType, isFloat } from "../../../core/numbers/dtype.js";
import { normalizeAxis } from "../../../core/numbers/shape.js";
import { tensorFrom } from "../../../core/numbers/tensor-data.js";
import { apply, constant, constantValue, scalar } from "../../build.js";
import { add, max, pow } from "../../ops/elementwise/arithmetic.js";
import { cast } from "../../ops/elementwise/cast.js";
import { equal } from "../../ops/elementwise/comparison.js";
import { crossesZero, type ModAttributes, mod } from "../../ops/elementwise/mod.js";
import { where } from "../../ops/elementwise/selection.js";
import { type AxisAttributes, gather } from "../../ops/indexing/indexing.js";
import { oneHotOp } from "../../ops/indexing/one-hot.js";
import { reshape } from "../../ops/movement/shape-movement.js";
import { range } from "../../ops/movement/shape-values.js";
import { argMaxOp } from "../../ops/reduction/reduction.js";
import type { SoftmaxAttributes } from "../../ops/reduction/softmax.js";
import { evaluateGraph } from "../../reference/evaluate.js";
import { fromTensorData, toTensorData } from "../../reference/nd-array.js";
import type { Tensor } from "../../tensor.js";
import type { FactTable } from "../target.js";
import { bitShift } from "./bit-shift.js";

/** 1 at the position of the largest element on the axis. */
function markedPlaces(x: Tensor, given: number): Tensor {
  const axis = normalizeAxis("Hardmax", given, x.shape.length);
  const along = x.shape.map((extent, i) => (i === axis ? extent : 1));
  return cast(equal(reshape(range(0, x.shape[axis]), along), apply(argMaxOp, [x], { axis })[0]), x.dtype);
}

const exponents: readonly DType[] = ["float32", "float64", "int32", "int64"];
const diagonals: readonly DType[] = ["float32", "float64", "int32", "int64"];
const placedValues: readonly DType[] = ["float32", "int64"];

export const missingTypes: FactTable = {
  Relu: { lower: ([x]) => (x!.dtype === "int64" ? [max(x!, scalar(0, "int64"))] : null) },
  // No other exponent type holds more than int64.
  Pow: { lower: ([a, b]) => (exponents.includes(b!.dtype) ? null : [pow(a!, cast(b!, "int64"))]) },
  Mod: {
    // Floats are supported only with the sign of the dividend.
    lower([a, b], { fmod }: ModAttributes) {
      if (fmod === 1 || !isFloat(a!.dtype)) return null;
      const left = mod(a!, b!, { fmod: 1 });
      return [where(crossesZero(left, b!), add(left, b!), left)];
    },
  },
  BitShift: bitShift,
  Hardmax: {
    lower: ([x], { axis }: SoftmaxAttributes) => (x!.dtype === "float32" ? null : [markedPlaces(x!, axis)]),
  },
  EyeLike: {
    lower([x], attrs, { op, outputs: [{ dtype }] }) {
      if (diagonals.includes(dtype) && diagonals.includes(x!.dtype)) return null;
      const empty = fromTensorData(tensorFrom(x!.dtype, [0], []));
      const [ones] = op.evaluate([{ ...empty, shape: x!.shape }], attrs, { evaluateGraph, outputCount: 1 });
      return [constant(toTensorData(ones))];
    },
  },
  OneHot: {
    // Only a few combinations of the three types have kernels.
    lower([indices, depth, values], { axis }: AxisAttributes) {
      const isNative = indices!.dtype === "int64" && depth!.dtype === "int64" && placedValues.includes(values!.dtype);
      if (isNative) return null;
      const classes = scalar(Math.trunc(constantValue(depth!)!.data[0]), "int64");
      const offOn = constant(tensorFrom("int64", [2], [0, 1]));
      return [gather(values!, apply(oneHotOp, [cast(indices!, "int64"), classes, offOn], { axis })[0], { axis: 0 })];
    },
  },
};
