// A trained network as an ONNX model for inference: weights inside, batch size free.
import { InvalidInputError, ShapeError } from "../core/errors.js";
import { type Shape, sameShape, shapeText } from "../core/numbers/shape.js";
import type { TensorData } from "../core/numbers/tensor-data.js";
import { graph } from "../graph/graph.js";
import { simplify } from "../graph/passes/simplify.js";
import type { Tensor } from "../graph/tensor.js";
import type { NetworkSource } from "../nn/network.js";
import { writeOnnx } from "../onnx/write.js";

export interface ExportRequest {
  readonly network: NetworkSource;
  /** Shape of one example of every input. */
  readonly inputShapes: readonly Shape[];
  /** Parameters and buffers by path. */
  readonly tensors: ReadonlyMap<string, TensorData>;
  /** What a reader must know to feed it: scaling, data set. Shown by model viewers. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes the network with inference statistics and without dropout. Input `input` `[batch, ...inputShape]` float32,
 * normalized as in training; output `output`. Weights keep their paths as names.
 * @throws InvalidInputError | ShapeError when a tensor is missing or has another shape.
 */
export function inferenceModel({ network, inputShapes, tensors, metadata }: ExportRequest): Uint8Array<ArrayBuffer> {
  const built = network.build({ mode: "inference", batchSize: 1, inputShapes });
  const initializers = new Map<Tensor, TensorData>();
  for (const { path, tensor } of [...built.parameters, ...built.frozen, ...built.buffers]) {
    const value = tensors.get(path);
    if (value === undefined) throw new InvalidInputError(`missing tensor "${path}"`, { where: "inferenceModel" });
    if (!sameShape(value.shape, tensor.shape)) {
      throw new ShapeError(`tensor "${path}" does not fit the model`, {
        where: "inferenceModel",
        expected: shapeText(tensor.shape),
        received: shapeText(value.shape),
      });
    }
    initializers.set(tensor, value);
  }
  const inputs = [...built.inputs, ...initializers.keys()];
  return writeOnnx(simplify(graph(inputs, { output: built.output })), {
    name: "network",
    initializers,
    ...(metadata === undefined ? {} : { metadata }),
  });
}
