// Test cases of norms, products, logarithms of sums, and running sums.
import { awayFromZero, type CaseInput, distinct, exactly, float, list, type OpCase } from "./case.js";

/** Cases with axes given in every way, over inputs of one kind. */
function reductions(input: (shape: number[]) => CaseInput): OpCase[] {
  return [
    { name: "all", inputs: [input([2, 3])], twice: true },
    { name: "all, keeping axes", inputs: [input([2, 3])], attrs: { keepdims: 1 }, twice: true },
    { name: "one axis", inputs: [input([2, 3, 2]), list([1])], attrs: { keepdims: 0 }, twice: true },
    { name: "two axes", inputs: [input([2, 3, 2]), list([0, -1])], attrs: { keepdims: 1 }, twice: true },
    { name: "scalar", inputs: [input([])] },
    { name: "no rows", inputs: [input([0, 2, 3]), list([-1])], attrs: { keepdims: 0 } },
  ];
}

const axis = (value: number): CaseInput => ({ ...exactly("int64", [], [value]), constant: true });
const running: OpCase[] = [
  { name: "first axis", inputs: [float([3, 4]), axis(0)], twice: true },
  { name: "last axis, exclusive", inputs: [float([2, 3, 2]), axis(-1)], attrs: { exclusive: 1 } },
  { name: "middle axis, reverse", inputs: [float([2, 3, 2]), axis(1)], attrs: { reverse: 1 } },
  { name: "uint32 wraps", inputs: [exactly("uint32", [3], [2 ** 32 - 1, 5, 7]), axis(0)] },
  { name: "exclusive and reverse", inputs: [float([2, 4]), axis(1)], attrs: { exclusive: 1, reverse: 1 } },
];

export const reductionCases = {
  ArgMin: [
    { name: "last axis", inputs: [distinct([3, 4])], attrs: { axis: -1, keepdims: 0 } },
    { name: "first axis, kept", inputs: [distinct([3, 4])], attrs: { axis: 0 } },
    { name: "ties: first", inputs: [exactly("float", [1, 4], [4, 1, 1, 2])], attrs: { axis: 1 } },
    { name: "ties: last", inputs: [exactly("float", [1, 4], [4, 1, 1, 2])], attrs: { axis: 1, select_last_index: 1 } },
  ],
  CumSum: running,
  Mean: [
    { name: "one", inputs: [float([2, 3])] },
    { name: "three, broadcast", inputs: [float([2, 3]), float([3]), float([2, 1])], twice: true },
  ],
  ReduceL1: reductions(awayFromZero),
  ReduceL2: reductions(awayFromZero),
  ReduceLogSum: reductions((shape) => float(shape, [0.5, 2])),
  ReduceLogSumExp: reductions((shape) => float(shape)),
  ReduceProd: [
    ...reductions(awayFromZero),
    { name: "one zero", inputs: [exactly("float", [2, 3], [2, 0, -3, 4, 5, 6]), list([1])] },
  ],
} as const satisfies Record<string, readonly OpCase[]>;
