// Einsum: sums of products over labeled axes, for differentiation as transpositions, one matrix product, and sums.
import { isFloat } from "../../../core/numbers/dtype.js";
import { sizeOf } from "../../../core/numbers/shape.js";
import { all, same } from "../../accounting/reach.js";
import { apply, int64s } from "../../build.js";
import type { NdArray, Op } from "../../op.js";
import { gradientOfComposition } from "../../reference/composition.js";
import type { Tensor } from "../../tensor.js";
import { mul } from "../elementwise/arithmetic.js";
import { gather } from "../indexing/indexing.js";
import { reshape, transpose } from "../movement/shape-movement.js";
import { requireOneType } from "../record/element-types.js";
import { unlimited } from "../record/elementwise.js";
import { reduceSum } from "../reduction/reduction.js";
import { type Label, type Labeled, readEquation } from "./einsum-equation.js";
import { gemm, matMul } from "./matmul.js";

export type EinsumAttributes = { readonly equation: string };

/** A tensor, and the label of each of its axes; no label twice. */
interface Factor {
  readonly tensor: Tensor;
  readonly labels: readonly Label[];
}

export function labeled(
  inputs: readonly ({ readonly shape: readonly number[] } | null)[],
  attrs: EinsumAttributes,
  where = "Einsum",
) {
  return readEquation(
    where,
    attrs.equation,
    inputs.map((one) => one!.shape),
  );
}

const extentOf = ({ extents }: Labeled, labels: readonly Label[]): number[] =>
  labels.map((label) => extents.get(label)!);

export const einsumOp: Op<EinsumAttributes> = {
  name: "Einsum",
  weightUse: { 0: "weight", 1: "weight" },
  reach({ inputs, attrs }) {
    const { operands, output, extents } = labeled(inputs, attrs);
    return operands.map((labels, i) =>
      labels.map((label, axis) =>
        output.includes(label) && inputs[i]!.shape[axis] === extents.get(label) ? same(output.indexOf(label)) : all,
      ),
    );
  },
  arity: [1, unlimited],
  attributes: { equation: { type: "string" } },
  inputNames: ["Inputs"],
  infer(inputs, attrs, where) {
    requireOneType(where, ...inputs);
    const equation = labeled(inputs, attrs, where);
    return [{ dtype: inputs[0]!.dtype, shape: extentOf(equation, equation.output) }];
  },
  vjp: gradientOfComposition((inputs, attrs) => [composed(inputs as readonly Tensor[], attrs)]),
  fromGradientParts: (inputs, attrs) =>
    isFloat(inputs[0]!.dtype) ? composed(inputs as readonly Tensor[], attrs) : null,
  cost(inputs, _outputs, attrs) {
    const terms = sizeOf([...labeled(inputs, attrs).extents.values()]);
    const macs = terms * (inputs.length - 1);
    return { macs, flops: Math.max(2 * macs, terms) };
  },
  evaluate: (inputs, attrs) => [evaluated(inputs as readonly NdArray[], labeled(inputs, attrs))],
};

/** Iterates over every combination of indices. */
function evaluated(operands: readonly NdArray[], equation: Labeled): NdArray {
  const order = [...equation.output, ...[...equation.extents.keys()].filter((one) => !equation.output.includes(one))];
  const extents = extentOf(equation, order);
  const shape = extents.slice(0, equation.output.length);
  const inner = sizeOf(extents.slice(shape.length));
  const data = new Float64Array(sizeOf(shape));
  for (let term = 0; term < data.length * inner; term++) {
    const index = new Map<Label, number>();
    let rest = term;
    for (let i = order.length - 1; i >= 0; i--) {
      index.set(order[i], rest % extents[i]);
      rest = Math.floor(rest / extents[i]);
    }
    let product = 1;
    for (const [i, { shape: of, data: elements }] of operands.entries()) {
      let place = 0;
      for (const [axis, label] of equation.operands[i].entries())
        place = place * of[axis] + (of[axis] === 1 ? 0 : index.get(label)!);
      product *= elements[place];
    }
    data[Math.floor(term / inner)] += product;
  }
  return { dtype: operands[0].dtype, shape, data };
}

export function composed(inputs: readonly Tensor[], attrs: EinsumAttributes): Tensor {
  const equation = labeled(inputs, attrs);
  const factors = inputs.map((tensor, i) => withoutOnes(onDiagonals(tensor, equation.operands[i])));
  const product = factors.reduce((left, right, i) => {
    const later = factors.slice(i + 1).flatMap(({ labels }) => labels);
    const needed = new Set([...equation.output, ...later]);
    return productOf(summed(left, new Set([...needed, ...right.labels])), right, needed);
  });
  const { tensor } = inOrder(
    summed(product, new Set(equation.output)),
    equation.output.filter((label) => product.labels.includes(label)),
  );
  return shaped(tensor, extentOf(equation, equation.output));
}

/** An operand with one axis for every label: of axes with one label, the diagonal. */
function onDiagonals(tensor: Tensor, labels: readonly Label[]): Factor {
  const second = labels.findIndex((label, axis) => labels.indexOf(label) !== axis);
  if (second === -1) return { tensor, labels };
  const first = labels.indexOf(labels[second]);
  const others = labels.map((_, axis) => axis).filter((axis) => axis !== first && axis !== second);
  const extent = tensor.shape[first];
  const square = transpose(tensor, [...others, first, second]);
  const flat = reshape(square, [...square.shape.slice(0, -2), extent * extent]);
  const diagonal = int64s(Array.from({ length: extent }, (_, i) => i * (extent + 1)));
  const taken = gather(flat, diagonal, { axis: others.length });
  return onDiagonals(taken, [...others.map((axis) => labels[axis]), labels[second]]);
}

