// Reads an ONNX file into a Graph. One error lists all operators that our table does not have.
//
//   bytes --openOnnx--> OnnxFile --buildGraph--> Graph
import { isFloat } from "../core/numbers/dtype.js";
import type { TensorData } from "../core/numbers/tensor-data.js";
import { input } from "../graph/build.js";
import type { Graph, Tensor } from "../graph/tensor.js";
import { type FileOptions, openOnnx } from "./file/onnx-file.js";
import { buildGraph } from "./forms/graph-builder.js";
import { inferenceModeForms } from "./forms/mode-forms.js";
import { staticInputNames } from "./static-inputs.js";

export interface ReadOptions extends FileOptions {
  /** Sizes of axes that the file leaves open, by the axis name (`batch`) or position (`input[0]`). */
  readonly extents?: Readonly<Record<string, number>>;
  /**
   * Turns float initializers into graph inputs of the same names and returns their values beside the graph. Static
   * inputs, such as the scales of Resize, stay constants.
   */
  readonly parameters?: boolean;
  /** Reads BatchNormalization and Dropout in inference form, whatever mode the file was exported in. Default false. */
  readonly inference?: boolean;
}

export interface OnnxModel {
  readonly graph: Graph;
  /** Values of the initializers that became inputs, as `writeOnnx` takes them in `initializers`. */
  readonly initializers: ReadonlyMap<Tensor, TensorData>;
  readonly opset: number;
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a model as a graph. Initializers become constants, or inputs with `parameters`.
 * @param where the file, for messages.
 * @throws TrainscopeError only: CorruptFileError for damage, InvalidInputError for unsupported models.
 */
export function readOnnx(bytes: Uint8Array, where: string, options: ReadOptions = {}): Graph {
  return readOnnxModel(bytes, where, options).graph;
}

/** Like `readOnnx`, but also returns the other contents of the file. */
export function readOnnxModel(bytes: Uint8Array, where: string, options: ReadOptions = {}): OnnxModel {
  const file = openOnnx(bytes, where, options);
  const { model, opset } = file;
  const initializers = new Map<Tensor, TensorData>();
  const replaced = new Map<string, Tensor>();
  const staticInputs = staticInputNames(file.graph);
  for (const stored of options.parameters === true ? file.graph.initializer : []) {
    if (staticInputs.has(stored.name)) continue;
    const value = file.tensor(stored);
    if (!isFloat(value.dtype)) continue;
    const tensor = input(stored.name, value.dtype, value.shape);
    initializers.set(tensor, value);
    replaced.set(stored.name, tensor);
  }
  const { inputs, outputs } = buildGraph(file, {
    ...(options.extents === undefined ? {} : { extents: options.extents }),
    ...(options.inference === true ? { forms: inferenceModeForms } : {}),
    replaced,
  });
  const metadata = Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value]));
  return {
    graph: { inputs: [...inputs, ...initializers.keys()], outputs },
    initializers,
    opset,
    producer: model.producerName,
    metadata,
  };
}
