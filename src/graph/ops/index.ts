// The table of all operators: everything that reads, checks or prices a graph looks here.
import type { Op } from "../op.js";
import { clipOp, leakyReluOp, reluOp, sigmoidOp, softplusOp, tanhOp } from "./activation.js";
import { addOp, divOp, maxOp, meanOp, minOp, mulOp, powOp, subOp, sumOp } from "./arithmetic.js";
import { bitShiftOp } from "./bit-shift.js";
import { bitwiseAndOp, bitwiseNotOp, bitwiseOrOp, bitwiseXorOp } from "./bits.js";
import { castLikeOp, castOp } from "./cast.js";
import { negativeLogLikelihoodLossOp, softmaxCrossEntropyLossOp } from "./class-loss.js";
import { col2ImOp } from "./columns.js";
import {
  andOp,
  equalOp,
  greaterOp,
  greaterOrEqualOp,
  lessOp,
  lessOrEqualOp,
  notOp,
  orOp,
  xorOp,
} from "./comparison.js";
import { compressOp, nonZeroOp } from "./compress.js";
import { constantOp } from "./constant.js";
import { convOp, convTransposeOp } from "./convolution.js";
import { depthToSpaceOp, spaceToDepthOp } from "./depth-space.js";
import { einsumOp } from "./einsum.js";
import { isInfOp, isNaNOp } from "./float-tests.js";
import { globalAveragePoolOp, globalLpPoolOp, globalMaxPoolOp } from "./global-pooling.js";
import { groupNormalizationOp, instanceNormalizationOp } from "./group-normalization.js";
import { gatherElementsOp, gatherOp, scatterElementsOp } from "./indexing.js";
import { gatherNDOp, scatterNDOp } from "./indexing-nd.js";
import { layerNormalizationOp, rmsNormalizationOp } from "./layer-normalization.js";
import { loopOp } from "./loop.js";
import { lpPoolOp } from "./lp-pooling.js";
import { gemmOp, matMulOp } from "./matmul.js";
import { modOp } from "./mod.js";
import {
  celuOp,
  eluOp,
  geluOp,
  hardSigmoidOp,
  hardSwishOp,
  mishOp,
  preluOp,
  seluOp,
  softsignOp,
  thresholdedReluOp,
} from "./more-activations.js";
import { cumSumOp, reduceL1Op, reduceL2Op, reduceLogSumExpOp, reduceLogSumOp, reduceProdOp } from "./norm-reduction.js";
import { batchNormalizationOp } from "./normalization.js";
import { oneHotOp } from "./one-hot.js";
import { padOp } from "./padding.js";
import { averagePoolOp, maxPoolOp } from "./pooling.js";
import {
  argMaxOp,
  argMinOp,
  reduceMaxOp,
  reduceMeanOp,
  reduceMinOp,
  reduceSumOp,
  reduceSumSquareOp,
} from "./reduction.js";
import { resizeOp } from "./resize.js";
import { whereOp } from "./selection.js";
import { expandOp, flattenOp, reshapeOp, squeezeOp, transposeOp, unsqueezeOp } from "./shape-movement.js";
import { constantOfShapeOp, eyeLikeOp, rangeOp, shapeOp, sizeOp } from "./shape-values.js";
import { shrinkOp, swishOp } from "./shrinking.js";
import { concatOp, sliceOp, splitOp } from "./slicing.js";
import { hardmaxOp, logSoftmaxOp, softmaxOp } from "./softmax.js";
import { tileOp } from "./tile.js";
import { topKOp } from "./top-k.js";
import {
  acoshOp,
  acosOp,
  asinhOp,
  asinOp,
  atanhOp,
  atanOp,
  coshOp,
  cosOp,
  sinhOp,
  sinOp,
  tanOp,
} from "./trigonometric.js";
import { triluOp } from "./trilu.js";
import {
  absOp,
  ceilOp,
  erfOp,
  expOp,
  floorOp,
  identityOp,
  logOp,
  negOp,
  reciprocalOp,
  roundOp,
  signOp,
  sqrtOp,
} from "./unary.js";
import { lpNormalizationOp, lrnOp, meanVarianceNormalizationOp } from "./vector-normalization.js";

