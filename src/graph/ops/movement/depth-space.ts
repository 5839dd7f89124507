// SpaceToDepth and DepthToSpace: move square blocks of positions to channels, and back. Each is the other's inverse and
// gradient.
import { InvalidInputError, ShapeError } from "../../../core/errors.js";
import { shapeText, sizeOf } from "../../../core/numbers/shape.js";
import type { AxisReach, InputReach } from "../../accounting/axis-reach.js";
import { all, mostPhases, same } from "../../accounting/reach.js";
import { apply } from "../../build.js";
import { type NdArray, noCost, type Op } from "../../op.js";
import type { Tensor } from "../../tensor.js";

/** `DCR` is not written, because SpaceToDepth of older sets has no mode. */
export type SpaceToDepthAttributes = { readonly blocksize: number; readonly mode?: string };
export type DepthToSpaceAttributes = { readonly blocksize: number; readonly mode: string };

function checkMode(where: string, mode: string | undefined): void {
  if (mode === undefined || mode === "DCR" || mode === "CRD") return;
  throw new InvalidInputError("unknown mode", { where, expected: '"DCR" or "CRD"', received: `"${mode}"` });
}

function checkImages(where: string, shape: readonly number[], block: number, fits: boolean, rule: string): void {
  if (shape.length === 4 && Number.isInteger(block) && block > 0 && fits) return;
  throw new ShapeError("blocks do not fit", {
    where,
    expected: rule,
    received: `${shapeText(shape)} with block size ${block}`,
  });
}

/** Rows and columns by one rule; channels mix. */
const imageReach = (reach: (axis: number) => AxisReach): InputReach[] => [[same(0), all, reach(2), reach(3)]];

export const spaceToDepthOp: Op<SpaceToDepthAttributes> = {
  name: "SpaceToDepth",
  reach: ({ attrs: { blocksize: b } }) =>
    imageReach((axis) => ({ kind: "window", axis, kernel: b, stride: b, dilation: 1, pad: 0 })),
  arity: [1, 1],
  attributes: { blocksize: { type: "int" }, mode: { type: "string" } },
  inputNames: ["input"],
  infer([x], { blocksize: b, mode }, where) {
    checkMode(where, mode);
    const [n, c, h, w] = x!.shape;
    checkImages(
      where,
      x!.shape,
      b,
      h % b === 0 && w % b === 0,
      "[batch, channels, height, width] with extents that are multiples of the block size",
    );
    return [{ dtype: x!.dtype, shape: [n, c * b * b, h / b, w / b] }];
  },
  vjp: ({ attrs, cotangents: [ct] }) => apply(depthToSpaceOp, [ct], attrs),
  cost: noCost,
  evaluate: ([x], { blocksize: b, mode }) => {
    const [n, c, h, w] = x!.shape;
    return [
      rearranged(x!, [n, c * b * b, h / b, w / b], (image, place, y, across) => {
        const [phase, channel] =
          mode === "CRD" ? [place % (b * b), Math.floor(place / (b * b))] : [Math.floor(place / c), place % c];
        return ((image * c + channel) * h + y * b + Math.floor(phase / b)) * w + across * b + (phase % b);
      }),
    ];
  },
};

export const depthToSpaceOp: Op<DepthToSpaceAttributes> = {
  name: "DepthToSpace",
  reach: ({ attrs: { blocksize: b } }) =>
    imageReach((axis) => ({
      ...{ kind: "between", axis, taps: 1, step: 1 / b, start: 0.5 / b - 0.5 },
      ...(b <= mostPhases ? { reads: { advance: 1, places: Array.from({ length: b }, () => [0]) } } : {}),
    })),
  arity: [1, 1],
  attributes: { blocksize: { type: "int" }, mode: { type: "string", default: "DCR" } },
  inputNames: ["input"],
  infer([x], { blocksize: b, mode }, where) {
    checkMode(where, mode);
    const [n, c, h, w] = x!.shape;
    checkImages(
      where,
      x!.shape,
      b,
      c % (b * b) === 0,
      "[batch, channels, height, width] with a multiple of the squared block size as channels",
    );
    return [{ dtype: x!.dtype, shape: [n, c / (b * b), h * b, w * b] }];
  },
  vjp: ({ attrs: { blocksize, mode }, cotangents: [ct] }) => [
    spaceToDepth(ct!, blocksize, mode === "CRD" ? { mode } : {}),
  ],
  cost: noCost,
  evaluate: ([x], { blocksize: b, mode }) => {
    const [n, c, h, w] = x!.shape;
    const channels = c / (b * b);
    // DCR: the place in the block is the slow part of a channel's number; CRD: the fast part.
    const from = (phase: number, channel: number): number =>
      mode === "DCR" ? phase * channels + channel : channel * b * b + phase;
    return [
      rearranged(x!, [n, channels, h * b, w * b], (image, channel, y, across) => {
        const phase = (y % b) * b + (across % b);
        return ((image * c + from(phase, channel)) * h + Math.floor(y / b)) * w + Math.floor(across / b);
      }),
    ];
  },
};

/** Fills a `[batch, channels, height, width]` array from positions in x. */
function rearranged(
  x: NdArray,
  shape: readonly number[],
  from: (image: number, channel: number, y: number, across: number) => number,
): NdArray {
  const [, c, h, w] = shape;
  const data = Float64Array.from(
    { length: sizeOf(shape) },
    (_, i) => x.data[from(Math.floor(i / (c * h * w)), Math.floor(i / (h * w)) % c, Math.floor(i / w) % h, i % w)],
  );
  return { dtype: x.dtype, shape, data };
}

export interface BlockOptions {
  /** `DCR`: the place inside its block, row by row, is the slow part of a channel's number; `CRD`: the fast part. */
  readonly mode?: "DCR" | "CRD";
}

/** `[N, C, H, W]` to `[N, b b C, H/b, W/b]`; `DCR` by default. */
export function spaceToDepth(x: Tensor, blocksize: number, options: BlockOptions = {}): Tensor {
  return apply(spaceToDepthOp, [x], { blocksize, ...options })[0];
}

/** `[N, b b C, H, W]` to `[N, C, b H, b W]`, the inverse of `spaceToDepth` of the same mode. */
export function depthToSpace(x: Tensor, blocksize: number, options: BlockOptions = {}): Tensor {
  return apply(depthToSpaceOp, [x], { blocksize, ...options })[0];
}
