// What `trainscope train` trains: a model of the catalogue, of a JSON file, of an .onnx file.
import { basename } from "node:path";
import { InvalidInputError } from "../../core/errors.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { Dataset } from "../../data/dataset.js";
import { readInitializer } from "../../nn/initializers.js";
import type { LayerSpec } from "../../nn/layer.js";
import { modelByName } from "../../nn/models.js";
import { layerNetwork, type NetworkSource } from "../../nn/network.js";
import { readLayer } from "../../nn/read-layer.js";
import { type ModelInitializers, withInitializers } from "../../nn/with-initializers.js";
import { readModelFile } from "../../node/model-file.js";
import type { SavedModel } from "../../onnx/save-weights.js";
import { inferenceModel } from "../../train/export.js";
import { onnxNetwork } from "../../train/imported/onnx-network.js";
import type { KindSpec, TrialSpec } from "../../train/spec/trial-spec.js";
import { readModelSpec } from "./files.js";
import type { TrainCommandOptions } from "./options.js";

/** A model, and what is written of it after training. */
export interface TrainableModel {
  /** Names it in the trial. */
  readonly spec: KindSpec;
  readonly network: NetworkSource;
  /** What a user should hear before the training. */
  readonly remarks: readonly string[];
  /**
   * The trained model in inference form, and the file beside it that takes the values where it would be too large.
   * @param tensors parameters and buffers by path.
   */
  inferenceModel(tensors: ReadonlyMap<string, TensorData>, request: ExportRequest): SavedModel;
}

export interface ExportRequest {
  readonly data: Dataset;
  readonly scaling: TrialSpec["data"]["scaling"];
  /** Where the model will be written. */
  readonly path: string;
}

/** The model that the argument stands for. */
export async function readModel(options: TrainCommandOptions): Promise<TrainableModel> {
  const { model, output, parameters, freeze } = options;
  if (/\.onnx$/i.test(model)) {
    checkNoInitializers(options);
    return fileModel(options);
  }
  if (output !== undefined) throw onlyForFiles("have several outputs", "--output", "Leave it out");
  if (parameters !== undefined) {
    throw onlyForFiles(
      "leave open what is a parameter",
      "--parameters",
      "Hold parameters of a model of layers with --freeze",
    );
  }
  return layerModel(withInitializers(await readLayers(model), initializersFrom(options)), freeze);
}

function onlyForFiles(what: string, where: string, remedy: string): InvalidInputError {
  return new InvalidInputError(`only models from .onnx files ${what}`, { where, remedy });
}

/** How weights and biases begin, where flags say so; read once here for messages that name the flag. */
function initializersFrom({ initializer, biasInitializer }: TrainCommandOptions): ModelInitializers {
  return {
    ...(initializer === undefined ? {} : { weights: readInitializer("--initializer", initializer).spec }),
    ...(biasInitializer === undefined ? {} : { biases: readInitializer("--bias-initializer", biasInitializer).spec }),
  };
}

/** Weights of a file are there already. */
function checkNoInitializers({ model, initializer, biasInitializer }: TrainCommandOptions): void {
  if (initializer === undefined && biasInitializer === undefined) return;
  throw new InvalidInputError("a model from an .onnx file begins with the weights in the file", {
    where: initializer === undefined ? "--bias-initializer" : "--initializer",
    received: model,
    remedy: "Leave it out, or give the model as a catalogue name or a JSON spec",
  });
}

/** A catalogue name, or a JSON file. */
async function readLayers(model: string): Promise<LayerSpec> {
  if (/\.json$/i.test(model)) return readLayer(await readModelSpec(model));
  if (!/[\\/]/.test(model)) return modelByName(model);
  throw new InvalidInputError("cannot read this model", {
    where: `model "${model}"`,
    expected: "a catalogue name (lenet5, mlp:784-100-10) or a path that ends in .onnx or .json",
    received: model,
  });
}

/** Weights of the file are what the training starts from, so that they are part of the trial's name. */
async function fileModel({ model, output, parameters, freeze }: TrainCommandOptions): Promise<TrainableModel> {
  const { bytes, readExternal } = await readModelFile(model);
  const network = onnxNetwork(bytes, model, {
    freeze,
    readExternal,
    ...(output === undefined ? {} : { output }),
    ...(parameters === undefined ? {} : { parameters }),
  });
  return {
    spec: network.spec,
    network,
    remarks: network.remarks,
    inferenceModel: (tensors, { path }) => network.save(tensors, { externalName: `${basename(path)}.data` }),
  };
}

function layerModel(spec: LayerSpec, freeze: readonly string[]): TrainableModel {
  const network = layerNetwork(spec, freeze);
  return {
    spec: spec as KindSpec,
    network,
    remarks: [],
    inferenceModel: (tensors, { data: { id, inputShape, normalization }, scaling }) => ({
      model: inferenceModel({
        network,
        inputShapes: [inputShape],
        tensors,
        metadata: {
          dataset: id,
          scaling,
          ...(normalization === undefined ? {} : { normalization: JSON.stringify(normalization) }),
        },
      }),
    }),
  };
}
