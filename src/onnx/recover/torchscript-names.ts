// What the numbers in the names of PyTorch's older exporter tell: how many values there were that are gone.
import type { NodeProto } from "../file/generated/onnx_pb.js";
import type { OnnxFile } from "../file/onnx-file.js";
import { freeInputs } from "../forms/graph-builder.js";
import { operatorKey } from "../forms/node-form.js";

/**
 * Values that the traced program had before batch normalizations were folded, and of which nothing is left in the file.
 *
 * `torch.onnx.export(dynamo=False)` counts the values of its graph: inputs first, then parameters and buffers, then one
 * for every output of a node. Folding comes next and names the kernel and the bias of the first convolution by the
 * counter, after one number for the new node: a graph with n values gives `onnx::Conv_{n + 1}` and `onnx::Conv_{n + 2}`.
 * What was there at least can be counted as well: inputs, stored tensors, outputs of nodes, and for every folded pair the
 * output of the normalization, the kernel and five more tensors (scale, shift, mean, variance, number of batches). The
 * rest are biases of the folded convolutions, and constants that were folded later.
 * @param folded nodes with a normalization folded in, kernel and bias with counted names.
 */
export function hiddenValues(file: OnnxFile, folded: readonly NodeProto[]): number {
  const { graph } = file;
  const stored = new Set(graph.initializer.map(({ name }) => name));
  const isCopy = (node: NodeProto): boolean => operatorKey(node) === "Identity" && stored.has(node.input[0]);
  const foldedNames = new Set(folded.flatMap(({ input }) => [input[1], input[2]]));
  const tensors = [
    ...graph.initializer.map(({ name }) => name),
    // Equal tensors are stored once, the others are copies of them.
    ...graph.node.filter(isCopy).map(({ output }) => output[0]),
  ].filter((name) => !foldedNames.has(name));
  const values = graph.node.filter((node) => !isCopy(node)).reduce((count, { output }) => count + output.length, 0);
  // The number of batches is counted with the tensors of a normalization and read by no node.
  const normalizations = graph.node.filter((node) => operatorKey(node) === "BatchNormalization").length;
  const [kernel, statistics, output] = [1, 5, 1];
  const seen =
    freeInputs(file).length + tensors.length + values + normalizations + folded.length * (kernel + statistics + output);
  const first = Math.min(...folded.map(({ input }) => Number(/_(\d+)$/.exec(input[1])?.[1])));
  return first - 1 - seen;
}
