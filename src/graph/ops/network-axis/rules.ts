// The operators that ensembles may hold, with their rules for many networks. Element-wise ones need none.
import type { Op } from "../../op.js";
import { div, sub } from "../elementwise/arithmetic.js";
import { log } from "../elementwise/unary.js";
import type { ReductionAttributes } from "../reduction/reduction.js";
import type { SoftmaxAttributes } from "../reduction/softmax.js";
import { batchGemm, batchMatMul } from "./batched-products.js";
import { batchAlongAxis, batchFirstAlongAxis, batchGather, batchListedAxes, batchReshape } from "./batching-rules.js";
import type { BatchContext, EnsembleRules, LaneContext } from "./ensemble-rule.js";
import { laneProduct, sumOfRows } from "./lane-products.js";
import { lanesAlongAxis, lanesGather, lanesReshape } from "./lane-rules.js";
import {
  batchBatchNormalization,
  batchClip,
  batchExpand,
  batchedPowers,
  batchLoop,
  batchOneHot,
  batchPad,
  batchPRelu,
  batchReduction,
  batchTile,
  batchTranspose,
  lanesReduction,
  reducedLanes,
} from "./operator-rules.js";

const reshaping: EnsembleRules = { batch: batchReshape, lanes: lanesReshape };
const alongAxis: EnsembleRules = { batch: batchAlongAxis };
const reducing: EnsembleRules = { batch: batchReduction, lanes: lanesReduction };

const rules: Readonly<Record<string, EnsembleRules>> = {
  Reshape: reshaping,
  Flatten: reshaping,
  Squeeze: reshaping,
  Unsqueeze: reshaping,
  Transpose: { batch: batchTranspose },
  Expand: { batch: batchExpand },
  Tile: { batch: batchTile },
  Pad: { batch: batchPad },
  Slice: { batch: batchListedAxes(3) },
  Concat: { batch: batchAlongAxis, lanes: lanesAlongAxis },
  Split: { batch: batchFirstAlongAxis, lanes: lanesAlongAxis },
  Gather: { batch: batchGather, lanes: lanesGather },
  GatherElements: alongAxis,
  ScatterElements: alongAxis,
  OneHot: { batch: batchOneHot },
  TopK: { batch: batchFirstAlongAxis },
  MatMul: { batch: batchMatMul, lanes: laneProduct },
  Gemm: { batch: batchGemm, lanes: laneProduct },
  Clip: { batch: batchClip },
  PRelu: { batch: batchPRelu },
  Softmax: {
    batch(context: BatchContext<SoftmaxAttributes>) {
      const { powers, sum } = batchedPowers(context);
      return [div(powers, sum)];
    },
  },
  LogSoftmax: {
    batch(context: BatchContext<SoftmaxAttributes>) {
      const { shifted, sum } = batchedPowers(context);
      return [sub(shifted, log(sum))];
    },
  },
  Hardmax: alongAxis,
  ArgMax: alongAxis,
  ArgMin: alongAxis,
  ReduceSum: {
    batch: batchReduction,
    lanes: (context: LaneContext<ReductionAttributes>) =>
      sumOfRows(context, reducedLanes(context)) ?? lanesReduction(context),
  },
  ReduceMean: reducing,
  ReduceSumSquare: reducing,
  ReduceMax: reducing,
  ReduceMin: reducing,
  ReduceL1: reducing,
  ReduceL2: reducing,
  ReduceProd: reducing,
  ReduceLogSum: reducing,
  ReduceLogSumExp: reducing,
  BatchNormalization: { batch: batchBatchNormalization },
  Loop: { batch: batchLoop },
};

/** The operators that have rules. */
export const ruledOperators: readonly string[] = Object.keys(rules);

/** The rules of an operator; `undefined` where it has none: it acts element by element, or not in ensembles. */
export function ensembleRules({ name, domain }: Op): EnsembleRules | undefined {
  return domain === undefined && Object.hasOwn(rules, name) ? rules[name] : undefined;
}

/** Whether an operator may be in an ensemble. */
export function isForEnsembles(op: Op): boolean {
  return op.batch === "elementwise" || ensembleRules(op) !== undefined;
}
