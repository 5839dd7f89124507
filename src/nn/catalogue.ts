// The catalogue as functions from options to a model spec, for use in `train` and `sequential`.
import type { z } from "zod";
import type { LayerSpec } from "./layer.js";
import { models } from "./models.js";

export { modelByName } from "./models.js";

/** LeNet-5 with ReLU and max-pooling, for 28 x 28 images: `lenet5({ batchNorm: "hidden" })`. */
export function lenet5(options: z.input<typeof models.lenet5.options> = {}): LayerSpec {
  return models.lenet5.model(models.lenet5(options));
}

/** LeNet-5 with the faults of a lab report (softmax before the loss), to show their effect; not for real use. */
export function lenet5AsCoded(options: z.input<typeof models.lenet5AsCoded.options> = {}): LayerSpec {
  return models.lenet5AsCoded.model(models.lenet5AsCoded(options));
}

/** Dense layers with ReLU between them: `mlp({ widths: [784, 100, 10] })`, inputs first. */
export function mlp(options: z.input<typeof models.mlp.options> = {}): LayerSpec {
  return models.mlp.model(models.mlp(options));
}

type Options<Kind extends keyof typeof models> = z.input<(typeof models)[Kind]["options"]>;

/** MiniGoogLeNet, for 32 x 32 images; smaller ones are padded with zeros. */
export function miniGoogLeNet(options: Options<"miniGoogLeNet"> = {}): LayerSpec {
  return models.miniGoogLeNet.model(models.miniGoogLeNet(options));
}

/**
 * AlexNet: `alexnet({ stem: "small", classes: 10 })` for small images, `alexnet({ form: "torchvision" })` for its
 * weights.
 */
export function alexnet(options: Options<"alexnet"> = {}): LayerSpec {
  return models.alexnet.model(models.alexnet(options));
}

/** VGG with 11 layers of weights. */
export function vgg11(options: Options<"vgg11"> = {}): LayerSpec {
  return models.vgg11.model(models.vgg11(options));
}

/** VGG with 13 layers of weights. */
export function vgg13(options: Options<"vgg13"> = {}): LayerSpec {
  return models.vgg13.model(models.vgg13(options));
}

/** VGG with 16 layers of weights: `vgg16({ batchNorm: true, classes: 10 })`. */
export function vgg16(options: Options<"vgg16"> = {}): LayerSpec {
  return models.vgg16.model(models.vgg16(options));
}

/** VGG with 19 layers of weights. */
export function vgg19(options: Options<"vgg19"> = {}): LayerSpec {
  return models.vgg19.model(models.vgg19(options));
}

/** ResNet with 18 layers of weights: `resnet18({ stem: "cifar", classes: 10 })` for small images. */
export function resnet18(options: Options<"resnet18"> = {}): LayerSpec {
  return models.resnet18.model(models.resnet18(options));
}

/** ResNet with 34 layers of weights. */
export function resnet34(options: Options<"resnet34"> = {}): LayerSpec {
  return models.resnet34.model(models.resnet34(options));
}

/** ResNet with 50 layers of weights, in bottlenecks. */
export function resnet50(options: Options<"resnet50"> = {}): LayerSpec {
  return models.resnet50.model(models.resnet50(options));
}

/** ResNet with 101 layers of weights, in bottlenecks. */
export function resnet101(options: Options<"resnet101"> = {}): LayerSpec {
  return models.resnet101.model(models.resnet101(options));
}

/** ResNet with 152 layers of weights, in bottlenecks. */
export function resnet152(options: Options<"resnet152"> = {}): LayerSpec {
  return models.resnet152.model(models.resnet152(options));
}

/**
 * GoogLeNet (Inception v1) without auxiliary heads: `googlenet({ form: "paper" })` for the one without normalization.
 */
export function googlenet(options: Options<"googlenet"> = {}): LayerSpec {
  return models.googlenet.model(models.googlenet(options));
}

/** An inception module without reductions, on 32 x 32 x 256. */
export function inceptionNaive(options: Options<"inceptionNaive"> = {}): LayerSpec {
  return models.inceptionNaive.model(models.inceptionNaive(options));
}

/** An inception module with 1 x 1 reductions, on 32 x 32 x 256. */
export function inceptionReduced(options: Options<"inceptionReduced"> = {}): LayerSpec {
  return models.inceptionReduced.model(models.inceptionReduced(options));
}

/** MobileNetV2: `mobilenetV2({ width: 0.5 })` for half the filters. */
export function mobilenetV2(options: Options<"mobilenetV2"> = {}): LayerSpec {
  return models.mobilenetV2.model(models.mobilenetV2(options));
}

/** SqueezeNet 1.0. */
export function squeezenet1_0(options: Options<"squeezenet1_0"> = {}): LayerSpec {
  return models.squeezenet1_0.model(models.squeezenet1_0(options));
}

/** SqueezeNet 1.1, which pools earlier. */
export function squeezenet1_1(options: Options<"squeezenet1_1"> = {}): LayerSpec {
  return models.squeezenet1_1.model(models.squeezenet1_1(options));
}

/** DenseNet with 121 layers of weights. */
export function densenet121(options: Options<"densenet121"> = {}): LayerSpec {
  return models.densenet121.model(models.densenet121(options));
}

/** A vision transformer over patches: `visionTransformer({ patch: 4, features: 64, depth: 4, heads: 4 })`. */
export function visionTransformer(options: Options<"visionTransformer"> = {}): LayerSpec {
  return models.visionTransformer.model(models.visionTransformer(options));
}
