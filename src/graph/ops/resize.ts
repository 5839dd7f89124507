// Resize, as far as the gradient of pooling needs it: enlargement by whole factors, nearest neighbor.
import { InvalidInputError } from "../../core/errors.js";
import { shapeText, sizeOf } from "../../core/shape.js";
import { tensorFrom } from "../../core/tensor-data.js";
import { apply, constant } from "../build.js";
import { type NdArray, noCost, type Op } from "../op.js";
import type { Tensor } from "../tensor.js";
import { reduceSum } from "./reduction.js";
import { reshape } from "./shape-movement.js";
import { allIndices } from "./window.js";

export type ResizeAttributes = {
  readonly coordinate_transformation_mode: string;
  readonly mode: string;
  readonly nearest_mode: string;
};

/** The factors of a constant `scales` input: whole numbers, one an axis. */
function factorsOf(where: string, rank: number, scales: NdArray | null | undefined): number[] {
  const factors = scales === null || scales === undefined ? undefined : [...scales.data];
  if (factors?.length === rank && factors.every((factor) => Number.isInteger(factor) && factor >= 1)) return factors;
  throw new InvalidInputError("only enlargement by whole factors is supported", {
    where,
    expected: `constant scales, ${rank} whole numbers from 1`,
    received: factors === undefined ? "none, or computed ones" : shapeText(factors),
  });
}

function requireNearest(where: string, { mode, coordinate_transformation_mode, nearest_mode }: ResizeAttributes): void {
  if (mode === "nearest" && coordinate_transformation_mode === "asymmetric" && nearest_mode === "floor") return;
  throw new InvalidInputError("this kind of Resize is not supported", {
    where,
    expected: 'mode "nearest", coordinate_transformation_mode "asymmetric", nearest_mode "floor"',
    received: `"${mode}", "${coordinate_transformation_mode}", "${nearest_mode}"`,
  });
}

export const resizeOp: Op<ResizeAttributes> = {
  name: "Resize",
  arity: [3, 3],
  optionalInputs: [1],
  attributes: {
    coordinate_transformation_mode: { type: "string", default: "half_pixel" },
    mode: { type: "string", default: "nearest" },
    nearest_mode: { type: "string", default: "round_prefer_floor" },
  },
  inputNames: ["X", "roi", "scales"],
  infer([x, , scales], attrs, where) {
    requireNearest(where, attrs);
    const factors = factorsOf(where, x!.shape.length, scales?.value);
    return [{ dtype: x!.dtype, shape: x!.shape.map((extent, axis) => extent * factors[axis]) }];
  },
  // Every element was repeated over a block: its cotangent is the sum over the block.
  vjp({ inputs: [x], cotangents: [ct] }) {
    const blocks = x!.shape.flatMap((extent, axis) => [extent, extent === 0 ? 1 : ct!.shape[axis] / extent]);
    return [
      reduceSum(
        reshape(ct!, blocks),
        x!.shape.map((_, axis) => 2 * axis + 1),
      ),
      null,
      null,
    ];
  },
  cost: noCost,
  evaluate([x, , scales]) {
    const factors = factorsOf("Resize", x!.shape.length, scales);
    const shape = x!.shape.map((extent, axis) => extent * factors[axis]);
    const data = new Float64Array(sizeOf(shape));
    for (const [i, index] of allIndices(shape).entries()) {
      data[i] = x!.data[index.reduce((flat, at, axis) => flat * x!.shape[axis] + Math.floor(at / factors[axis]), 0)];
    }
    return [{ dtype: x!.dtype, shape, data }];
  },
};

/** Repeats every element over a block of `factors`, whole numbers, one an axis: `y[i] = x[floor(i / factor)]`. */
export function enlarge(x: Tensor, factors: readonly number[]): Tensor {
  const scales = constant(tensorFrom("float32", [factors.length], factors));
  const attrs = { coordinate_transformation_mode: "asymmetric", mode: "nearest", nearest_mode: "floor" };
  return apply(resizeOp, [x, null, scales], attrs)[0];
}
