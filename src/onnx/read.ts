// ONNX file -> Graph. Operators are looked up in our table; everything else is refused with a list of what it was.
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
  /** Extents of axes that the file leaves open, by the axis' name (`batch`) or place (`input[0]`). */
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
  /** Values of the initializers that became inputs: what `writeOnnx` takes as `initializers`. */
  readonly initializers: ReadonlyMap<Tensor, TensorData>;
  readonly opset: number;
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a model as a graph; initializers become constants, or inputs with `parameters`.
 * @param where the file, for messages.
 * @throws TrainscopeError only: CorruptFileError for damage, InvalidInputError for what we do not have.
 */
export function readOnnx(bytes: Uint8Array, where: string, options: ReadOptions = {}): Graph {
  return readOnnxModel(bytes, where, options).graph;
}

/** As `readOnnx`, with everything else that the file says. */
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
