// Matrix products: MatMul (batched, broadcasting) and Gemm (two matrices, transposed at will, plus a bias).
import { ShapeError } from "../../../core/errors.js";
import { broadcastShapes, type Shape, sameShape, shapeText, sizeOf } from "../../../core/numbers/shape.js";
import type { AxisReach } from "../../accounting/axis-reach.js";
import { all, pointwise, same } from "../../accounting/reach.js";
import { apply, scalar } from "../../build.js";
import type { Op, VjpContext } from "../../op.js";
import { broadcastReader } from "../../reference/nd-broadcast.js";
import type { Tensor } from "../../tensor.js";
import { mul } from "../elementwise/arithmetic.js";
import { reshape, transpose } from "../movement/shape-movement.js";
import { split } from "../movement/slicing.js";
import { requireOneType } from "../record/element-types.js";
import type { NoAttributes } from "../record/elementwise.js";

export type GemmAttributes = {
  readonly alpha: number;
  readonly beta: number;
  readonly transA: number;
  readonly transB: number;
};

function innerExtentsDiffer(where: string, a: Shape, b: Shape): ShapeError {
  return new ShapeError("inner sizes differ", {
    where,
    expected: "as many columns on the left as rows on the right",
    received: `${shapeText(a)} and ${shapeText(b)}`,
  });
}

/** A vector on the left is a row, on the right a column, as in NumPy. */
function asMatrices(a: Shape, b: Shape): { a: Shape; b: Shape } {
  return { a: a.length === 1 ? [1, a[0]] : a, b: b.length === 1 ? [b[0], 1] : b };
}

/** Batch axes (broadcast), rows, columns and inner size. */
export function productOf(where: string, aShape: Shape, bShape: Shape) {
  if (aShape.length === 0 || bShape.length === 0) {
    throw new ShapeError("a scalar has no matrix product", {
      where,
      received: `${shapeText(aShape)} and ${shapeText(bShape)}`,
      remedy: "Use mul",
    });
  }
  const { a, b } = asMatrices(aShape, bShape);
  const [rows, inner] = a.slice(-2);
  const [innerB, columns] = b.slice(-2);
  if (inner !== innerB) throw innerExtentsDiffer(where, aShape, bShape);
  return { batch: broadcastShapes(where, a.slice(0, -2), b.slice(0, -2)), rows, inner, columns };
}

function matMulShape(where: string, a: Shape, b: Shape): number[] {
  const { batch, rows, columns } = productOf(where, a, b);
  return [...batch, ...(a.length === 1 ? [] : [rows]), ...(b.length === 1 ? [] : [columns])];
}

export const matMulOp: Op<NoAttributes> = {
  name: "MatMul",
  weightUse: { 0: "weight", 1: "weight" },
  reach({ inputs: [a, b], outputs: [y] }) {
    const rank = y.shape.length - (a!.shape.length > 1 ? 1 : 0) - (b!.shape.length > 1 ? 1 : 0);
    // Batch axes align from the last, and those of size 1 are repeated.
    const batchAxis = (shape: Shape, axis: number): AxisReach => {
      const place = rank - (shape.length - 2) + axis;
      return shape[axis] === y.shape[place] ? same(place) : all;
    };
    const [first, second] = [a!.shape, b!.shape];
    return [
      first.map((_, axis) =>
        axis === first.length - 1 ? all : axis === first.length - 2 ? same(rank) : batchAxis(first, axis),
      ),
      second.map((_, axis) =>
        axis === Math.max(0, second.length - 2)
          ? all
          : axis === second.length - 1
            ? same(y.shape.length - 1)
            : batchAxis(second, axis),
      ),
    ];
  },
  arity: [2, 2],
  attributes: {},
  inputNames: ["A", "B"],
  infer([a, b], _attrs, where) {
    requireOneType(where, a, b);
    return [{ dtype: a!.dtype, shape: matMulShape(where, a!.shape, b!.shape) }];
  },
  vjp: matMulGradient,
  summed: {
    axis: ([a, b]) => (a!.shape.length === 2 && b!.shape.length === 2 ? 0 : null),
    build: ([a], _attrs, parts) => sumOfProducts(a!, null, parts, { alpha: 1, beta: 1, transA: 0, transB: 0 }),
  },
  cost([a, b]) {
    const { batch, rows, inner, columns } = productOf("MatMul", a!.shape, b!.shape);
    const macs = sizeOf(batch) * rows * inner * columns;
    return { macs, flops: 2 * macs };
  },
  evaluate([a, b]) {
    const { batch, rows, inner, columns } = productOf("MatMul", a!.shape, b!.shape);
    const shapes = asMatrices(a!.shape, b!.shape);
    const readA = broadcastReader({ ...a!, shape: shapes.a }, [...batch, rows, inner]);
    const readB = broadcastReader({ ...b!, shape: shapes.b }, [...batch, inner, columns]);
    const data = new Float64Array(sizeOf(batch) * rows * columns);
    for (let i = 0; i < data.length; i++) {
      const column = i % columns;
      const row = Math.floor(i / columns);
      const matrix = Math.floor(row / rows);
      for (let k = 0; k < inner; k++)
        data[i] += readA(row * inner + k) * readB((matrix * inner + k) * columns + column);
    }
    return [{ dtype: a!.dtype, shape: matMulShape("MatMul", a!.shape, b!.shape), data }];
  },
};

