// The table of all operators, used by everything that reads, checks or accounts for a graph.
import type { Op } from "../op.js";
import { clipOp, leakyReluOp, reluOp, sigmoidOp, softplusOp, tanhOp } from "./activation/activation.js";
import { shrinkOp, swishOp } from "./activation/shrinking.js";
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
} from "./activation/smooth-activations.js";
import { negativeLogLikelihoodLossOp, softmaxCrossEntropyLossOp } from "./class-loss.js";
import { addOp, divOp, maxOp, meanOp, minOp, mulOp, powOp, subOp, sumOp } from "./elementwise/arithmetic.js";
import { bitShiftOp } from "./elementwise/bit-shift.js";
import { bitwiseAndOp, bitwiseNotOp, bitwiseOrOp, bitwiseXorOp } from "./elementwise/bits.js";
import { castLikeOp, castOp } from "./elementwise/cast.js";
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
} from "./elementwise/comparison.js";
import { isInfOp, isNaNOp } from "./elementwise/float-tests.js";
import { modOp } from "./elementwise/mod.js";
import { whereOp } from "./elementwise/selection.js";
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
} from "./elementwise/trigonometric.js";
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
} from "./elementwise/unary.js";
import { compressOp, nonZeroOp } from "./indexing/compress.js";
import { gatherElementsOp, gatherOp, scatterElementsOp } from "./indexing/indexing.js";
import { gatherNDOp, scatterNDOp } from "./indexing/indexing-nd.js";
import { oneHotOp } from "./indexing/one-hot.js";
import { topKOp } from "./indexing/top-k.js";
import { loopOp } from "./loop.js";
import { constantOp } from "./movement/constant.js";
import { depthToSpaceOp, spaceToDepthOp } from "./movement/depth-space.js";
import { padOp } from "./movement/padding.js";
import { expandOp, flattenOp, reshapeOp, squeezeOp, transposeOp, unsqueezeOp } from "./movement/shape-movement.js";
import { constantOfShapeOp, eyeLikeOp, rangeOp, shapeOp, sizeOp } from "./movement/shape-values.js";
import { concatOp, sliceOp, splitOp } from "./movement/slicing.js";
import { tileOp } from "./movement/tile.js";
import { triluOp } from "./movement/trilu.js";
import { batchNormalizationOp } from "./normalization/batch-normalization.js";
import { groupNormalizationOp, instanceNormalizationOp } from "./normalization/group-normalization.js";
import { layerNormalizationOp, rmsNormalizationOp } from "./normalization/layer-normalization.js";
import { lpNormalizationOp, lrnOp, meanVarianceNormalizationOp } from "./normalization/vector-normalization.js";
import { einsumOp } from "./products/einsum.js";
import { gemmOp, matMulOp } from "./products/matmul.js";
import {
  cumSumOp,
  reduceL1Op,
  reduceL2Op,
  reduceLogSumExpOp,
  reduceLogSumOp,
  reduceProdOp,
} from "./reduction/norm-reduction.js";
import {
  argMaxOp,
  argMinOp,
  reduceMaxOp,
  reduceMeanOp,
  reduceMinOp,
  reduceSumOp,
  reduceSumSquareOp,
} from "./reduction/reduction.js";
import { hardmaxOp, logSoftmaxOp, softmaxOp } from "./reduction/softmax.js";
import { resizeOp } from "./resize/resize.js";
import { col2ImOp } from "./windows/columns.js";
import { convOp, convTransposeOp } from "./windows/convolution.js";
import { globalAveragePoolOp, globalLpPoolOp, globalMaxPoolOp } from "./windows/global-pooling.js";
import { lpPoolOp } from "./windows/lp-pooling.js";
import { averagePoolOp, maxPoolOp } from "./windows/pooling.js";

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
