// Initializers that treat a weight as a matrix: rows are the first axis, columns all other axes.
import * as z from "zod";
import { ShapeError } from "../../core/errors.js";
import { type Shape, shapeText, sizeOf } from "../../core/numbers/shape.js";
import type { RandomStream } from "../../core/random/rng.js";
import { gainOption, gainValue } from "./gain.js";
import { type DrawnParameter, defineInitializer } from "./initializer.js";

/** Rows and columns of the matrix. @throws ShapeError for a parameter with less than two axes. */
function matrixOf(kind: string, { where, shape }: DrawnParameter): { rows: number; columns: number } {
  if (shape.length < 2) {
    throw new ShapeError(`${kind} fills matrices and filters`, {
      where,
      expected: "a parameter with at least two axes",
      received: shapeText(shape),
      remedy: "Use zeros or constant for a bias",
    });
  }
  return { rows: shape[0], columns: sizeOf(shape.slice(1)) };
}

/**
 * Orthogonal rows (or columns, if there are fewer) of length `gain`: `W W^T = gain^2 I`. The Q of
 * a QR decomposition of normal numbers in float64, with signs that make the diagonal of R positive, so that every such
 * matrix is equally likely. Saxe, McClelland and Ganguli, ICLR 2014; PyTorch's `orthogonal_`.
 * Takes `2 max(rows, columns) min(rows, columns)^2` operations: seconds for about a thousand rows and columns.
 */
export const orthogonal = defineInitializer({
  kind: "orthogonal",
  about: "a random orthogonal matrix, which preserves lengths",
  options: z.object({ gain: gainOption(1) }),
  sampler({ gain }, parameter) {
    const { rows, columns } = matrixOf("orthogonal", parameter);
    const factor = gainValue(gain);
    const [count, length] = rows < columns ? [rows, columns] : [columns, rows];
    return ({ own }) => {
      const vectors = orthonormalVectors(count, length, own);
      return (index) => {
        const [row, column] = [Math.floor(index / columns), index % columns];
        return factor * (rows < columns ? vectors[row][column] : vectors[column][row]);
      };
    };
  },
});

/**
 * Orthonormalizes vectors by modified Gram-Schmidt: each loses its projections on the ones before it. The result is Q
 * where the diagonal of R, the remaining lengths, is positive.
 */
function orthonormalVectors(count: number, length: number, stream: RandomStream): Float64Array[] {
  const found: Float64Array[] = [];
  for (let k = 0; k < count; k++) {
    const vector = Float64Array.from({ length }, (_, i) => stream.normal(k * length + i));
    let before = lengthOf(vector);
    for (;;) {
      for (const other of found) subtractProjection(vector, other);
      const left = lengthOf(vector);
      const isAccurate = left > 1e-3 * before;
      for (let i = 0; i < length; i++) vector[i] /= left;
      // If almost nothing remains, rounding errors dominate, so the projections are subtracted again.
      if (isAccurate) break;
      before = 1;
    }
    found.push(vector);
  }
  return found;
}

const lengthOf = (vector: Float64Array): number => Math.sqrt(innerProduct(vector, vector));

/** Uses four sums, because a single one would wait for each addition before the next. */
function innerProduct(a: Float64Array, b: Float64Array): number {
  const whole = a.length - (a.length % 4);
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    s0 += a[i] * b[i];
    s1 += a[i + 1] * b[i + 1];
    s2 += a[i + 2] * b[i + 2];
    s3 += a[i + 3] * b[i + 3];
  }
  for (let i = whole; i < a.length; i++) s0 += a[i] * b[i];
  return s0 + s1 + (s2 + s3);
}

/** `vector - (vector . unit) unit`, in place. */
function subtractProjection(vector: Float64Array, unit: Float64Array): void {
  const along = innerProduct(vector, unit);
  for (let i = 0; i < vector.length; i++) vector[i] -= along * unit[i];
}

/**
 * Passes its input through: ones on the diagonal of a matrix (PyTorch's `eye_`), or, in the filters of a convolution,
 * one at the center of channel `i` of filter `i` (its `dirac_`; with an even kernel the later of the two middles).
 * Filters beyond the number of channels are 0. With groups, each group of filters starts over.
 */
export const identity = defineInitializer({
  kind: "identity",
  about: "passes its input through: ones on the diagonal, or in the middle of filter i's channel i",
  aliases: ["eye", "dirac"],
  options: z.object({
    gain: gainOption(1),
    groups: z.int().positive().default(1).describe("groups of a convolution"),
  }),
  sampler({ gain, groups }, parameter) {
    const { rows, columns } = matrixOf("identity", parameter);
    if (rows % groups !== 0) {
      throw new ShapeError("groups do not divide the filters", {
        where: parameter.where,
        expected: `a multiple of ${groups} filters`,
        received: shapeText(parameter.shape),
      });
    }
    const [channels, middle] = [parameter.shape[1], middleOf(parameter.shape.slice(2))];
    const factor = gainValue(gain);
    const area = columns / channels;
    return () => (index) => {
      const row = Math.floor(index / columns) % (rows / groups);
      return row < channels && index % columns === row * area + middle ? factor : 0;
    };
  },
});

/** Position of the middle element, row-major. */
function middleOf(kernel: Shape): number {
  return kernel.reduce((position, extent) => position * extent + Math.floor(extent / 2), 0);
}
