// Everything that describes a network; users write it as `nn.dense(...)`.

// Layers: each a function from options to a spec, plain JSON with defaults filled in. `layers` is the table of all.
export { multiHeadSelfAttention } from "./layers/attention.js";
export { batchNorm } from "./layers/normalization/batch-norm.js";
export { conv1d, conv2d, conv3d } from "./layers/convolution.js";
export { dense } from "./layers/dense.js";
export { dropout } from "./layers/dropout.js";
export { embedding, positionalEmbedding } from "./layers/embedding.js";
export { flatten } from "./layers/flatten.js";
export { globalAveragePool, globalMaxPool } from "./layers/global-pool.js";
export { groupNorm, instanceNorm } from "./layers/normalization/group-norm.js";
export { layerNorm, rmsNorm } from "./layers/normalization/layer-norm.js";
export { localResponseNorm } from "./layers/normalization/local-response-norm.js";
export { padTo } from "./layers/pad-to.js";
export { parallel } from "./layers/containers/parallel.js";
export { averagePool1d, averagePool2d, averagePool3d, maxPool1d, maxPool2d, maxPool3d } from "./layers/pooling.js";
export { reshape, transpose } from "./layers/rearrangement.js";
export { residual } from "./layers/containers/residual.js";
export { sequential } from "./layers/containers/sequential.js";
export { shared } from "./layers/containers/shared.js";
export { convTranspose1d, convTranspose2d, convTranspose3d } from "./layers/transposed-convolution.js";
export { upsample } from "./layers/upsample.js";
export { zeroPadding } from "./layers/zero-padding.js";
export { transformerEncoderBlock } from "./layers/transformer-encoder-block.js";
export { layers } from "./layers/index.js";
export type { LayerSpec } from "./layer.js";

// An activation as a function of numbers.
export { type PointwiseFunction, pointwise } from "./pointwise.js";

// Augmentations: random changes of the images of training batches. `augmentations` is the table of all.
export { randomHorizontalFlip } from "./augmentations/random-horizontal-flip.js";
export { randomShift } from "./augmentations/random-shift.js";
export { augmentations } from "./augmentations.js";

// Activations; all but prelu have no parameters.
export {
  celu,
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  logSoftmax,
  mish,
  relu,
  relu6,
  selu,
  shrink,
  sigmoid,
  silu,
  softmax,
  softplus,
  softsign,
  tanh,
  thresholdedRelu,
} from "./activations.js";
export { prelu } from "./layers/prelu.js";

// Whole networks from a few options: each a function from options to a model spec. `models` is the table of all.
export { alexnet } from "./models/alexnet.js";
export { densenet121 } from "./models/densenet.js";
export { googlenet } from "./models/googlenet.js";
export { inceptionNaive, inceptionReduced } from "./models/inception-modules.js";
export { lenet5, lenet5AsCoded } from "./models/lenet5.js";
export { miniGoogLeNet } from "./models/mini-googlenet.js";
export { mlp } from "./models/mlp.js";
export { mobilenetV2 } from "./models/mobilenet-v2.js";
export { resnet18, resnet34, resnet50, resnet101, resnet152 } from "./models/resnet.js";
export { squeezenet1_0, squeezenet1_1 } from "./models/squeezenet.js";
export { vgg11, vgg13, vgg16, vgg19 } from "./models/vgg.js";
export { visionTransformer } from "./models/vision-transformer.js";
export { modelByName, models } from "./models.js";

// Initializers of parameters, by name or with options in a layer's `weightInitializer`, or for a whole model.
export { constantInitializer, normal, ones, truncatedNormal, uniform, zeros } from "./initializers/distributions.js";
export { calculateGain } from "./initializers/gain.js";
export { identity, orthogonal } from "./initializers/matrices.js";
export { randomizedAsymmetric } from "./initializers/randomized-asymmetric.js";
export {
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  lecunNormal,
  lecunUniform,
  torchDefault,
} from "./initializers/variance-scaling.js";
export { initializers } from "./initializers.js";
export { withInitializers } from "./with-initializers.js";

// Losses: what training minimizes.
export { binaryCrossEntropy, binaryCrossEntropyWithLogits, hinge } from "./losses/binary-losses.js";
export { categoricalCrossEntropy, crossEntropy, multiMargin, negativeLogLikelihood } from "./losses/class-losses.js";
export { huber, meanAbsoluteError, meanSquaredError, smoothL1 } from "./losses/value-losses.js";
export { losses } from "./losses.js";

// From a spec to symbolic tensors, for building your own graphs.
export { type BuildOptions, buildNetwork, type Network, parameterCount } from "./network.js";
