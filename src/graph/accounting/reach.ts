// Where the elements of an output come from, axis by axis: what receptive fields are followed with.
import type { Shape } from "../../core/numbers/shape.js";
import type { InferInput } from "../op.js";
import type { TensorType } from "../tensor.js";

/** What an output element at place `u` of axis `axis` depends on, along one axis of an input. */
export type AxisReach =
  /** The element at the same place; with `seesAll` also, through a statistic or a gate, all others. */
  | { readonly kind: "same"; readonly axis: number; readonly seesAll?: true }
  /** `kernel` elements, `dilation` apart, from `u stride - pad` on. */
  | {
      readonly kind: "window";
      readonly axis: number;
      readonly kernel: number;
      readonly stride: number;
      readonly dilation: number;
      readonly pad: number;
    }
  /**
   * `taps` neighboring elements around `u step + start`, a place between elements: none further from it than `taps / 2`.
   * Where the pattern repeats within `mostPhases` places, `reads` has it exactly.
   */
  | {
      readonly kind: "between";
      readonly axis: number;
      readonly taps: number;
      readonly step: number;
      readonly start: number;
      readonly reads?: RepeatedReads;
    }
  /** One element, but by no rule that a grid of places could have: `axes` carry it now, perhaps with others. */
  | { readonly kind: "moved"; readonly axes: readonly number[] }
  /** Every element. */
  | { readonly kind: "all" };

/**
 * Place `u` reads the elements `places[u mod P] + floor(u / P) advance`, P the length of `places`; far from the ends of the
 * axis, where elements may be repeated.
 */
export interface RepeatedReads {
  readonly advance: number;
  readonly places: readonly (readonly number[])[];
}

/** Longer patterns are not followed exactly. They come from odd ratios (1000 to 1999 pixels), and cost time. */
export const mostPhases = 1024;

/** For every axis of an input; `null` for one that is a setting, an index, a gate of no interest. */
export type InputReach = readonly AxisReach[] | null;

/** What a rule is given. */
export interface ReachContext<A> {
  readonly inputs: readonly (InferInput | null)[];
  readonly outputs: readonly TensorType[];
  readonly attrs: A;
  /** Which output is asked for. */
  readonly output: number;
}

/** One entry for every input. */
export type ReachRule<A> = { rule(context: ReachContext<A>): readonly InputReach[] }["rule"];

export const all: AxisReach = { kind: "all" };
export const same = (axis: number): AxisReach => ({ kind: "same", axis });

/** From `u stride - pad` on, one element. */
export const shifted = (axis: number, pad: number, stride = 1): AxisReach =>
  pad === 0 && stride === 1 ? same(axis) : { kind: "window", axis, kernel: 1, stride, dilation: 1, pad };

/** Element by element, broadcast as ONNX does. */
export function pointwise({ inputs, outputs, output }: ReachContext<unknown>): InputReach[] {
  const result = outputs[output].shape;
  return inputs.map((input) => (input === null ? null : broadcast(input.shape, result)));
}

/** What is repeated is the same for all places: it has none. */
function broadcast(shape: Shape, result: Shape): AxisReach[] {
  const first = result.length - shape.length;
  return shape.map((extent, axis) => (extent === result[first + axis] ? same(first + axis) : all));
}

/** The first input element by element, parameters left out. */
export function firstPointwise({ inputs: [x] }: ReachContext<unknown>): InputReach[] {
  return [x!.shape.map((_, axis) => same(axis))];
}

/** The first input place by place; over some axes by statistics of all places as well. */
export const normalizedOver =
  <A>(axesOf: (shape: Shape, attrs: A) => readonly number[]): ReachRule<A> =>
  ({ inputs: [x], attrs }) => {
    const axes = axesOf(x!.shape, attrs);
    return [x!.shape.map((_, axis) => (axes.includes(axis) ? { kind: "same", axis, seesAll: true } : same(axis)))];
  };

/** The first input with all elements of some axes in every element; those axes are dropped or kept with extent 1. */
export function reducedOver(shape: Shape, axes: readonly number[], keep: boolean): InputReach[] {
  let next = 0;
  return [
    shape.map((_, axis) => {
      if (axes.includes(axis)) {
        if (keep) next++;
        return all;
      }
      return same(next++);
    }),
  ];
}

/**
 * The first input with its elements in the same order under another shape. Axes that stay whole keep their places; those
 * that are cut or joined are carried by several together.
 */
export function regrouped({ inputs: [x], outputs, output }: ReachContext<unknown>): InputReach[] {
  const [from, to] = [x!.shape, outputs[output].shape];
  const reach: AxisReach[] = [];
  let [i, j] = [0, 0];
  while (i < from.length) {
    const [firstIn, firstOut] = [i, j];
    let [left, right] = [from[i++], to[j++] ?? 1];
    while (left !== right) {
      if (left < right) left *= from[i++] ?? Number.NaN;
      else right *= to[j++] ?? Number.NaN;
      if (Number.isNaN(left + right)) return [null];
    }
    reach.push(...groupReach(from, to, [firstIn, i], [firstOut, j]));
  }
  return [reach];
}

function groupReach(
  from: Shape,
  to: Shape,
  [firstIn, endIn]: readonly [number, number],
  [firstOut, endOut]: readonly [number, number],
): AxisReach[] {
  const longOut = Array.from({ length: Math.max(0, Math.min(endOut, to.length) - firstOut) }, (_, k) => firstOut + k);
  const wide = longOut.filter((axis) => to[axis] !== 1);
  const inner = from.slice(firstIn, endIn).filter((extent) => extent !== 1);
  return from.slice(firstIn, endIn).map((extent): AxisReach => {
    if (extent === 1) return { kind: "moved", axes: [] };
    return inner.length === 1 && wide.length === 1 ? same(wide[0]) : { kind: "moved", axes: wide };
  });
}
