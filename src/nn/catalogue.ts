// The catalogue as functions: options in, a model spec out, ready for `train` and `sequential`.
import type { z } from "zod";
import type { LayerSpec } from "./layer.js";
import { models } from "./models.js";

export { modelByName } from "./models.js";

/** LeNet-5 with ReLU and max-pooling, for 28 x 28 images: `lenet5({ batchNorm: "hidden" })`. */
export function lenet5(options: z.input<typeof models.lenet5.options> = {}): LayerSpec {
  return models.lenet5.model(models.lenet5(options));
}

/** LeNet-5 with the faults of a lab report (softmax before the loss), to show what they do; not for use. */
export function lenet5AsCoded(options: z.input<typeof models.lenet5AsCoded.options> = {}): LayerSpec {
  return models.lenet5AsCoded.model(models.lenet5AsCoded(options));
}

/** Dense layers with ReLU between them: `mlp({ widths: [784, 100, 10] })`, inputs first. */
export function mlp(options: z.input<typeof models.mlp.options> = {}): LayerSpec {
  return models.mlp.model(models.mlp(options));
}

type Options<Kind extends keyof typeof models> = z.input<(typeof models)[Kind]["options"]>;

/** MiniGoogLeNet, for 32 x 32 images; smaller ones get a margin of zeros. */
export function miniGoogLeNet(options: Options<"miniGoogLeNet"> = {}): LayerSpec {
  return models.miniGoogLeNet.model(models.miniGoogLeNet(options));
}

/** AlexNet in one tower: `alexnet({ stem: "small", classes: 10 })` for small images. */
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

/** A vision transformer over patches: `visionTransformer({ patch: 4, features: 64, depth: 4, heads: 4 })`. */
export function visionTransformer(options: Options<"visionTransformer"> = {}): LayerSpec {
  return models.visionTransformer.model(models.visionTransformer(options));
}
