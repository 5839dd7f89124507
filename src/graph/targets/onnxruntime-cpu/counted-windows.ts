// Windows whose number the shape rules and kernels of runtimes count differently, written so that they cannot.
import { stridesOf } from "../../../core/numbers/shape.js";
import { placesBehind, type WindowAttributes } from "../../accounting/window.js";
import { apply, scalar } from "../../build.js";
import type { Op } from "../../op.js";
import { add, div, mul } from "../../ops/elementwise/arithmetic.js";
import { mod } from "../../ops/elementwise/mod.js";
import { pad } from "../../ops/movement/shape-movement.js";
import { type ConvTransposeAttributes, convTransposeOp, convTransposeWindow } from "../../ops/windows/convolution.js";
import { leading } from "../../ops/windows/convolution-weight.js";
import {
  type AveragePoolAttributes,
  averagePoolOp,
  type MaxPoolAttributes,
  maxPoolOp,
  poolWindow,
} from "../../ops/windows/pooling.js";
import type { Attributes, Tensor } from "../../tensor.js";
import type { FactTable } from "../target.js";

export const countedWindows: FactTable = {
  MaxPool: {
    lower([x], attrs: MaxPoolAttributes) {
      const made = withoutDropped(x!, attrs);
      if (made === null) return null;
      const isCut = made.x !== x;
      const outputs = apply(maxPoolOp, [made.x], { ...made.attrs, ...(isCut ? { storage_order: 0 } : {}) });
      if (!isCut || attrs.with_indices !== 1) return outputs;
      return [outputs[0], positionsIn(x!, made.x, outputs[1], attrs.storage_order)];
    },
  },
  AveragePool: {
    lower([x], attrs: AveragePoolAttributes) {
      const made = withoutDropped(x!, attrs);
      return made === null ? null : apply(averagePoolOp, [made.x], made.attrs);
    },
  },
  ConvTranspose: { lower: ([x, ...others], attrs: ConvTransposeAttributes) => withinStride(x!, others, attrs) },
};

/**
 * With `ceil_mode`, a last window that would start in the padding is left out, by PyTorch and by newer kernels but not
 * by all shape rules. Rounding down counts the same windows on such an axis. If others are rounded up, its padding ends
 * where its last window does, so that there is nothing to round; where this leaves less than no padding, x ends there.
 * Automatic padding, which is negative in ONNX Runtime where strides exceed the kernel, becomes explicit. `null` if
 * nothing has to change.
 */
function withoutDropped<A extends WindowAttributes & { readonly ceil_mode: number }>(
  x: Tensor,
  attrs: A,
): { readonly x: Tensor; readonly attrs: A } | null {
  const isAutomatic = attrs.auto_pad.startsWith("SAME");
  if (attrs.ceil_mode === 0 && !isAutomatic) return null;
  const window = poolWindow("pooling", x.shape, attrs);
  const { input, padBegin, padEnd } = window;
  const rests = placesBehind(window);
  // Windows of an axis that is rounded up reach beyond the padding.
  if (rests.every((rest) => rest <= 0) && !isAutomatic) return null;
  const explicit = { ...attrs, auto_pad: "NOTSET" };
  if (rests.every((rest) => rest >= 0))
    return { x, attrs: { ...explicit, ceil_mode: 0, pads: [...padBegin, ...padEnd] } };
  const ends = padEnd.map((extent, axis) => extent - Math.max(0, rests[axis]));
  const kept = input.map((extent, axis) => extent + Math.min(0, ends[axis]));
  const pads = [...padBegin, ...ends.map((extent) => Math.max(0, extent))];
  return { x: leading(x, kept), attrs: { ...explicit, pads } };
}

/** Flat positions in `cut`, the leading part of `x`, as positions in x. */
function positionsIn(x: Tensor, cut: Tensor, positions: Tensor, storageOrder: number): Tensor {
  const whole = (value: number): Tensor => scalar(value, "int64");
  const from = stridesOf(cut.shape);
  const spatial = x.shape.slice(2);
  const backward = stridesOf([...spatial].reverse()).reverse();
  const to = [...stridesOf(x.shape).slice(0, 2), ...(storageOrder === 1 ? backward : stridesOf(spatial))];
  return cut.shape
    .map((extent, axis) => mul(mod(div(positions, whole(from[axis])), whole(extent)), whole(to[axis])))
    .reduce(add);
}

/**
 * ONNX allows `output_padding` up to the dilation, but the kernel fails from the stride on. Whole strides of it are
 * windows of zeros. Automatic padding and `output_shape` become explicit.
 */
function withinStride(
  x: Tensor,
  others: readonly (Tensor | null)[],
  attrs: ConvTransposeAttributes,
): readonly Tensor[] | null {
  const window = convTransposeWindow("ConvTranspose", x.shape, others[0]!.shape, attrs);
  const { strides, padBegin, padEnd } = window;
  const surplus = placesBehind(window);
  const isPlain = attrs.auto_pad === "NOTSET" && attrs.output_shape === undefined;
  if (isPlain && surplus.every((extent, axis) => extent < strides[axis])) return null;
  const zeros = surplus.map((extent, axis) => Math.floor(extent / strides[axis]));
  const none = zeros.map(() => 0);
  const padded = zeros.every((extent) => extent === 0) ? x : pad(x, [0, 0, ...none, 0, 0, ...zeros]);
  const { output_shape: _, ...rest } = attrs;
  const explicit: Attributes = {
    ...rest,
    auto_pad: "NOTSET",
    pads: [...padBegin, ...padEnd],
    output_padding: surplus.map((extent, axis) => extent % strides[axis]),
  };
  return apply(convTransposeOp as Op, [padded, ...others], explicit);
}
