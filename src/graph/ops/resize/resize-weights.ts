// The coordinate rules and interpolations of ONNX's Resize, one axis at a time.
//
//   place in the result --coordinate_transformation_mode--> coordinate in x --mode--> (index, weight)...
import { InvalidInputError } from "../../../core/errors.js";
import { requireListable } from "../../../core/numbers/shape.js";
import type { RepeatedReads } from "../../accounting/axis-reach.js";
import { mostPhases } from "../../accounting/reach.js";

export type ResizeAttributes = {
  readonly antialias: number;
  readonly axes?: readonly number[];
  readonly coordinate_transformation_mode: string;
  readonly cubic_coeff_a: number;
  readonly exclude_outside: number;
  readonly extrapolation_value: number;
  readonly keep_aspect_ratio_policy: string;
  readonly mode: string;
  readonly nearest_mode: string;
};

/** How one axis is resized. */
export interface AxisResize {
  readonly input: number;
  readonly output: number;
  /** The requested ratio of output to input; `output` is rounded. */
  readonly scale: number;
  /** The part of the axis to crop to, from 0 to 1 (tf_crop_and_resize). */
  readonly roi: readonly [number, number];
}

/** Whether elements of the axis move or are mixed. */
export const isChanged = ({ input, output, scale, roi }: AxisResize): boolean =>
  input !== output || scale !== 1 || roi[0] !== 0 || roi[1] !== 1;

export interface Tap {
  readonly index: number;
  readonly weight: number;
}

/** The weighted sources of every result position; `null` if it is outside x and extrapolated. */
export type AxisWeights = readonly (readonly Tap[] | null)[];

type Rounding = (x: number) => number;

type Coordinate = (place: number, axis: AxisResize, round: Rounding) => number;

const halfPixel: Coordinate = (place, { scale }, round) => round(round((place + 0.5) / scale) - 0.5);

/** The coordinate in x of a result position. */
const coordinates: Readonly<Record<string, Coordinate>> = {
  half_pixel: halfPixel,
  half_pixel_symmetric(place, axis, round) {
    const { input, output, scale } = axis;
    const adjustment = round(output / round(scale * input));
    const offset = round((input / 2) * round(1 - adjustment));
    return round(round(offset + round((place + 0.5) / scale)) - 0.5);
  },
  pytorch_half_pixel: (place, axis, round) => (axis.output > 1 ? halfPixel(place, axis, round) : 0),
  align_corners: (place, { input, output }, round) =>
    output === 1 ? 0 : round(round(place * (input - 1)) / (output - 1)),
  asymmetric: (place, { scale }, round) => round(place / scale),
  tf_crop_and_resize: (place, { input, output, roi: [start, end] }, round) =>
    output > 1
      ? round(start * (input - 1) + (place * (end - start) * (input - 1)) / (output - 1))
      : round(0.5 * (start + end) * (input - 1)),
};

const nearestIndices: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/**
 * Around which element of x the places of a result lie: `place step + start`. Rounding down takes, on average over a
 * block of equal elements, the element half a block before; rounding up the one behind.
 */
export function centersOf(axis: AxisResize, attrs: ResizeAttributes): { step: number; start: number } {
  const coordinate = coordinates[attrs.coordinate_transformation_mode];
  const exact: Rounding = (x) => x;
  const start = coordinate(0, axis, exact);
  const step = axis.output > 1 ? coordinate(1, axis, exact) - start : 0;
  const half = Math.max(0, 1 - step) / 2;
  const shift = attrs.mode !== "nearest" ? 0 : ({ floor: -half, ceil: half }[attrs.nearest_mode] ?? 0);
  return { step, start: start + shift };
}

/**
 * What the places read, far from the ends of x, where that repeats: after `P` places the coordinate is a whole number
 * further. Ratios are those of small numbers if they agree over the whole axis. `undefined` for longer patterns.
 */
export function repeatedReads(axis: AxisResize, attrs: ResizeAttributes, taps: number): RepeatedReads | undefined {
  const { step } = centersOf(axis, attrs);
  const longest = Math.min(mostPhases, Math.max(1, axis.output));
  for (let count = 1; taps <= mostPhases && count <= longest; count++) {
    const advance = Math.round(count * step);
    // Over all places the pattern is then off by less than a thousandth of an element.
    if (Math.abs(count * step - advance) * axis.output > 1e-3 * count) continue;
    const unbounded = { ...attrs, exclude_outside: 0 };
    const places = coordinatesOf(axis, attrs, count).map((x) =>
      interpolations[attrs.mode](x, axis, unbounded).flatMap(({ index, weight }) =>
        Math.abs(weight) > negligible ? [index] : [],
      ),
    );
    return { advance, places };
  }
  return undefined;
}