/** `dA = ct B^T`, `dB = A^T ct` on matrices; `gradients` sums over broadcast batch axes. */
function matMulGradient({ inputs, cotangents: [ct], wants }: VjpContext<NoAttributes>): (Tensor | null)[] {
  const [a, b] = inputs as readonly [Tensor, Tensor];
  const shapes = asMatrices(a.shape, b.shape);
  const { batch, rows, columns } = productOf("MatMul", a.shape, b.shape);
  const left = withShape(a, shapes.a);
  const right = withShape(b, shapes.b);
  const product = withShape(ct!, [...batch, rows, columns]);
  const da = wants[0] ? productWithTransposed(product, right) : null;
  const db = wants[1] ? rightGradient(left, right, product) : null;
  return [asVectors(da, a.shape.length), asVectors(db, b.shape.length)];
}

/** `a b^T`. */
function productWithTransposed(a: Tensor, b: Tensor): Tensor {
  return a.shape.length === 2 && b.shape.length === 2
    ? gemm(a, b, null, { transB: 1 })
    : matMul(a, transposeMatrices(b));
}

/** `a^T ct`. A matrix shared by the whole batch needs no batched product: the batch is merged with the rows. */
function rightGradient(left: Tensor, right: Tensor, product: Tensor): Tensor {
  if (right.shape.length > 2) return matMul(transposeMatrices(left), product);
  const [inner, columns] = right.shape;
  const rows = sizeOf(left.shape) / inner;
  return gemm(withShape(left, [rows, inner]), withShape(product, [rows, columns]), null, { transA: 1 });
}

/** Removes the axis of size 1 that turned a vector into a matrix; `gradients` sums over batch axes. */
function asVectors(gradient: Tensor | null, rank: number): Tensor | null {
  if (gradient === null || rank !== 1) return gradient;
  const [rows, columns] = gradient.shape.slice(-2);
  return reshape(gradient, [...gradient.shape.slice(0, -2), rows * columns]);
}

function withShape(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : reshape(x, shape);
}

