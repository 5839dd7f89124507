// The nodes of an ONNX file as a Graph: every node by its operator's record or form, in the order of the file.
import { CorruptFileError, InvalidInputError, TrainscopeError } from "../core/errors.js";
import { apply, constant, constantValue, input, withScope } from "../graph/build.js";
import type { Op } from "../graph/op.js";
import type { Attributes, AttributeValue, Graph, NamedTensor, Tensor } from "../graph/tensor.js";
import type { GraphProto, NodeProto } from "./generated/onnx_pb.js";
import { type NodeCall, type NodeForm, operatorKey } from "./node-form.js";
import { branchKey, formOf, nodeText, type OnnxFile, recordOf } from "./onnx-file.js";
import { readAttribute } from "./read-attribute.js";
import { type InputReading, readInputType } from "./read-input.js";
import { printable, quoted } from "./read-values.js";

export interface BuildOptions extends InputReading {
  /** Tensors in place of stored ones: of initializers by their name, of Constant nodes by that of their output. */
  readonly replaced?: ReadonlyMap<string, Tensor>;
  /** Forms of operators in place of those of the table. */
  readonly forms?: Readonly<Record<string, NodeForm>>;
  /** May change the inputs of a node before it is made. */
  readonly adapt?: (node: NodeProto, inputs: readonly (Tensor | null)[], where: string) => readonly (Tensor | null)[];
  /** Hears of every node of the main graph. */
  readonly onNode?: (
    node: NodeProto,
    inputs: readonly (Tensor | null)[],
    outputs: readonly (Tensor | undefined)[],
  ) => void;
}

/** Builds the graph of a file. @throws TrainscopeError only. */
export function buildGraph(file: OnnxFile, options: BuildOptions = {}): Graph {
  try {
    return new GraphBuilder(file, options).main();
  } catch (cause) {
    if (cause instanceof TrainscopeError) throw cause;
    // Shape rules take what they are given; a damaged file may give them anything.
    throw new CorruptFileError("the model is damaged", { where: file.where, cause });
  }
}

/** Inputs of the file that no initializer gives a value: what a caller feeds. */
export function freeInputs({ graph }: OnnxFile): GraphProto["input"] {
  const stored = new Set(graph.initializer.map(({ name }) => name));
  // Old files list initializers among the inputs as well.
  return graph.input.filter(({ name }) => !stored.has(name));
}

/** Values by name; an inner graph sees those of the graphs around it. */
type Scope = (name: string) => Tensor | undefined;

class GraphBuilder {
  readonly #file: OnnxFile;
  readonly #options: BuildOptions;

  constructor(file: OnnxFile, options: BuildOptions) {
    this.#file = file;
    this.#options = options;
  }

