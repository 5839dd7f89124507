// Finds the uses of stored tensors in a graph, and copies tensors under new names.
import { clone } from "@bufbuild/protobuf";
import {
  type GraphProto,
  type NodeProto,
  type TensorProto,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "../file/generated/onnx_pb.js";

export interface Use {
  readonly node: NodeProto;
  readonly index: number;
}

/** All node inputs that read each value, in node order. */
export function usesByName(nodes: readonly NodeProto[]): Map<string, Use[]> {
  const uses = new Map<string, Use[]>();
  for (const node of nodes) {
    for (const [index, name] of node.input.entries()) {
      const list = uses.get(name) ?? [];
      list.push({ node, index });
      uses.set(name, list);
    }
  }
  return uses;
}

/** A copy of a stored tensor under another name; the bytes are shared. */
function copyOf(stored: TensorProto, name: string): TensorProto {
  const bytes = stored.rawData;
  stored.rawData = new Uint8Array(0);
  const copy = clone(TensorProtoSchema, stored);
  stored.rawData = bytes;
  copy.rawData = bytes;
  copy.name = name;
  return copy;
}

/** Adds a copy of a stored tensor to the graph. Before IR version 4, files also list initializers as inputs. */
export function addCopy(graph: GraphProto, stored: TensorProto, name: string): void {
  graph.initializer.push(copyOf(stored, name));
  const listed = graph.input.find((info) => info.name === stored.name);
  if (listed !== undefined) graph.input.push({ ...clone(ValueInfoProtoSchema, listed), name });
}

/** Returns an unused name similar to `wish`, and adds it to `taken`. */
export function unused(wish: string, taken: Set<string>): string {
  let name = wish;
  for (let n = 1; taken.has(name); n++) name = `${wish}_${n}`;
  taken.add(name);
  return name;
}

/** All names of values in a graph. */
export function takenNames(graph: GraphProto): Set<string> {
  return new Set([
    ...graph.input.map(({ name }) => name),
    ...graph.initializer.map(({ name }) => name),
    ...graph.node.flatMap(({ output }) => output),
  ]);
}
