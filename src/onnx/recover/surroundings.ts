// What stands before and behind a node of a file: whether a softmax follows, and whether a product of one column precedes.
import type { NodeProto } from "../file/generated/onnx_pb.js";
import type { OnnxFile } from "../file/onnx-file.js";
import { operatorKey } from "../forms/node-form.js";
import { isCarried, placeOf } from "./weight-places.js";

/** What scores pass between their scale and the softmax: other arithmetic, masks, movements, and the product itself. */
const betweenScores = new Set(
  "Add Sub Mul Div Where Max Min Clip MatMul Einsum Reshape Transpose Unsqueeze Squeeze Cast Identity Tanh".split(" "),
);
const mostNodes = 64;

export class Surroundings {
  readonly #makers = new Map<string, NodeProto>();
  readonly #readers = new Map<string, NodeProto[]>();
  readonly #dims: ReadonlyMap<string, readonly bigint[]>;

  constructor({ graph, inlined }: OnnxFile) {
    this.#dims = new Map(graph.initializer.map(({ name, dims }) => [name, dims]));
    for (const node of inlined.nodes) {
      for (const output of node.output) this.#makers.set(output, node);
      for (const name of node.input) this.#readers.set(name, [...(this.#readers.get(name) ?? []), node]);
    }
  }

  /** Whether an output of the node reaches a softmax through arithmetic and products. */
  isBeforeSoftmax(node: NodeProto): boolean {
    const seen = new Set<NodeProto>([node]);
    const queue = [node];
    for (let next = queue.shift(); next !== undefined && seen.size < mostNodes; next = queue.shift()) {
      for (const reader of next.output.flatMap((name) => this.#readers.get(name) ?? [])) {
        if (operatorKey(reader) === "Softmax") return true;
        if (seen.has(reader) || !betweenScores.has(operatorKey(reader))) continue;
        seen.add(reader);
        queue.push(reader);
      }
    }
    return false;
  }

  /** Whether the node adds to the one column, or channel, that a product with a stored weight gives. */
  addsToOneColumn(node: NodeProto): boolean {
    return operatorKey(node) === "Add" && node.input.some((name) => this.#isOneColumn(name));
  }

  #isOneColumn(name: string): boolean {
    const maker = this.#makers.get(name);
    if (maker === undefined) return false;
    if (isCarried(maker, 0)) return this.#isOneColumn(maker.input[0]);
    return maker.input.some(
      (input, index) => placeOf(maker, index) === "weight" && this.#dims.get(input)?.some((extent) => extent === 1n),
    );
  }
}