  main(): Graph {
    const { graph, inlined, where, reading } = this.#file;
    const inputs = freeInputs(this.#file).map((info) => {
      const { dtype, shape } = readInputType(`${where}, input ${quoted(info.name)}`, info, {
        ...reading,
        ...this.#options,
      });
      return input(info.name, dtype, shape);
    });
    return this.#graph(graph, inlined.nodes, inputs, () => undefined, true);
  }

  #graph(
    proto: GraphProto,
    nodes: readonly NodeProto[],
    inputs: readonly Tensor[],
    outer: Scope,
    isMain: boolean,
  ): Graph {
    const { where } = this.#file;
    const { replaced, onNode } = this.#options;
    const values = new Map<string, Tensor>();
    const define = (name: string, tensor: Tensor): void => {
      if (values.has(name)) throw new CorruptFileError(`two values are named ${quoted(name)}`, { where });
      values.set(name, (isMain ? replaced?.get(name) : undefined) ?? tensor);
    };
    if (proto.sparseInitializer.length > 0)
      throw new InvalidInputError("sparse initializers cannot be read", { where });
    for (const tensor of inputs) define(tensor.name as string, tensor);
    for (const stored of proto.initializer)
      define(stored.name, replaced?.get(stored.name) ?? constant(this.#file.tensor(stored)));
    const scope: Scope = (name) => values.get(name) ?? outer(name);
    for (const node of nodes) {
      const given = this.#inputs(node, scope);
      const made = operatorKey(node) === branchKey ? this.#branch(node, given, scope) : this.#node(node, given, scope);
      for (const [i, name] of node.output.entries()) {
        if (name === "") continue;
        const tensor = made[i];
        // Masks and statistics that nobody reads are often listed; who reads one is told that it is missing.
        if (tensor !== undefined) define(name, tensor);
      }
      if (isMain) onNode?.(node, given, made);
    }
    const outputs = proto.output.map(({ name }): NamedTensor => {
      const tensor = scope(name);
      if (tensor === undefined) throw new CorruptFileError(`nothing makes the output ${quoted(name)}`, { where });
      return { name, tensor };
    });
    return { inputs, outputs };
  }

  #inputs(node: NodeProto, scope: Scope): (Tensor | null)[] {
    return node.input.map((name) => {
      if (name === "") return null;
      const tensor = scope(name);
      if (tensor === undefined) throw this.#fault(node, `nothing before it makes its input ${quoted(name)}`);
      return tensor;
    });
  }

  /** Of an If whose condition is known, the branch that is taken. */
  #branch(node: NodeProto, [condition]: readonly (Tensor | null)[], scope: Scope): readonly Tensor[] {
    const value = condition === null || condition === undefined ? undefined : constantValue(condition);
    if (value === undefined)
      throw this.#fault(node, "its condition depends on the data: only one known beforehand can be read");
    const wanted = value.data[0] === 0 ? "else_branch" : "then_branch";
    const graph = node.attribute.find(({ name }) => name === wanted)?.g;
    if (graph === undefined) throw this.#fault(node, `attribute ${quoted(wanted)} is missing`);
    return this.#graph(graph, graph.node, [], scope, false).outputs.map(({ tensor }) => tensor);
  }

  #node(node: NodeProto, given: readonly (Tensor | null)[], scope: Scope): readonly (Tensor | undefined)[] {
    const form = this.#options.forms?.[operatorKey(node)] ?? formOf(node);
    const op = recordOf(node);
    // Nodes of branches are not looked at before one is taken.
    if (op === undefined) throw this.#fault(node, "the operator is not supported");
    const where = `${this.#file.where}, ${nodeText(node)}`;
    const inputs = this.#options.adapt?.(node, given, where) ?? given;
    const { attrs, captured } = this.#attributes(node, op, form?.attributes ?? [], inputs, scope);
    const call: NodeCall = {
      node,
      where,
      opset: this.#file.inlined.opsets.get(node) ?? this.#file.opset,
      inputs,
      attribute: (name) => node.attribute.find((proto) => proto.name === name),
      record: (tensors, more = {}) => apply(op, [...tensors, ...captured], { ...attrs, ...more }),
    };
    return this.#scoped(node, op, () => (form === undefined ? call.record(inputs) : form.read(call)));
  }

  /** The attributes that the record knows. What neither it nor the form knows is refused. */
  #attributes(
    node: NodeProto,
    op: Op,
    ofForm: readonly string[],
    inputs: readonly (Tensor | null)[],
    scope: Scope,
  ): { attrs: Attributes; captured: readonly Tensor[] } {
    const attrs: Record<string, AttributeValue> = {};
    const captured: Tensor[] = [];
    for (const proto of node.attribute) {
      const record = Object.hasOwn(op.attributes, proto.name) ? op.attributes[proto.name] : undefined;
      // Forms come first: what an operator once meant by a name may be another thing now.
      if (ofForm.includes(proto.name)) continue;
      if (record?.type === "graph" && proto.g !== undefined) {
        const body = this.#body(proto.g, inputs, scope);
        attrs[proto.name] = body.graph;
        captured.push(...body.captured);
        attrs.captured = body.captured.length;
      } else if (record !== undefined && record.internal !== true) {
        attrs[proto.name] = readAttribute(`${this.#file.where}, ${nodeText(node)}`, proto, record, this.#file.reading);
      } else {
        throw this.#fault(node, `attribute ${quoted(proto.name)} is not supported`);
      }
    }
    return { attrs, captured };
  }

  /** Nodes keep their names as scope, without the operator that our writer puts behind it. */
  #scoped<T>(node: NodeProto, op: Op, build: () => T): T {
    const scope = printable(node.name).replace(new RegExp(`/${op.name}(?:_\\d+)?$`), "");
    try {
      return withScope(scope === "" ? undefined : scope, build);
    } catch (cause) {
      const where = `${this.#file.where}, ${nodeText(node)}`;
      if (!(cause instanceof TrainscopeError)) throw new CorruptFileError("the inputs do not fit", { where, cause });
      throw cause.parts.where === where ? cause : new InvalidInputError(cause.message, { where, cause });
    }
  }

  /** The body of a loop. What it reads of the graphs around it becomes inputs at its end; constants stay as they are. */
  #body(proto: GraphProto, inputs: readonly (Tensor | null)[], outer: Scope): { graph: Graph; captured: Tensor[] } {
    const own = proto.input.map(({ name }, i) => {
      const like = inputs[i];
      const known = [
        { dtype: "int64", shape: [] },
        { dtype: "bool", shape: [] },
      ] as const;
      const type = i < 2 ? known[i] : like;
      if (type === null || type === undefined) {
        throw new CorruptFileError(`input ${quoted(name)} of a loop's body has no counterpart`, {
          where: this.#file.where,
        });
      }
      return input(name, type.dtype, type.shape);
    });
    const twins = new Map<Tensor, Tensor>();
    const scope: Scope = (name) => {
      const tensor = outer(name);
      if (tensor === undefined || tensor.node?.op.name === "Constant") return tensor;
      const twin = twins.get(tensor) ?? input(name, tensor.dtype, tensor.shape);
      twins.set(tensor, twin);
      return twin;
    };
    const graph = this.#graph(proto, proto.node, own, scope, false);
    return { graph: { inputs: [...own, ...twins.values()], outputs: graph.outputs }, captured: [...twins.keys()] };
  }

  #fault(node: NodeProto, summary: string): InvalidInputError {
    return new InvalidInputError(summary, { where: `${this.#file.where}, ${nodeText(node)}` });
  }
}
