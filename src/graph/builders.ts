// The operators as functions on symbolic tensors; users write them as `ops.matMul(a, b)`.
export { clip, leakyRelu, relu, sigmoid, softplus, tanh } from "./ops/activation.js";
export { add, div, max, mean, min, mul, pow, sub, sum } from "./ops/arithmetic.js";
export { bitShift } from "./ops/bit-shift.js";
export { bitwiseAnd, bitwiseNot, bitwiseOr, bitwiseXor } from "./ops/bits.js";
export { cast } from "./ops/cast.js";
export { negativeLogLikelihoodLoss, softmaxCrossEntropyLoss } from "./ops/class-loss.js";
export { and, equal, greater, greaterOrEqual, less, lessOrEqual, not, or, xor } from "./ops/comparison.js";
export { compress, nonZero } from "./ops/compress.js";
export { conv, convTranspose } from "./ops/convolution.js";
export { depthToSpace, spaceToDepth } from "./ops/depth-space.js";
export { einsum } from "./ops/einsum.js";
export { isInfinite, isNotANumber } from "./ops/float-tests.js";
export { globalAveragePool, globalMaxPool } from "./ops/global-pooling.js";
export { groupNormalization, instanceNormalization } from "./ops/group-normalization.js";
export { gather, gatherElements, scatterElements } from "./ops/indexing.js";
export { gatherND, scatterND } from "./ops/indexing-nd.js";
export { rmsNormalization } from "./ops/layer-normalization.js";
export { loop } from "./ops/loop.js";
export { lpPool } from "./ops/lp-pooling.js";
export { gemm, matMul } from "./ops/matmul.js";
export { mod } from "./ops/mod.js";
export {
  celu,
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  mish,
  prelu,
  selu,
  softsign,
  thresholdedRelu,
} from "./ops/more-activations.js";
export { cumSum, reduceL1, reduceL2, reduceLogSum, reduceLogSumExp, reduceProd } from "./ops/norm-reduction.js";
export { batchNormalization } from "./ops/normalization.js";
export { oneHot } from "./ops/one-hot.js";
export { pad } from "./ops/padding.js";
export { averagePool, maxPool } from "./ops/pooling.js";
export { argMax, reduceMax, reduceMean, reduceMin, reduceSum, reduceSumSquare } from "./ops/reduction.js";
export { where } from "./ops/selection.js";
export { expand, flatten, reshape, squeeze, transpose, unsqueeze } from "./ops/shape-movement.js";
export { constantOfShape, eyeLike, range, shapeOf, size } from "./ops/shape-values.js";
export { shrink, swish } from "./ops/shrinking.js";
export { concat, slice, split } from "./ops/slicing.js";
export { hardmax, logSoftmax, softmax } from "./ops/softmax.js";
export { tile } from "./ops/tile.js";
export { topK } from "./ops/top-k.js";
export { acos, acosh, asin, asinh, atan, atanh, cos, cosh, sin, sinh, tan } from "./ops/trigonometric.js";
export { trilu } from "./ops/trilu.js";
export { abs, ceil, erf, exp, floor, identity, log, neg, reciprocal, round, sign, sqrt } from "./ops/unary.js";
export { localResponseNormalization, lpNormalization, meanVarianceNormalization } from "./ops/vector-normalization.js";
