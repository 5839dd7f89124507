// Builds a Graph from the nodes of an ONNX file, each by its operator's record or form, in file order.
import { CorruptFileError, InvalidInputError, TrainscopeError } from "../../core/errors.js";
import { apply, constant, constantValue, input, withScope } from "../../graph/build.js";
import type { Op } from "../../graph/op.js";
import type { Attributes, AttributeValue, Graph, NamedTensor, Tensor } from "../../graph/tensor.js";
import { storageOf } from "../file/element-storage.js";
import type { GraphProto, NodeProto } from "../file/generated/onnx_pb.js";
import { branchKey, formOf, nodeText, type OnnxFile, recordOf } from "../file/onnx-file.js";
import { printable, quoted } from "../file/read-values.js";
import { attempt, checkCountable, type Lenience, LostValues, unmade } from "./lenience.js";
import { type NodeCall, type NodeForm, operatorKey } from "./node-form.js";
import { readAttribute } from "./read-attribute.js";
import { type InputReading, isTensorInput, readInputType } from "./read-input.js";

export interface BuildOptions extends InputReading {
  /** Tensors that replace stored ones, by the name of the initializer or of the output of the Constant node. */
  readonly replaced?: ReadonlyMap<string, Tensor>;
  /** Forms that override those of the table. */
  readonly forms?: Readonly<Record<string, NodeForm>>;
  /** May change the inputs of a node before the node is built. */
  readonly adapt?: (node: NodeProto, inputs: readonly (Tensor | null)[], where: string) => readonly (Tensor | null)[];
  /** Called for every node of the main graph. */
  readonly onNode?: (
    node: NodeProto,
    inputs: readonly (Tensor | null)[],
    outputs: readonly (Tensor | undefined)[],
  ) => void;
  /**
   * If given, an unreadable node of the main graph does not end the reading. Its outputs become inputs of the graph if
   * the file declares their types; otherwise they are lost, together with everything that depends on them. Lost outputs
   * of the graph are omitted.
   */
  readonly lenience?: Lenience;
}

/** Builds the graph of a file. @throws TrainscopeError only. */
export function buildGraph(file: OnnxFile, options: BuildOptions = {}): Graph {
  try {
    return new GraphBuilder(file, options).main();
  } catch (cause) {
    if (cause instanceof TrainscopeError) throw cause;
    // Shape rules trust their inputs, and a damaged file may contain anything.
    throw new CorruptFileError("the model is damaged", { where: file.where, cause });
  }
}

/** Inputs of the file without an initializer, which the caller feeds. */
export function freeInputs({ graph }: OnnxFile): GraphProto["input"] {
  const stored = new Set(graph.initializer.map(({ name }) => name));
  // Old files list initializers as inputs too.
  return graph.input.filter(({ name }) => !stored.has(name));
}

/** Whether an output is a tensor, not a sequence or a map; an undeclared type counts as a tensor. */
const isTensor = ({ type }: GraphProto["output"][number]): boolean =>
  type?.value.case === undefined || type.value.case === "tensorType";

const sparse = "a sparse initializer";

/** Whether all outputs of a node are replaced, as for a constant that need not be read. */
const isReplaced = ({ output }: NodeProto, replaced: BuildOptions["replaced"]): boolean =>
  replaced !== undefined && output.length > 0 && output.every((name) => replaced.has(name));

/** A value with the type that the file declares. */
function declared(name: string, { typeOf }: Lenience): Tensor | undefined {
  const type = name === "" ? undefined : typeOf(name);
  return type === undefined ? undefined : input(name, type.dtype, type.shape);
}

/** How a node of the main graph is read, and where its outputs are defined. */
interface Reading {
  readonly scope: Scope;
  readonly read: () => { readonly made: readonly (Tensor | undefined)[] };
  readonly define: (name: string, tensor: Tensor) => void;
}

/** Looks up values by name; an inner graph also sees the values of enclosing graphs. */
type Scope = (name: string) => Tensor | undefined;

class GraphBuilder {
  readonly #file: OnnxFile;
  readonly #options: BuildOptions;
  readonly #lost = new LostValues();

  constructor(file: OnnxFile, options: BuildOptions) {
    this.#file = file;
    this.#options = options;
  }

