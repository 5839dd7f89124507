// What stands before and behind a node of a file: whether attention follows, and whether a product of one column precedes.
import type { NodeProto } from "../file/generated/onnx_pb.js";
import type { OnnxFile } from "../file/onnx-file.js";
import { operatorKey } from "../forms/node-form.js";
import { isCarried, placeOf } from "./weight-places.js";

/** What scores pass between their scale and the softmax: other arithmetic, masks, movements, and the product itself. */
const betweenScores = new Set(
  "Add Sub Mul Div Where Max Min Clip MatMul Einsum Reshape Transpose Unsqueeze Squeeze Cast Identity Tanh".split(" "),
);
const afterSoftmax = new Set("Dropout Mul Where IsNaN Cast Identity Reshape Transpose Unsqueeze Squeeze".split(" "));
const products = ["MatMul", "Einsum"];
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

  /** Whether the output of the node becomes scores of attention: a softmax whose weights a product takes. */
  isBeforeAttention(node: NodeProto): boolean {
    const softmaxes = this.#reached(node, betweenScores, "Softmax");
    return softmaxes.some((softmax) => products.some((key) => this.#reached(softmax, afterSoftmax, key).length > 0));
  }

  /** The nearest nodes of one operator behind a node, through nodes of some others. */
  #reached(from: NodeProto, through: ReadonlySet<string>, wanted: string): NodeProto[] {
    const found: NodeProto[] = [];
    const seen = new Set<NodeProto>([from]);
    const queue = [from];
    for (let next = queue.shift(); next !== undefined && seen.size < mostNodes; next = queue.shift()) {
      for (const reader of next.output.flatMap((name) => this.#readers.get(name) ?? [])) {
        if (seen.has(reader)) continue;
        seen.add(reader);
        if (operatorKey(reader) === wanted) found.push(reader);
        else if (through.has(operatorKey(reader))) queue.push(reader);
      }
    }
    return found;
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
