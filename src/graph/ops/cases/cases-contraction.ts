// Test cases of Einsum and of the losses over classes.
import { type CaseInput, float, integers, type OpCase } from "./case.js";

function sums(equation: string, ...shapes: readonly (readonly number[])[]): OpCase {
  return { name: equation, inputs: shapes.map((shape) => float(shape)), attrs: { equation }, twice: true };
}

/** Scores and classes, smooth in the scores (and the weights). */
function loss(
  name: string,
  shape: readonly number[],
  { weight = false, ...attrs }: { weight?: boolean; reduction?: string; ignore_index?: number } = {},
): OpCase {
  const [examples, classes, ...places] = shape;
  const target = integers("int64", [examples, ...places], [0, classes]);
  const weights: CaseInput[] = weight ? [float([classes], [0.5, 2])] : [];
  return { name, inputs: [float(shape), target, ...weights], attrs, twice: true };
}

const losses = [
  loss("mean", [4, 3]),
  loss("sum, places", [2, 3, 2, 2], { reduction: "sum" }),
  loss("each, weights", [3, 4, 2], { reduction: "none", weight: true }),
  {
    ...loss("mean, weights, one class ignored", [6, 3], { weight: true, ignore_index: 1 }),
    tolerance: { runtime: 3e-5, why: "the gradient of the weights is a difference of nearly equal sums" },
  },
  loss("mean, one class ignored", [2, 3, 4], { ignore_index: 0 }),
];

export const contractionCases = {
  Einsum: [
    sums("ij,jk->ik", [2, 3], [3, 4]),
    sums("ji,kj->ki", [3, 2], [4, 3]),
    sums("bij,bjk->bik", [2, 3, 2], [2, 2, 3]),
    sums("bhid,bhjd->bhij", [2, 2, 3, 2], [2, 2, 2, 2]),
    sums("bijk,jlk->bil", [2, 2, 3, 2], [3, 2, 2]),
    sums("...ij,...jk", [2, 1, 2, 3], [3, 3, 2]),
    sums("...ij->...ji", [2, 2, 3]),
    sums("ij->", [2, 3]),
    sums("ii", [3, 3]),
    sums("iji->ji", [2, 3, 2]),
    sums("i,i", [4], [4]),
    sums("i,j->ij", [3], [2]),
    sums("ij,ij->i", [3, 4], [3, 4]),
    sums("ij,ik->jk", [1, 3], [4, 2]),
    sums("bij,j->bi", [2, 2, 3], [3]),
    sums(",ij->ji", [], [2, 3]),
    sums("ab,bc,cd->ad", [2, 3], [3, 2], [2, 2]),
    sums("iij,jk->ik", [2, 2, 3], [3, 2]),
  ],
  NegativeLogLikelihoodLoss: losses,
  SoftmaxCrossEntropyLoss: losses,
} satisfies Record<string, readonly OpCase[]>;