/** Drops labels of axes of size 1; operands without a label are multiplied by broadcasting. */
function withoutOnes({ tensor, labels }: Factor): Factor {
  const kept = labels.filter((_, axis) => tensor.shape[axis] !== 1);
  const extents = tensor.shape.filter((extent) => extent !== 1);
  return { tensor: shaped(tensor, extents), labels: kept };
}

function shaped(tensor: Tensor, shape: readonly number[]): Tensor {
  return `${tensor.shape}` === `${shape}` ? tensor : reshape(tensor, shape);
}

/** Sums over labels that are no longer needed. */
function summed({ tensor, labels }: Factor, needed: ReadonlySet<Label>): Factor {
  const axes = labels.flatMap((label, axis) => (needed.has(label) ? [] : [axis]));
  if (axes.length === 0) return { tensor, labels };
  return { tensor: reduceSum(tensor, axes), labels: labels.filter((label) => needed.has(label)) };
}

function inOrder({ tensor, labels }: Factor, order: readonly Label[]): Factor {
  const axes = order.map((label) => labels.indexOf(label));
  return { tensor: axes.every((axis, i) => axis === i) ? tensor : transpose(tensor, axes), labels: order };
}

/** The product of two factors, summed over the labels that both have and that are no longer needed. */
function productOf(left: Factor, given: Factor, needed: ReadonlySet<Label>): Factor {
  const right = summed(given, new Set([...needed, ...left.labels]));
  const both = left.labels.filter((label) => right.labels.includes(label));
  const inner = both.filter((label) => !needed.has(label));
  const batch = both.filter((label) => needed.has(label));
  const rows = left.labels.filter((label) => !both.includes(label));
  const columns = right.labels.filter((label) => !both.includes(label));
  if (inner.length === 0 || rows.length + columns.length === 0) {
    return summed(multiplied(left, right, [...batch, ...rows, ...columns, ...inner]), needed);
  }
  const extents = (factor: Factor, of: readonly Label[]) =>
    of.map((label) => factor.tensor.shape[factor.labels.indexOf(label)]);
  const shape = [...extents(left, batch), ...extents(left, rows), ...extents(right, columns)];
  const product = batch.length === 0 ? plainProduct(left, right, inner) : batchedProduct(left, right, batch, inner);
  return { tensor: shaped(product, shape), labels: [...batch, ...rows, ...columns] };
}

/** Element by element, broadcast, with the axes in this order. */
function multiplied(left: Factor, right: Factor, order: readonly Label[]): Factor {
  const aligned = (factor: Factor): Tensor => {
    const present = order.filter((label) => factor.labels.includes(label));
    const { tensor } = inOrder(factor, present);
    const extents = order.map((label) => (present.includes(label) ? tensor.shape[present.indexOf(label)] : 1));
    return shaped(tensor, extents.slice(extents.findIndex((_, axis) => factor.labels.includes(order[axis]))));
  };
  const align = (factor: Factor): Tensor => (factor.labels.length === 0 ? factor.tensor : aligned(factor));
  return { tensor: mul(align(left), align(right)), labels: order };
}

/** `[rows, inner] x [inner, columns]`; a transposed matrix is used without a Transpose. */
function plainProduct(left: Factor, right: Factor, inner: readonly Label[]): Tensor {
  const matrix = (factor: Factor, innerFirst: boolean): { tensor: Tensor; transposed: 0 | 1 } => {
    const outer = factor.labels.filter((label) => !inner.includes(label));
    const [front, back] = innerFirst ? [inner, outer] : [outer, inner];
    const isSwapped = `${factor.labels}` === `${[...back, ...front]}`;
    const { tensor, labels } = isSwapped ? factor : inOrder(factor, [...front, ...back]);
    const split = (isSwapped ? back : front).length;
    const extents = [sizeOf(tensor.shape.slice(0, split)), sizeOf(tensor.shape.slice(split, labels.length))];
    return { tensor: shaped(tensor, extents), transposed: isSwapped ? 1 : 0 };
  };
  const [a, b] = [matrix(left, false), matrix(right, true)];
  return gemm(a.tensor, b.tensor, null, { transA: a.transposed, transB: b.transposed });
}

/** `[batch, rows, inner] x [batch, inner, columns]`. */
function batchedProduct(left: Factor, right: Factor, batch: readonly Label[], inner: readonly Label[]): Tensor {
  const stack = (factor: Factor, innerFirst: boolean): Tensor => {
    const outer = factor.labels.filter((label) => !inner.includes(label) && !batch.includes(label));
    const [front, back] = innerFirst ? [inner, outer] : [outer, inner];
    const { tensor } = inOrder(factor, [...batch, ...front, ...back]);
    const ends = [batch.length, batch.length + front.length];
    const extents = [tensor.shape.slice(0, ends[0]), tensor.shape.slice(...ends), tensor.shape.slice(ends[1])];
    return shaped(tensor, extents.map(sizeOf));
  };
  return matMul(stack(left, false), stack(right, true));
}

/**
 * The sum of products that an equation names: `einsum("bij,bjk->bik", [a, b])`, `einsum("ii", [a])` (a trace). Axes of
 * extent 1 broadcast, and so do those of an ellipsis.
 */
export function einsum(equation: string, operands: readonly Tensor[]): Tensor {
  return apply(einsumOp, operands, { equation })[0];
}
