// The networks that the study accounts for: models of the catalogue, each at the input that its source names.
import type { LayerSpec } from "../../nn/layer.js";
import { catalogueModel } from "../../nn/models.js";

export interface StudiedNetwork {
  readonly title: string;
  /** As on the command line: `alexnet:form=grouped`. */
  readonly model: string;
  readonly spec: LayerSpec;
  /** Channels, height, width. */
  readonly inputShape: readonly number[];
  /** How layers are numbered where people speak of them: `conv5` by layer, or `conv5_1` by stage. */
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

/** Every network of the study by its id, which names variants of findings. */
export const networks = {
  alexnet: network("AlexNet, one tower, 227", "alexnet"),
  /** What “224 is the width” makes of it. */
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