  main(): Graph {
    const { graph, inlined, where, reading } = this.#file;
    const isRead = (info: GraphProto["input"][number]): boolean => {
      if (this.#options.lenience === undefined || isTensorInput(info)) return true;
      this.#lost.add(info.name, "an input that is not a numeric tensor");
      return false;
    };
    const infos = freeInputs(this.#file).filter(isRead);
    const inputs = infos.map((info) => {
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
    const lenience = isMain ? this.#options.lenience : undefined;
    const values = new Map<string, Tensor>();
    const define = (name: string, tensor: Tensor): void => {
      this.#checkUnmade(name, values, isMain);
      values.set(name, (isMain ? replaced?.get(name) : undefined) ?? tensor);
    };
    for (const tensor of inputs) define(tensor.name as string, tensor);
    for (const [name, tensor] of this.#stored(proto, lenience !== undefined)) define(name, tensor);
    const scope: Scope = (name) => values.get(name) ?? outer(name);
    for (const node of nodes) {
      if (isMain && isReplaced(node, replaced)) {
        for (const name of node.output) define(name, replaced?.get(name) as Tensor);
        continue;
      }
      const read = (): { given: (Tensor | null)[]; made: readonly (Tensor | undefined)[] } => {
        const given = this.#inputs(node, scope);
        return { given, made: this.#made(node, given, scope) };
      };
      if (lenience !== undefined) this.#leniently(node, { scope, read, define }, lenience);
      else {
        const { given, made } = read();
        for (const [i, name] of node.output.entries()) {
          const tensor = made[i];
          // Unused masks and statistics are often listed as outputs. Reading a missing one is an error.
          if (name !== "" && tensor !== undefined) define(name, tensor);
        }
        if (isMain) onNode?.(node, given, made);
      }
    }
    const kept = proto.output.filter(
      (info) => !this.#isLost(info.name, scope) && (isTensor(info) || lenience === undefined),
    );
    const outputs = kept.map((info): NamedTensor => {
      const { name } = info;
      if (!isTensor(info))
        throw new InvalidInputError("only tensors can be outputs", { where: `${where}, output ${quoted(name)}` });
      const tensor = scope(name);
      if (tensor === undefined) throw new CorruptFileError(`no node makes the output ${quoted(name)}`, { where });
      return { name, tensor };
    });
    return { inputs, outputs };
  }

  #checkUnmade(name: string, values: ReadonlyMap<string, Tensor>, isMain: boolean): void {
    if (values.has(name) || (isMain && this.#lost.has(name)))
      throw new CorruptFileError(`two values are named ${quoted(name)}`, { where: this.#file.where });
  }

  #isLost(name: string, scope: Scope): boolean {
    return this.#lost.has(name) && scope(name) === undefined;
  }

  /** Initializers as constants, or their replacements. */
  *#stored(proto: GraphProto, isLenient: boolean): Iterable<[name: string, Tensor]> {
    const { where } = this.#file;
    if (proto.sparseInitializer.length > 0 && !isLenient)
      throw new InvalidInputError("sparse initializers are not supported", { where });
    for (const { values } of proto.sparseInitializer) if (values !== undefined) this.#lost.add(values.name, sparse);
    for (const stored of proto.initializer) {
      const replacement = this.#options.replaced?.get(stored.name);
      if (replacement !== undefined) yield [stored.name, replacement];
      else if (!isLenient || storageOf(stored.dataType) !== undefined)
        yield [stored.name, constant(this.#file.tensor(stored))];
      else this.#lost.add(stored.name, "a stored tensor of an unsupported type");
    }
  }

  #made(node: NodeProto, given: readonly (Tensor | null)[], scope: Scope): readonly (Tensor | undefined)[] {
    return operatorKey(node) === branchKey ? this.#branch(node, given, scope) : this.#node(node, given, scope);
  }

  /** Reads a node of the main graph; if that fails, its outputs are lost. */
  #leniently(node: NodeProto, { scope, read, define }: Reading, lenience: Lenience): void {
    const where = `${this.#file.where}, ${nodeText(node)}`;
    const given = node.input.map((name) => (name === "" ? null : scope(name)));
    const unmadeAt = given.findIndex((tensor, i) => tensor === undefined && !this.#lost.has(node.input[i]));
    if (unmadeAt !== -1) throw unmade(where, node.input[unmadeAt], this.#isMadeLater(node.input[unmadeAt]));
    const lost = node.input.find((_, i) => given[i] === undefined);
    const result =
      lost !== undefined
        ? { reason: this.#lost.reason(lost) }
        : attempt(where, () => {
            const { made } = read();
            checkCountable(where, made);
            return made;
          });
    const made = "made" in result ? result.made : node.output.map((name) => declared(name, lenience));
    for (const [i, name] of node.output.entries()) {
      if (name === "") continue;
      const tensor = made[i];
      if (tensor !== undefined) define(name, tensor);
      else if (scope(name) !== undefined || this.#lost.has(name))
        throw new CorruptFileError(`two values are named ${quoted(name)}`, { where: this.#file.where });
      else this.#lost.add(name, nodeText(node));
    }
    if ("made" in result) this.#options.onNode?.(node, given as (Tensor | null)[], made);
    else lenience.onUnread(node, given, made, result.reason);
  }

  #isMadeLater(name: string): boolean {
    return this.#file.inlined.nodes.some(({ output }) => output.includes(name));
  }

  #inputs(node: NodeProto, scope: Scope): (Tensor | null)[] {
    return node.input.map((name) => {
      if (name === "") return null;
      const tensor = scope(name);
      if (tensor !== undefined) return tensor;
      throw this.#fault(
        node,
        this.#lost.has(name) ? this.#lost.reason(name) : `no earlier node makes its input ${quoted(name)}`,
      );
    });
  }

  /** The selected branch of an If with a constant condition. */
  #branch(node: NodeProto, [condition]: readonly (Tensor | null)[], scope: Scope): readonly Tensor[] {
    const value = condition === null || condition === undefined ? undefined : constantValue(condition);
    if (value === undefined)
      throw this.#fault(node, "its condition depends on the data, but only constant conditions are supported");
    const wanted = value.data[0] === 0 ? "else_branch" : "then_branch";
    const graph = node.attribute.find(({ name }) => name === wanted)?.g;
    if (graph === undefined) throw this.#fault(node, `attribute ${quoted(wanted)} is missing`);
    return this.#graph(graph, graph.node, [], scope, false).outputs.map(({ tensor }) => tensor);
  }

  #node(node: NodeProto, given: readonly (Tensor | null)[], scope: Scope): readonly (Tensor | undefined)[] {
    const form = this.#options.forms?.[operatorKey(node)] ?? formOf(node);
    const op = recordOf(node, form);
    // Nodes of a branch are checked only when the branch is selected.
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

  /** The attributes that the record knows. An attribute that neither the record nor the form knows is an error. */
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
      // Forms come first, because an attribute name may have had another meaning in an older operator set.
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

  /** Builds a node within its name as scope, without the operator name that our writer appends. */
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

  /** The body of a loop. Values captured from enclosing graphs become its last inputs; constants stay constants. */
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
      if (tensor === undefined || tensor.node?.op.holdsValue === true) return tensor;
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
