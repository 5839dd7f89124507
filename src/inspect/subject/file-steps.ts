// Turns the nodes of a file into steps: the nodes that depend on the inputs, with the parameters that reach them.
import type { Node, Tensor } from "../../graph/tensor.js";
import type { GraphProto, NodeProto } from "../../onnx/file/generated/onnx_pb.js";
import type { OnnxFile } from "../../onnx/file/onnx-file.js";
import { printable } from "../../onnx/file/read-values.js";
import type { LenientValue } from "../../onnx/forms/lenience.js";
import { operatorKey } from "../../onnx/forms/node-form.js";
import { foldedNormalizations } from "../../onnx/recover/folded-normalization.js";
import { ModuleNames } from "./module-names.js";
import { stepNames } from "./step-names.js";
import { type Step, type SubjectParameter, unknownTensor } from "./subject.js";

/** A node of the file and the graph nodes built from it. */
export interface BuiltNode {
  readonly node: NodeProto;
  readonly inputs: readonly LenientValue[];
  readonly outputs: readonly (Tensor | undefined)[];
  /** Why it could not be read. */
  readonly reason?: string;
}

export interface BuiltFile {
  readonly inputs: readonly Tensor[];
  /** In file order. */
  readonly nodes: readonly BuiltNode[];
  /** Parameters, by the tensors that represent them. */
  readonly known: ReadonlyMap<Tensor, SubjectParameter>;
}

/** One step for each node that depends on the inputs. Nodes that only move weights or compute shapes are not steps. */
export function fileSteps(file: OnnxFile, { inputs, nodes, known }: BuiltFile): Step[] {
  const flow = new Flow(inputs, known);
  const folded = new Set(foldedNormalizations(file));
  const names = new ModuleNames();
  const steps: Omit<Step, "name">[] = [];
  for (const built of nodes) {
    const found = built.reason === undefined ? flow.read(built) : flow.unread(built, built.reason);
    if (found === undefined) continue;
    const module = names.of(built.node, found.parameters, folded.has(built.node));
    steps.push({ module, operator: printable(operatorKey(built.node)), ...found });
  }
  return stepNames(steps);
}

type Found = Omit<Step, "name" | "module" | "operator">;

/** Tracks which values depend on the inputs of the model, and which parameters the other values were made from. */
class Flow {
  readonly #flow: Set<Tensor>;
  readonly #reads: Map<Tensor, readonly SubjectParameter[]>;
  readonly #byName: ReadonlyMap<string, SubjectParameter>;
  readonly #seen = new Set<Node>();

  constructor(inputs: readonly Tensor[], known: ReadonlyMap<Tensor, SubjectParameter>) {
    this.#flow = new Set(inputs);
    this.#reads = new Map([...known].map(([tensor, parameter]) => [tensor, [parameter]] as const));
    this.#byName = new Map([...known.values()].map((parameter) => [parameter.name, parameter] as const));
  }

  /** A node that was built. Its inputs are taken from the graph nodes, which may read fewer or capture more. */
  read({ node, outputs }: BuiltNode): Found | undefined {
    const made = outputs.filter((tensor, i) => tensor !== undefined && (node.output[i] ?? "") !== "") as Tensor[];
    const nodes = this.#newNodes(made).filter((node) => this.#enter(node));
    const results = made.filter((tensor) => this.#flow.has(tensor));
    // A node that passes its input through (a Dropout that drops nothing) computes nothing.
    if (nodes.length === 0) return undefined;
    const own = new Set(nodes.flatMap((node) => node.outputs));
    const read = nodes.flatMap((node) => node.inputs).filter((tensor) => tensor !== null && !own.has(tensor));
    const inputs = unique(read.filter((tensor): tensor is Tensor => tensor !== null && this.#flow.has(tensor)));
    const parameters = unique(read.flatMap((tensor) => (tensor === null ? [] : (this.#reads.get(tensor) ?? []))));
    return { nodes, inputs, outputs: results, parameters };
  }

  /** A node that could not be read: only the file's own information is available. */
  unread({ node, inputs, outputs }: BuiltNode, reason: string): Found {
    for (const tensor of outputs) if (tensor !== undefined) this.#flow.add(tensor);
    const given = inputs.filter((value) => value !== null);
    const values = given.filter((value) => value === undefined || this.#flow.has(value));
    const ofInputs = given.flatMap((value) => (value === undefined ? [] : (this.#reads.get(value) ?? [])));
    const ofBodies = node.attribute.flatMap(({ g }) => (g === undefined ? [] : namesReadIn(g)));
    const captured = ofBodies.flatMap((name) => this.#byName.get(name) ?? []);
    return {
      nodes: [],
      inputs: values.map((value) => value ?? unknownTensor),
      outputs: node.output.flatMap((name, i) => (name === "" ? [] : [outputs[i] ?? unknownTensor])),
      parameters: unique([...ofInputs, ...captured]),
      unknown: reason,
    };
  }

  /** New nodes that the outputs depend on, in topological order. */
  #newNodes(made: readonly Tensor[]): Node[] {
    const found = new Set<Node>();
    const pending = made.flatMap(({ node }) => node ?? []);
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (this.#seen.has(node)) continue;
      this.#seen.add(node);
      found.add(node);
      for (const tensor of node.inputs) if (tensor?.node !== undefined) pending.push(tensor.node);
    }
    // Ids increase from producers to consumers.
    return [...found].sort((a, b) => a.id - b.id);
  }

  /**
   * Whether the node depends on the inputs of the model; otherwise records the parameters its outputs are made from.
   */
  #enter({ op, inputs, outputs }: Node): boolean {
    const given = inputs.filter((tensor) => tensor !== null);
    const depends = op.readsTypesOnly !== true && given.some((tensor) => this.#flow.has(tensor));
    const sources = unique(given.flatMap((tensor) => this.#reads.get(tensor) ?? []));
    for (const output of outputs) {
      if (depends) this.#flow.add(output);
      else if (op.readsTypesOnly !== true) this.#reads.set(output, sources);
    }
    return depends;
  }
}

const unique = <T>(list: readonly T[]): T[] => [...new Set(list)];

/** Names that a subgraph reads, including its own values. */
function namesReadIn({ node }: GraphProto, depth = 0): string[] {
  if (depth > 16) return [];
  return node.flatMap(({ input, attribute }) => [
    ...input,
    ...attribute.flatMap(({ g }) => (g === undefined ? [] : namesReadIn(g, depth + 1))),
  ]);
}
