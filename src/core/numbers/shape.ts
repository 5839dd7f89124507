// Static shapes: lists of non-negative integers, outermost axis first.
import { InvalidInputError, ShapeError } from "../errors.js";

export type Shape = readonly number[];

/** Number of elements; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

/**
 * Rejects a shape whose number of elements is not a safe integer: beyond 2^53 - 1, sums would be rounded.
 * @throws ShapeError
 */
export function requireCountable(where: string, shape: Shape): void {
  if (sizeOf(shape) <= Number.MAX_SAFE_INTEGER) return;
  throw new ShapeError("the tensor has too many elements to count", {
    where,
    expected: `at most ${Number.MAX_SAFE_INTEGER}`,
    received: shapeText(shape),
    remedy: "Use smaller inputs or a smaller batch",
  });
}

/**
 * Largest number of positions that are listed one by one. Each takes a few hundred bytes, so a list stays within a few
 * gigabytes.
 */
const mostListed = 2 ** 24;

/**
 * Rejects axes whose positions would take too much memory to list.
 * @throws InvalidInputError
 */
export function requireListable(where: string, places: number): void {
  if (places <= mostListed) return;
  throw new InvalidInputError("the axis has too many positions to list", {
    where,
    expected: `at most ${mostListed} places`,
    received: `${places}`,
    remedy: "Use smaller inputs",
  });
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** Prints a shape as `[64, 1, 28, 28]`. */
export function shapeText(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/**
 * The common shape under ONNX's multidirectional broadcasting (NumPy's rule).
 * @throws ShapeError if an axis differs and neither size is 1.
 */
export function broadcastShapes(where: string, ...shapes: readonly Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    const offset = rank - shape.length;
    for (const [axis, extent] of shape.entries()) {
      if (extent === 1) continue;
      const known = result[offset + axis];
      if (known !== 1 && known !== extent) {
        throw new ShapeError("shapes do not broadcast", {
          where,
          expected: "equal sizes, or 1, on every axis, counted from the last",
          received: shapes.map(shapeText).join(" and "),
        });
      }
      result[offset + axis] = extent;
    }
  }
  return result;
}

/**
 * Normalizes possibly negative axes to sorted axes from 0.
 * @throws ShapeError if an axis is out of range or occurs twice.
 */
export function normalizeAxes(where: string, axes: readonly number[], rank: number): number[] {
  const normal = axes.map((axis) => normalizeAxis(where, axis, rank)).sort((a, b) => a - b);
  if (new Set(normal).size !== normal.length) {
    throw new ShapeError("an axis is given twice", { where, received: shapeText(axes) });
  }
  return normal;
}

/** Normalizes one possibly negative axis to an axis from 0. */
export function normalizeAxis(where: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError("axis out of range", {
      where,
      expected: `an integer from ${-rank} to ${rank - 1}`,
      received: `${axis}`,
    });
  }
  return axis < 0 ? axis + rank : axis;
}
