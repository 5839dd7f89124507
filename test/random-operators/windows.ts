// Random convolutions, pooling and resizing.
import { type CaseInput, distinct, exactly, float, list, type OpCase } from "../../src/graph/ops/cases/case.js";
import { convTransposeWindow } from "../../src/graph/ops/windows/convolution.js";
import { averagedPlaces, poolWindow } from "../../src/graph/ops/windows/pooling.js";
import type { Attributes } from "../../src/graph/tensor.js";
import type { Dice } from "./dice.js";

export type RandomCase = Omit<OpCase, "name">;

/** Sizes of images that hold the window, smaller for more axes. */
function places(d: Dice, { kernel, attrs }: Window): number[] {
  const { dilations, pads } = attrs as { dilations?: number[]; pads?: number[] };
  return kernel.map((extent, i) => {
    const padding = pads === undefined ? 0 : pads[i] + pads[i + kernel.length];
    const least = Math.max(1, (extent - 1) * (dilations?.[i] ?? 1) + 1 - padding);
    return Math.max(least, d.int(1, [9, 6, 4][kernel.length - 1]));
  });
}

interface Window {
  readonly kernel: number[];
  readonly attrs: Attributes;
}

/** Kernel, strides, dilations and padding, each present or absent. */
function window(d: Dice, axes: number, { dilates = true } = {}): Window {
  const kernel = d.ints(axes, 1, 3);
  const attrs: Record<string, Attributes[string]> = {};
  if (!d.oneIn(3)) attrs.strides = d.ints(axes, 1, 4);
  if (dilates && d.oneIn(3)) attrs.dilations = d.ints(axes, 1, 2);
  const padding = d.int(0, 5);
  if (padding <= 2)
    attrs.pads = Array.from({ length: 2 * axes }, (_, i) => d.int(0, Math.min(2, kernel[i % axes] - 1)));
  else if (padding === 3 && attrs.dilations === undefined)
    attrs.auto_pad = d.pick(["SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"]);
  return { kernel, attrs };
}

function conv(d: Dice): RandomCase {
  const axes = d.int(1, 3);
  const made = window(d, axes);
  const { kernel, attrs } = made;
  const group = d.pick([1, 1, 2, 3]);
  const [ins, outs] = [group * d.int(1, 2), group * d.int(1, 3)];
  const inputs = [float([d.int(1, 3), ins, ...places(d, made)]), float([outs, ins / group, ...kernel])];
  if (d.oneIn(2)) inputs.push(float([outs]));
  return { inputs, attrs: { ...attrs, group } };
}

function convTranspose(d: Dice): RandomCase {
  const axes = d.int(1, 3);
  const { kernel, attrs } = window(d, axes);
  const group = d.pick([1, 1, 2]);
  const [ins, outs] = [group * d.int(1, 2), d.int(1, 2)];
  const inputs = [
    float([d.int(1, 2), ins, ...d.ints(axes, attrs.pads === undefined ? 1 : 3, 4)]),
    float([ins, outs, ...kernel]),
  ];
  if (d.oneIn(2)) inputs.push(float([outs * group]));
  const strides = (attrs.strides ?? kernel.map(() => 1)) as number[];
  const dilations = (attrs.dilations ?? kernel.map(() => 1)) as number[];
  const most = strides.map((stride, axis) => Math.max(stride, dilations[axis]) - 1);
  const more = d.oneIn(3) ? { output_padding: most.map((extra) => d.int(0, extra)) } : {};
  const made = { ...attrs, ...more, group };
  if (attrs.pads !== undefined || !d.oneIn(4)) return { inputs, attrs: made };
  const { input } = convTransposeWindow("", inputs[0].shape, inputs[1].shape, { auto_pad: "NOTSET", ...made });
  return { inputs, attrs: { ...made, output_shape: input.map((extent) => Math.max(1, extent + d.int(-2, 3))) } };
}

/** Whether every window contains an element. */
function isOrdinary(shape: number[], attrs: Attributes): boolean {
  const window = poolWindow("", shape, attrs as Parameters<typeof poolWindow>[2]);
  return averagedPlaces(window, false).every((runs) => runs.every(({ count }) => count > 0));
}

function pool(input: (shape: number[]) => CaseInput, extra: (d: Dice) => Attributes) {
  const draw = (d: Dice): RandomCase => {
    const axes = d.int(1, 3);
    const made = window(d, axes);
    const shape = [d.int(1, 2), d.int(1, 3), ...places(d, made)];
    const attrs = { auto_pad: "NOTSET", ...made.attrs, kernel_shape: made.kernel, ceil_mode: d.oneIn(3) ? 1 : 0 };
    return isOrdinary(shape, attrs) ? { inputs: [input(shape)], attrs: { ...attrs, ...extra(d) } } : draw(d);
  };
  return draw;
}

const globalPool =
  (input: (shape: number[]) => CaseInput) =>
  (d: Dice): RandomCase => ({
    inputs: [input([d.int(1, 2), d.int(1, 3), ...d.ints(d.int(1, 3), 1, 4)])],
  });

const scaleOf = (d: Dice): number =>
  d.pick([0.4, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, d.int(1, 300) / 100, d.int(1, 30) / 10]);

function resize(d: Dice): RandomCase {
  const rank = d.int(1, 5);
  const shape = d.ints(rank, 1, rank > 3 ? 3 : 5);
  const mode = d.pick(["nearest", "linear", "linear", "cubic"]);
  const axes = d.some(rank);
  const attrs: Record<string, Attributes[string]> = {
    mode,
    coordinate_transformation_mode: d.pick([
      "half_pixel",
      "half_pixel_symmetric",
      "pytorch_half_pixel",
      "align_corners",
      "asymmetric",
    ]),
  };
  if (mode === "nearest") attrs.nearest_mode = d.pick(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]);
  if (d.oneIn(2)) {
    const sizes = shape.map((extent, axis) => (axes.includes(axis) ? d.int(1, 7) : extent));
    return { inputs: [float(shape), null, null, list(sizes)], attrs };
  }
  const scales = shape.map((_, axis) => (axes.includes(axis) ? scaleOf(d) : 1));
  if (shape.some((extent, axis) => Math.floor(extent * scales[axis]) === 0)) return resize(d);
  return { inputs: [float(shape), null, { ...exactly("float32", [rank], scales), constant: true }], attrs };
}

export const windowCases: Readonly<Record<string, (d: Dice) => RandomCase>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  AveragePool: pool(
    (shape) => float(shape),
    (d) => ({ count_include_pad: d.int(0, 1) }),
  ),
  MaxPool: pool(distinct, (d) => ({ with_indices: d.oneIn(4) ? 1 : 0, storage_order: d.oneIn(4) ? 1 : 0 })),
  LpPool: pool(
    (shape) => float(shape, [0.2, 2]),
    (d) => ({ p: d.int(1, 3) }),
  ),
  GlobalAveragePool: globalPool((shape) => float(shape)),
  GlobalMaxPool: globalPool(distinct),
  Resize: resize,
};
