// The catalogue of models: each a function from a few options to a model spec.
import { readSpec } from "../core/definition.js";
import { specFromText } from "../core/formats/text-form.js";
import { kindByName } from "../core/names.js";
import type { LayerSpec } from "./layer.js";
import { alexnet } from "./models/alexnet.js";
import { densenet121 } from "./models/densenet.js";
import { googlenet } from "./models/googlenet.js";
import { inceptionNaive, inceptionReduced } from "./models/inception-modules.js";
import { lenet5, lenet5AsCoded } from "./models/lenet5.js";
import { miniGoogLeNet } from "./models/mini-googlenet.js";
import { mlp } from "./models/mlp.js";
import { mobilenetV2 } from "./models/mobilenet-v2.js";
import type { ModelPart } from "./models/model.js";
import { resnet18, resnet34, resnet50, resnet101, resnet152 } from "./models/resnet.js";
import { squeezenet1_0, squeezenet1_1 } from "./models/squeezenet.js";
import { vgg11, vgg13, vgg16, vgg19 } from "./models/vgg.js";
import { visionTransformer } from "./models/vision-transformer.js";

export const models = {
  lenet5,
  lenet5AsCoded,
  mlp,
  miniGoogLeNet,
  alexnet,
  vgg11,
  vgg13,
  vgg16,
  vgg19,
  googlenet,
  inceptionNaive,
  inceptionReduced,
  resnet18,
  resnet34,
  resnet50,
  resnet101,
  resnet152,
  mobilenetV2,
  squeezenet1_0,
  squeezenet1_1,
  densenet121,
  visionTransformer,
} as const;

/** The metadata of a model for docs and messages. */
export type ModelEntry = Pick<ModelPart<unknown>, "source"> & { readonly about: string };

/** A catalogue model: its layers, and the shape of one example if the model fixes it. */
export interface CatalogueModel {
  readonly spec: LayerSpec;
  readonly inputShape?: readonly number[];
}

/**
 * The model that a catalogue name with options stands for: `lenet5`, `mlp:784-100-10`,
 * `resnet18:classes=10,stem=cifar`.
 * @throws UnknownNameError | InvalidInputError
 */
export function catalogueModel(text: string, options: Record<string, unknown> = {}): CatalogueModel {
  const colon = text.indexOf(":");
  const name = colon === -1 ? text : text.slice(0, colon);
  const { kind, options: brought } = kindByName({ where: "model", what: "model" }, name, models);
  const part = models[kind as keyof typeof models] as unknown as ModelPart<unknown>;
  const rest = colon === -1 ? undefined : text.slice(colon + 1);
  const parsed =
    rest === undefined
      ? brought
      : part.parse !== undefined
        ? part.parse(rest)
        : specFromText("model", "model", text, models);
  const { spec } = readSpec("model", "model", models, { ...parsed, kind, ...options });
  const { inputShape } = part;
  const shape = typeof inputShape === "function" ? inputShape(spec) : inputShape;
  return { spec: part.model(spec), ...(shape === undefined ? {} : { inputShape: shape }) };
}

/** The layers of `catalogueModel` alone. @throws UnknownNameError | InvalidInputError */
export function modelByName(text: string, options: Record<string, unknown> = {}): LayerSpec {
  return catalogueModel(text, options).spec;
}
