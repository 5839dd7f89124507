// Infers how many values the TorchScript exporter removed, from the counters in its generated names.
import type { NodeProto } from "../file/generated/onnx_pb.js";
import type { OnnxFile } from "../file/onnx-file.js";
import { freeInputs } from "../forms/graph-builder.js";
import { operatorKey } from "../forms/node-form.js";

/**
 * Number of values that the traced program had before batch normalizations were folded, and that left no trace in the
 * file.
 *
 * `torch.onnx.export(dynamo=False)` numbers the values of its graph: inputs first, then parameters and buffers, then
 * the outputs of nodes. Folding comes next; it takes one number for the new node and names the kernel and bias of the
 * first convolution by the following ones: a graph with n values yields `onnx::Conv_{n + 1}` and `onnx::Conv_{n + 2}`.
 * The values that must have existed can be counted too: inputs, stored tensors, outputs of nodes, and for every folded
 * pair the output of the normalization, the kernel and five more tensors (scale, shift, mean, variance, number of
 * batches). The difference is the number of biases of folded convolutions, and of constants that were folded later.
 * @param folded nodes with a folded normalization, whose kernel and bias have names with counters.
 */
export function hiddenValues(file: OnnxFile, folded: readonly NodeProto[]): number {
  const { graph } = file;
  const stored = new Set(graph.initializer.map(({ name }) => name));
  const isCopy = (node: NodeProto): boolean => operatorKey(node) === "Identity" && stored.has(node.input[0]);
  const foldedNames = new Set(folded.flatMap(({ input }) => [input[1], input[2]]));
  const tensors = [
    ...graph.initializer.map(({ name }) => name),
    // Equal tensors are stored once; Identity nodes make the copies.
    ...graph.node.filter(isCopy).map(({ output }) => output[0]),
  ].filter((name) => !foldedNames.has(name));
  const values = graph.node.filter((node) => !isCopy(node)).reduce((count, { output }) => count + output.length, 0);
  // The number of batches is one of the tensors of a normalization, but no node reads it.
  const normalizations = graph.node.filter((node) => operatorKey(node) === "BatchNormalization").length;
  const [kernel, statistics, output] = [1, 5, 1];
  const seen =
    freeInputs(file).length + tensors.length + values + normalizations + folded.length * (kernel + statistics + output);
  const first = Math.min(...folded.map(({ input }) => Number(/_(\d+)$/.exec(input[1])?.[1])));
  return first - 1 - seen;
}
