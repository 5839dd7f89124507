// The operators as functions on symbolic tensors; users write them as `ops.matMul(a, b)`.
export { clip, leakyRelu, relu, sigmoid, softplus, tanh } from "./ops/activation.js";
export { add, div, max, min, mod, mul, pow, sub, sum } from "./ops/arithmetic.js";
export { bitShift, bitwiseAnd, bitwiseXor } from "./ops/bits.js";
export { cast } from "./ops/cast.js";
export { and, equal, greater, greaterOrEqual, less, lessOrEqual, not, or } from "./ops/comparison.js";
export { conv, convTranspose } from "./ops/convolution.js";
export { gather, gatherElements, oneHot, scatterElements } from "./ops/indexing.js";
export { loop } from "./ops/loop.js";
export { gemm, matMul } from "./ops/matmul.js";
export { batchNormalization } from "./ops/normalization.js";
export { averagePool, globalAveragePool, maxPool } from "./ops/pooling.js";
export { argMax, reduceMax, reduceMean, reduceMin, reduceSum, reduceSumSquare } from "./ops/reduction.js";
export { where } from "./ops/selection.js";
export { expand, flatten, reshape, squeeze, transpose, unsqueeze } from "./ops/shape-movement.js";
export { concat, pad, slice, split } from "./ops/slicing.js";
export { logSoftmax, softmax } from "./ops/softmax.js";
export { abs, ceil, erf, exp, floor, identity, log, neg, reciprocal, round, sign, sqrt } from "./ops/unary.js";
