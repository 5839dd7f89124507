// What `trainscope train` trains: a model of the catalogue, of a JSON file, of an .onnx file.
import { InvalidInputError } from "../../core/errors.js";
import type { TensorData } from "../../core/tensor-data.js";
import type { Dataset } from "../../data/dataset.js";
import type { LayerSpec } from "../../nn/layer.js";
import { modelByName } from "../../nn/models.js";
import { layerNetwork, type NetworkSource } from "../../nn/network.js";
import { inferenceModel } from "../../train/export.js";
import type { KindSpec, TrialSpec } from "../../train/trial-spec.js";
import type { TrainOptions } from "../commands/train.js";
import { readModelSpec } from "./train-files.js";

/** A model, and what is written of it after training. */
export interface TrainableModel {
  /** Names it in the trial. */
  readonly spec: KindSpec;
  readonly network: NetworkSource;
  /** The trained model in inference form. @param tensors parameters and buffers by path. */
  inferenceModel(
    tensors: ReadonlyMap<string, TensorData>,
    data: Dataset,
    scaling: TrialSpec["data"]["scaling"],
  ): Uint8Array;
}

/** The model that the argument stands for. */
export async function readModel(options: TrainOptions): Promise<TrainableModel> {
  const { model, output, freeze } = options;
  if (output !== undefined) {
    throw new InvalidInputError("only models from .onnx files have several outputs", {
      where: "--output",
      remedy: "Leave it out",
    });
  }
  return layerModel(await readLayers(model), freeze);
}

/** A catalogue name, or a JSON file. */
async function readLayers(model: string): Promise<LayerSpec> {
  if (/\.json$/i.test(model)) return readModelSpec(model);
  if (!/[\\/]/.test(model)) return modelByName(model);
  throw new InvalidInputError("cannot read this model", {
    where: `model "${model}"`,
    expected: "a catalogue name (lenet5, mlp:784-100-10) or a path that ends in .onnx or .json",
    received: model,
  });
}

function layerModel(spec: LayerSpec, freeze: readonly string[]): TrainableModel {
  const network = layerNetwork(spec, freeze);
  return {
    spec: spec as KindSpec,
    network,
    inferenceModel: (tensors, { id, inputShape, normalization }, scaling) =>
      inferenceModel({
        network,
        inputShapes: [inputShape],
        tensors,
        metadata: {
          dataset: id,
          scaling,
          ...(normalization === undefined ? {} : { normalization: JSON.stringify(normalization) }),
        },
      }),
  };
}
