// Dependencies of output elements, axis by axis, by which receptive fields are tracked.
import type { Shape } from "../../core/numbers/shape.js";
import type { ReachContext, ReachRule } from "../op.js";
import type { AxisReach, InputReach } from "./axis-reach.js";

/** Longer patterns, from unusual ratios such as 1000 to 1999 pixels, are not tracked exactly, to save time. */
export const mostPhases = 1024;

export const all: AxisReach = { kind: "all" };
export const same = (axis: number): AxisReach => ({ kind: "same", axis });

/** The single element at `u stride - pad`. */
export const shifted = (axis: number, pad: number, stride = 1): AxisReach =>
  pad === 0 && stride === 1 ? same(axis) : { kind: "window", axis, kernel: 1, stride, dilation: 1, pad };

/** Element by element, with ONNX broadcasting. */
export function pointwise({ inputs, outputs, output }: ReachContext<unknown>): InputReach[] {
  const result = outputs[output].shape;
  return inputs.map((input) => (input === null ? null : broadcast(input.shape, result)));
}

/** A repeated axis is the same for all positions, so it carries none. */
function broadcast(shape: Shape, result: Shape): AxisReach[] {
  const first = result.length - shape.length;
  return shape.map((extent, axis) => (extent === result[first + axis] ? same(first + axis) : all));
}

/** The first input element by element, without parameters. */
export function firstPointwise({ inputs: [x] }: ReachContext<unknown>): InputReach[] {
  return [x!.shape.map((_, axis) => same(axis))];
}

/** The first input element by element, and over some axes also the statistics of all positions. */
export const normalizedOver =
  <A>(axesOf: (shape: Shape, attrs: A) => readonly number[]): ReachRule<A> =>
  ({ inputs: [x], attrs }) => {
    const axes = axesOf(x!.shape, attrs);
    return [x!.shape.map((_, axis) => (axes.includes(axis) ? { kind: "same", axis, seesAll: true } : same(axis)))];
  };

/** The first input reduced over some axes, which are dropped or kept with size 1. */
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
 * The first input reshaped, with its elements in the same order. Axes that stay whole keep their positions; axes
 * that are split or merged are carried by several axes together.
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
