// The networks of the study: catalogue models, each with the input size of its source.
import type { LayerSpec } from "../../nn/layer.js";
import { catalogueModel } from "../../nn/models.js";

export interface StudiedNetwork {
  readonly title: string;
  /** The name as on the command line: `alexnet:form=grouped`. */
  readonly model: string;
  readonly spec: LayerSpec;
  /** Channels, height, width. */
  readonly inputShape: readonly number[];
  /** The usual numbering of layers: `conv5` by layer, or `conv5_1` by stage. */
  readonly numbering: "layer" | "stage";
}

function network(
  title: string,
  model: string,
  options: Partial<Pick<StudiedNetwork, "inputShape" | "numbering">> = {},
): StudiedNetwork {
  const { spec, inputShape = [] } = catalogueModel(model);
  return { title, model, spec, inputShape, numbering: "layer", ...options };
}

const byStage = { numbering: "stage" } as const;

/** Every network of the study by its id, the variant of its findings. */
export const networks = {
  alexnet: network("AlexNet, one tower, 227", "alexnet"),
  /** The network if “224 is the width” were true. */
  alexnetAt224: network("AlexNet, one tower, 224", "alexnet", { inputShape: [3, 224, 224] }),
  alexnetTwoGpu: network("AlexNet, two GPUs, 227", "alexnet:form=grouped"),
  alexnetTorchvision: network("AlexNet, torchvision, 224", "alexnet:form=torchvision"),
  vgg16: network("VGG-16", "vgg16", byStage),
  vgg19: network("VGG-19", "vgg19", byStage),
  inceptionNaive: network("Inception, naive", "inceptionNaive"),
  inceptionReduced: network("Inception, reduced", "inceptionReduced"),
  inceptionReduced64: network("Inception, reducers of 64", "inceptionReduced:reduceThrees=64,reduceFives=64"),
} as const;

export type NetworkId = keyof typeof networks;