/** Every operator under its ONNX name. */
export const ops = {
  Abs: absOp,
  Acos: acosOp,
  Acosh: acoshOp,
  Add: addOp,
  And: andOp,
  ArgMax: argMaxOp,
  ArgMin: argMinOp,
  Asin: asinOp,
  Asinh: asinhOp,
  Atan: atanOp,
  Atanh: atanhOp,
  AveragePool: averagePoolOp,
  BatchNormalization: batchNormalizationOp,
  BitShift: bitShiftOp,
  BitwiseAnd: bitwiseAndOp,
  BitwiseNot: bitwiseNotOp,
  BitwiseOr: bitwiseOrOp,
  BitwiseXor: bitwiseXorOp,
  Cast: castOp,
  CastLike: castLikeOp,
  Ceil: ceilOp,
  Celu: celuOp,
  Clip: clipOp,
  Col2Im: col2ImOp,
  Compress: compressOp,
  Concat: concatOp,
  Constant: constantOp,
  ConstantOfShape: constantOfShapeOp,
  Conv: convOp,
  ConvTranspose: convTransposeOp,
  Cos: cosOp,
  Cosh: coshOp,
  CumSum: cumSumOp,
  DepthToSpace: depthToSpaceOp,
  Div: divOp,
  Elu: eluOp,
  Einsum: einsumOp,
  Equal: equalOp,
  Erf: erfOp,
  Exp: expOp,
  Expand: expandOp,
  EyeLike: eyeLikeOp,
  Flatten: flattenOp,
  Floor: floorOp,
  Gather: gatherOp,
  GatherElements: gatherElementsOp,
  GatherND: gatherNDOp,
  Gelu: geluOp,
  Gemm: gemmOp,
  GlobalAveragePool: globalAveragePoolOp,
  GlobalLpPool: globalLpPoolOp,
  GlobalMaxPool: globalMaxPoolOp,
  Greater: greaterOp,
  GreaterOrEqual: greaterOrEqualOp,
  GroupNormalization: groupNormalizationOp,
  HardSigmoid: hardSigmoidOp,
  HardSwish: hardSwishOp,
  Hardmax: hardmaxOp,
  Identity: identityOp,
  InstanceNormalization: instanceNormalizationOp,
  IsInf: isInfOp,
  IsNaN: isNaNOp,
  LRN: lrnOp,
  LayerNormalization: layerNormalizationOp,
  LeakyRelu: leakyReluOp,
  Less: lessOp,
  LessOrEqual: lessOrEqualOp,
  Log: logOp,
  LogSoftmax: logSoftmaxOp,
  Loop: loopOp,
  LpNormalization: lpNormalizationOp,
  LpPool: lpPoolOp,
  MatMul: matMulOp,
  Max: maxOp,
  MaxPool: maxPoolOp,
  Mean: meanOp,
  MeanVarianceNormalization: meanVarianceNormalizationOp,
  Min: minOp,
  Mish: mishOp,
  Mod: modOp,
  Mul: mulOp,
  Neg: negOp,
  NegativeLogLikelihoodLoss: negativeLogLikelihoodLossOp,
  NonZero: nonZeroOp,
  Not: notOp,
  OneHot: oneHotOp,
  Or: orOp,
  PRelu: preluOp,
  Pad: padOp,
  Pow: powOp,
  RMSNormalization: rmsNormalizationOp,
  Range: rangeOp,
  Reciprocal: reciprocalOp,
  ReduceL1: reduceL1Op,
  ReduceL2: reduceL2Op,
  ReduceLogSum: reduceLogSumOp,
  ReduceLogSumExp: reduceLogSumExpOp,
  ReduceMax: reduceMaxOp,
  ReduceMean: reduceMeanOp,
  ReduceMin: reduceMinOp,
  ReduceProd: reduceProdOp,
  ReduceSum: reduceSumOp,
  ReduceSumSquare: reduceSumSquareOp,
  Relu: reluOp,
  Reshape: reshapeOp,
  Resize: resizeOp,
  Round: roundOp,
  ScatterElements: scatterElementsOp,
  ScatterND: scatterNDOp,
  Selu: seluOp,
  Shape: shapeOp,
  Shrink: shrinkOp,
  Sigmoid: sigmoidOp,
  Sign: signOp,
  Sin: sinOp,
  Sinh: sinhOp,
  Size: sizeOp,
  Slice: sliceOp,
  Softmax: softmaxOp,
  SoftmaxCrossEntropyLoss: softmaxCrossEntropyLossOp,
  Softplus: softplusOp,
  Softsign: softsignOp,
  SpaceToDepth: spaceToDepthOp,
  Split: splitOp,
  Sqrt: sqrtOp,
  Squeeze: squeezeOp,
  Sub: subOp,
  Sum: sumOp,
  Swish: swishOp,
  Tan: tanOp,
  Tanh: tanhOp,
  ThresholdedRelu: thresholdedReluOp,
  Tile: tileOp,
  TopK: topKOp,
  Transpose: transposeOp,
  Trilu: triluOp,
  Unsqueeze: unsqueezeOp,
  Where: whereOp,
  Xor: xorOp,
} as const satisfies Record<string, Op>;

export type OpName = keyof typeof ops;

/** The record of an operator by its ONNX name, if we have it. */
export function findOp(name: string): Op | undefined {
  return Object.hasOwn(ops, name) ? (ops[name as OpName] as Op) : undefined;
}
