// Gradients of scattering with respect to x and the updates, for every reduction.
import { scalar } from "../../build.js";
import type { Tensor } from "../../tensor.js";
import { div, mul } from "../elementwise/arithmetic.js";
import { cast } from "../elementwise/cast.js";
import { and, equal } from "../elementwise/comparison.js";
import { where } from "../elementwise/selection.js";
import { expand } from "../movement/shape-movement.js";
import { gatherElements, type ScatterReduction, scatterElements, zerosLike } from "./indexing.js";

/** A scattering along one axis and the cotangent of its result. */
export interface Scattering {
  readonly x: Tensor;
  readonly indices: Tensor;
  readonly updates: Tensor;
  readonly y: Tensor;
  readonly ct: Tensor;
  readonly axis: number;
}

type Slopes = (scattering: Scattering) => { readonly ofX: Tensor; readonly ofUpdates: Tensor };

/** Replaces marked elements by 1. */
const withoutMarked = (tensor: Tensor, marked: Tensor): Tensor => where(marked, scalar(1, tensor.dtype), tensor);
const isZero = (tensor: Tensor): Tensor => equal(tensor, scalar(0, tensor.dtype));

/** Equal extremes share the gradient equally, as in PyTorch. */
const ofExtremes: Slopes = ({ x, indices, updates, y, ct, axis }) => {
  const isExtreme = cast(equal(x, y), x.dtype);
  const areExtreme = cast(equal(updates, gatherElements(y, indices, { axis })), x.dtype);
  const part = div(ct, scatterElements(isExtreme, indices, areExtreme, { axis, reduction: "add" }));
  return { ofX: mul(part, isExtreme), ofUpdates: mul(gatherElements(part, indices, { axis }), areExtreme) };
};

/**
 * The product of the other factors: the result divided by the update, or, if one update is zero, the result without it.
 */
const ofProducts: Slopes = ({ x, indices, updates, y, ct, axis }) => {
  const options = { axis, reduction: "mul" } as const;
  const back = (tensor: Tensor): Tensor => gatherElements(tensor, indices, { axis });
  const ones = expand(scalar(1, x.dtype), x.shape);
  const zeros = isZero(updates);
  const count = scatterElements(zerosLike(x), indices, cast(zeros, x.dtype), { axis, reduction: "add" });
  const isOnly = and(zeros, equal(back(count), scalar(1, x.dtype)));
  const others = scatterElements(x, indices, withoutMarked(updates, isOnly), options);
  return {
    ofX: mul(ct, scatterElements(ones, indices, updates, options)),
    ofUpdates: where(isOnly, back(mul(ct, others)), div(back(mul(ct, y)), withoutMarked(updates, zeros))),
  };
};

/** With "none" every index must be unique, as the ONNX specification requires; replaced elements get no gradient. */
export const scatterSlopes: Readonly<Record<ScatterReduction, Slopes>> = {
  none: ({ indices, updates, ct, axis }) => ({
    ofX: scatterElements(ct, indices, zerosLike(updates), { axis }),
    ofUpdates: gatherElements(ct, indices, { axis }),
  }),
  add: ({ indices, ct, axis }) => ({ ofX: ct, ofUpdates: gatherElements(ct, indices, { axis }) }),
  mul: ofProducts,
  max: ofExtremes,
  min: ofExtremes,
};