/** Bound for weights that are only rounding errors of coordinates. */
const negligible = 1e-9;

type Interpolation = (x: number, axis: AxisResize, attrs: ResizeAttributes) => Tap[];

const interpolations: Readonly<Record<string, Interpolation>> = {
  nearest: (x, _axis, { nearest_mode }) => [{ index: nearestIndices[nearest_mode](x), weight: 1 }],
  linear: (x, axis, attrs) => filtered(x, axis, attrs, 1, (distance) => Math.max(0, 1 - Math.abs(distance))),
  cubic: (x, axis, attrs) => filtered(x, axis, attrs, 2, (distance) => cubic(distance, attrs.cubic_coeff_a)),
};

/** The cubic convolution kernel of Keys (1981). */
function cubic(distance: number, a: number): number {
  const d = Math.abs(distance);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/**
 * Coordinates beyond it, which scales near zero make, are outside all the same; further off, adding 1 changes nothing.
 */
const farthest = 2 ** 50;

/** All elements under the kernel, which is stretched when antialiasing a reduction. */
function filtered(
  coordinate: number,
  { input, scale }: AxisResize,
  { antialias, exclude_outside }: ResizeAttributes,
  support: number,
  kernel: (distance: number) => number,
): Tap[] {
  const x = Math.max(-farthest, Math.min(farthest, coordinate));
  const shrinks = antialias === 1 && scale < 1;
  const stretch = shrinks ? scale : 1;
  const taps: Tap[] = [];
  for (let index = Math.ceil(x - support / stretch); index <= Math.floor(x + support / stretch); index++) {
    const weight = kernel((index - x) * stretch);
    const isOutside = index < 0 || index >= input;
    if (weight !== 0 && !(isOutside && exclude_outside === 1)) taps.push({ index, weight });
  }
  const total = taps.reduce((sum, { weight }) => sum + weight, 0);
  return taps.map(({ index, weight }) => ({ index, weight: weight / total }));
}

/** @throws InvalidInputError for modes that ONNX does not have. */
export function checkModes(where: string, attrs: ResizeAttributes): void {
  const tables = {
    mode: interpolations,
    coordinate_transformation_mode: coordinates,
    nearest_mode: nearestIndices,
    keep_aspect_ratio_policy: { stretch: true, not_larger: true, not_smaller: true },
  };
  for (const [name, table] of Object.entries(tables)) {
    const received = attrs[name as keyof typeof tables];
    if (Object.hasOwn(table, received)) continue;
    const valid = Object.keys(table).join(", ");
    throw new InvalidInputError(`unknown ${name}`, { where, expected: valid, received: `"${received}"` });
  }
}

/** float32 coordinates decide which element is nearest, because ONNX Runtime and PyTorch round those. */
const coordinateRounding = ({ mode }: ResizeAttributes): Rounding => (mode === "nearest" ? Math.fround : (x) => x);

/** The coordinates in x of the first `count` positions. */
function coordinatesOf(axis: AxisResize, attrs: ResizeAttributes, count: number): number[] {
  const round = coordinateRounding(attrs);
  const resized = { ...axis, scale: round(axis.scale) };
  return Array.from({ length: count }, (_, place) =>
    coordinates[attrs.coordinate_transformation_mode](place, resized, round),
  );
}

/** The weights of every position of the resized axis. @throws InvalidInputError if it is too long. */
export function axisWeights(axis: AxisResize, attrs: ResizeAttributes): AxisWeights {
  requireListable("Resize", axis.output);
  const last = axis.input - 1;
  const extrapolates = attrs.coordinate_transformation_mode === "tf_crop_and_resize";
  const resized = { ...axis, scale: coordinateRounding(attrs)(axis.scale) };
  return coordinatesOf(axis, attrs, axis.output).map((x) => {
    if (extrapolates && (x < 0 || x > last)) return null;
    const inside = attrs.mode === "cubic" || attrs.antialias === 1 ? x : Math.max(0, Math.min(last, x));
    return interpolations[attrs.mode](inside, resized, attrs).map(({ index, weight }) => ({
      index: Math.max(0, Math.min(last, index)),
      weight,
    }));
  });
}
