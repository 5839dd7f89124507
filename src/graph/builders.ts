// The operators as functions on symbolic tensors; users write them as `ops.matMul(a, b)`. A test compares them with the table.
export { clip, leakyRelu, relu, sigmoid, softplus, tanh } from "./ops/activation/activation.js";
export { shrink, swish } from "./ops/activation/shrinking.js";
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
} from "./ops/activation/smooth-activations.js";
export { negativeLogLikelihoodLoss, softmaxCrossEntropyLoss } from "./ops/class-loss.js";
export { add, div, max, mean, min, mul, pow, sub, sum } from "./ops/elementwise/arithmetic.js";
export { bitShift } from "./ops/elementwise/bit-shift.js";
export { bitwiseAnd, bitwiseNot, bitwiseOr, bitwiseXor } from "./ops/elementwise/bits.js";
export { cast, castLike } from "./ops/elementwise/cast.js";
export { and, equal, greater, greaterOrEqual, less, lessOrEqual, not, or, xor } from "./ops/elementwise/comparison.js";
export { isInfinite, isNotANumber } from "./ops/elementwise/float-tests.js";
export { mod } from "./ops/elementwise/mod.js";
export { where } from "./ops/elementwise/selection.js";
export { acos, acosh, asin, asinh, atan, atanh, cos, cosh, sin, sinh, tan } from "./ops/elementwise/trigonometric.js";
export {
  abs,
  ceil,
  erf,
  exp,
  floor,
  identity,
  log,
  neg,
  reciprocal,
  round,
  sign,
  sqrt,
} from "./ops/elementwise/unary.js";
export { compress, nonZero } from "./ops/indexing/compress.js";
export { gather, gatherElements, scatterElements } from "./ops/indexing/indexing.js";
export { gatherND, scatterND } from "./ops/indexing/indexing-nd.js";
export { oneHot } from "./ops/indexing/one-hot.js";
export { topK } from "./ops/indexing/top-k.js";
export { loop } from "./ops/loop.js";
export { depthToSpace, spaceToDepth } from "./ops/movement/depth-space.js";
export { pad } from "./ops/movement/padding.js";
export { expand, flatten, reshape, squeeze, transpose, unsqueeze } from "./ops/movement/shape-movement.js";
export { constantOfShape, eyeLike, range, shapeOf, size } from "./ops/movement/shape-values.js";
export { concat, slice, split } from "./ops/movement/slicing.js";
export { tile } from "./ops/movement/tile.js";
export { trilu } from "./ops/movement/trilu.js";
export { batchNormalization } from "./ops/normalization/batch-normalization.js";
export { groupNormalization, instanceNormalization } from "./ops/normalization/group-normalization.js";
export { layerNormalization, rmsNormalization } from "./ops/normalization/layer-normalization.js";
export {
  localResponseNormalization,
  lpNormalization,
  meanVarianceNormalization,
} from "./ops/normalization/vector-normalization.js";
export { einsum } from "./ops/products/einsum.js";
export { gemm, matMul } from "./ops/products/matmul.js";
export {
  cumSum,
  reduceL1,
  reduceL2,
  reduceLogSum,
  reduceLogSumExp,
  reduceProd,
} from "./ops/reduction/norm-reduction.js";
export {
  argMax,
  argMin,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceSum,
  reduceSumSquare,
} from "./ops/reduction/reduction.js";
export { hardmax, logSoftmax, softmax } from "./ops/reduction/softmax.js";
export { resize } from "./ops/resize/resize.js";
export { col2Im } from "./ops/windows/columns.js";
export { conv, convTranspose } from "./ops/windows/convolution.js";
export { globalAveragePool, globalLpPool, globalMaxPool } from "./ops/windows/global-pooling.js";
export { lpPool } from "./ops/windows/lp-pooling.js";
export { averagePool, maxPool } from "./ops/windows/pooling.js";