/** Swaps the last two axes. */
export function transposeMatrices(x: Tensor): Tensor {
  const rank = x.shape.length;
  return transpose(x, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}

/** Rows, columns and inner size, after the transpositions. */
function gemmExtents(a: Shape, b: Shape, { transA, transB }: GemmAttributes) {
  const [rows, inner] = transA === 0 ? a : [a[1], a[0]];
  const [innerB, columns] = transB === 0 ? b : [b[1], b[0]];
  return { rows, inner, innerB, columns };
}

export const gemmOp: Op<GemmAttributes> = {
  name: "Gemm",
  weightUse: { 0: "weight", 1: "weight", 2: "bias" },
  reach({ inputs: [a, b, c], outputs, attrs: { transA, transB } }) {
    const [addend = null] =
      c === null || c === undefined ? [] : pointwise({ inputs: [c], outputs, attrs: {}, output: 0 });
    return [
      a!.shape.map((_, axis) => (axis === transA ? same(0) : all)),
      b!.shape.map((_, axis) => (axis === 1 - transB ? same(1) : all)),
      addend,
    ];
  },
  arity: [2, 3],
  attributes: {
    alpha: { type: "float", default: 1 },
    beta: { type: "float", default: 1 },
    transA: { type: "int", default: 0 },
    transB: { type: "int", default: 0 },
  },
  inputNames: ["A", "B", "C"],
  infer([a, b, c], attrs, where) {
    requireOneType(where, a, b, c);
    if (a!.shape.length !== 2 || b!.shape.length !== 2) {
      throw new ShapeError("Gemm multiplies matrices", {
        where,
        expected: "two tensors of rank 2",
        received: `${shapeText(a!.shape)} and ${shapeText(b!.shape)}`,
      });
    }
    const { rows, inner, innerB, columns } = gemmExtents(a!.shape, b!.shape, attrs);
    if (inner !== innerB) throw innerExtentsDiffer(where, [rows, inner], [innerB, columns]);
    const shape = [rows, columns];
    if (c !== null && c !== undefined && !sameShape(broadcastShapes(where, c.shape, shape), shape)) {
      throw new ShapeError("the bias does not fit", {
        where,
        expected: `what broadcasts to ${shapeText(shape)}`,
        received: shapeText(c.shape),
      });
    }
    return [{ dtype: a!.dtype, shape }];
  },
  vjp: gemmGradient,
  summed: {
    axis: (_inputs, { transB }) => transB,
    build: ([a, , c], attrs, parts) => sumOfProducts(a!, c ?? null, parts, attrs),
  },
  cost([a, b, c], _outputs, attrs) {
    const { rows, inner, columns } = gemmExtents(a!.shape, b!.shape, attrs);
    const macs = rows * inner * columns;
    return { macs, flops: 2 * macs + (c === null || c === undefined ? 0 : rows * columns) };
  },
  evaluate([a, b, c], attrs) {
    const { rows, inner, columns } = gemmExtents(a!.shape, b!.shape, attrs);
    const bias = c === null || c === undefined ? () => 0 : broadcastReader(c, [rows, columns]);
    const data = new Float64Array(rows * columns);
    for (let i = 0; i < data.length; i++) {
      const row = Math.floor(i / columns);
      const column = i % columns;
      let sum = 0;
      for (let k = 0; k < inner; k++) {
        const left = a!.data[attrs.transA === 0 ? row * inner + k : k * rows + row];
        const right = b!.data[attrs.transB === 0 ? k * columns + column : column * inner + k];
        sum += left * right;
      }
      data[i] = attrs.alpha * sum + attrs.beta * bias(i);
    }
    return [{ dtype: a!.dtype, shape: [rows, columns], data }];
  },
};

/** The product with the second matrix in parts along its inner axis; every product accumulates onto the one before. */
function sumOfProducts(a: Tensor, c: Tensor | null, parts: readonly Tensor[], attrs: GemmAttributes): Tensor {
  const extents = parts.map(({ shape }) => shape[attrs.transB]);
  const pieces = split(a, extents, { axis: 1 - attrs.transA });
  return parts
    .slice(1)
    .reduce(
      (sum, part, i) => gemm(pieces[i + 1], part, sum, { ...attrs, beta: 1 }),
      gemm(pieces[0], parts[0], c, attrs),
    );
}

/** One product for each of the four transposition cases, without Transpose nodes. */
function gemmGradient({
  inputs: [a, b, c],
  cotangents: [ct],
  attrs,
  wants,
}: VjpContext<GemmAttributes>): (Tensor | null)[] {
  const { alpha, beta, transA, transB } = attrs;
  const da = (): Tensor =>
    transA === 0
      ? gemm(ct!, b!, null, { alpha, transB: 1 - transB })
      : gemm(b!, ct!, null, { alpha, transA: transB, transB: 1 });
  const db = (): Tensor =>
    transB === 0
      ? gemm(a!, ct!, null, { alpha, transA: 1 - transA })
      : gemm(ct!, a!, null, { alpha, transA: 1, transB: transA });
  const dc = (): Tensor => (beta === 1 ? ct! : mul(ct!, scalar(beta, ct!.dtype)));
  return [wants[0] ? da() : null, wants[1] ? db() : null, c !== undefined && c !== null && wants[2] ? dc() : null];
}

/**
 * NumPy's matrix product `a b`: `[..., rows, inner] x [..., inner, columns]`, batch axes broadcast, vectors
 * treated as a row on the left and a column on the right.
 */
export function matMul(a: Tensor, b: Tensor): Tensor {
  return apply(matMulOp, [a, b])[0];
}

/**
 * `alpha A' B' + beta c`: A' is `a` `[rows, inner]`, transposed first if `transA` is 1; likewise B'
 * `[inner, columns]`; `c` broadcasts to `[rows, columns]` and may be `null`.
 */
export function gemm(a: Tensor, b: Tensor, c: Tensor | null = null, attrs: Partial<GemmAttributes> = {}): Tensor {
  return apply(gemmOp, c === null ? [a, b] : [a, b, c], attrs)[0];
}
