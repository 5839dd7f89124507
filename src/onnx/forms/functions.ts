// Inlines the functions that a model defines.
//
//   call  y = Domain.f(a, b) {alpha: 2}        f(p, q) = { t = Mul(p, q); r = Elu {alpha: @alpha} (t) } -> r
//   gives "call/t" = Mul(a, b); y = Elu {alpha: 2} ("call/t")
import { clone, create } from "@bufbuild/protobuf";
import { CorruptFileError } from "../../core/errors.js";
import {
  type AttributeProto,
  AttributeProtoSchema,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  NodeProtoSchema,
} from "../file/generated/onnx_pb.js";
import { quoted } from "../file/read-values.js";
import { isStandardDomain } from "./node-form.js";

/** Limit on inlined nodes: nested functions can expand a few nodes into arbitrarily many. */
const mostNodes = 200_000;
const deepestCall = 32;

const standardName = (domain: string): string => (isStandardDomain(domain) ? "" : domain);
const keyOf = (domain: string, name: string, overload: string): string =>
  `${standardName(domain)}\n${name}\n${overload}`;

/** The version of the standard operator set in a list of imports. */
export function standardOpset(imports: ModelProto["opsetImport"]): number | undefined {
  const found = imports.find(({ domain }) => isStandardDomain(domain));
  return found === undefined ? undefined : Number(found.version);
}

export interface InlinedNodes {
  readonly nodes: readonly NodeProto[];
  /** The operator set of nodes that come from a function which imports its own. */
  readonly opsets: ReadonlyMap<NodeProto, number>;
}

/**
 * The nodes of the model's graph with every function call inlined, including calls inside functions. Nodes of subgraphs
 * are unchanged.
 * @throws CorruptFileError for functions that call themselves, or that expand into too many nodes.
 */
export function inlineFunctions(model: ModelProto, where: string): InlinedNodes {
  const functions = new Map(
    model.functions.map((proto) => [keyOf(proto.domain, proto.name, proto.overload), proto] as const),
  );
  const inliner = new Inliner(functions, where);
  inliner.expand(model.graph?.node ?? [], standardOpset(model.opsetImport), 0);
  return inliner;
}

class Inliner implements InlinedNodes {
  readonly nodes: NodeProto[] = [];
  readonly opsets = new Map<NodeProto, number>();
  readonly #functions: ReadonlyMap<string, FunctionProto>;
  readonly #where: string;
  #calls = 0;

  constructor(functions: ReadonlyMap<string, FunctionProto>, where: string) {
    this.#functions = functions;
    this.#where = where;
  }

  expand(nodes: readonly NodeProto[], opset: number | undefined, depth: number): void {
    for (const node of nodes) {
      const called = this.#functions.get(keyOf(node.domain, node.opType, node.overload));
      if (called !== undefined) {
        if (depth >= deepestCall) throw this.#fault(called, "functions call each other endlessly");
        this.expand(this.#body(node, called), standardOpset(called.opsetImport) ?? opset, depth + 1);
        continue;
      }
      if (this.nodes.length >= mostNodes)
        throw new CorruptFileError("functions expand into too many nodes", {
          where: this.#where,
          expected: `at most ${mostNodes}`,
        });
      this.nodes.push(node);
      if (depth > 0 && opset !== undefined) this.opsets.set(node, opset);
    }
  }

  #body(call: NodeProto, called: FunctionProto): NodeProto[] {
    if (call.input.length > called.input.length || call.output.length > called.output.length)
      throw this.#fault(called, "a call has more inputs or outputs than the function");
    const prefix = `${call.name === "" ? called.name : call.name}#${this.#calls++}/`;
    const inputs = called.input.map((name, i) => [name, call.input[i] ?? ""] as const);
    const outputs = called.output.map((name, i) => [name, call.output[i] ?? ""] as const);
    const isInput = (name: string): boolean => called.input.includes(name);
    // A formal output that the call does not use keeps its own name.
    const named = outputs.filter(([name, given]) => given !== "" && !isInput(name));
    const names = new Map([["", ""], ...inputs, ...named]);
    const rename = (name: string): string => names.get(name) ?? `${prefix}${name}`;
    const attributes = new Map<string, AttributeProto>([
      ...called.attributeProto.map((proto) => [proto.name, proto] as const),
      ...call.attribute.map((proto) => [proto.name, proto] as const),
    ]);
    const body = called.node.map((node) => renamed(node, rename, prefix, attributes));
    // An output that is also an input has no node that could carry the new name.
    for (const [name, output] of outputs.filter(([name, given]) => given !== "" && isInput(name)))
      body.push(create(NodeProtoSchema, { opType: "Identity", input: [rename(name)], output: [output] }));
    return body;
  }

  #fault({ name }: FunctionProto, summary: string): CorruptFileError {
    return new CorruptFileError(summary, { where: `${this.#where}, function ${quoted(name)}` });
  }
}

/** A copy of a node of a function's body with new names and the attributes of the call. */
function renamed(
  node: NodeProto,
  rename: (name: string) => string,
  prefix: string,
  attributes: ReadonlyMap<string, AttributeProto>,
): NodeProto {
  const copy = clone(NodeProtoSchema, node);
  copy.name = `${prefix}${node.name}`;
  copy.input = node.input.map(rename);
  copy.output = node.output.map(rename);
  copy.attribute = copy.attribute.flatMap((proto) => {
    if (proto.refAttrName !== "") {
      const given = attributes.get(proto.refAttrName);
      return given === undefined ? [] : [{ ...clone(AttributeProtoSchema, given), name: proto.name }];
    }
    if (proto.g !== undefined) renameGraph(proto.g, rename, prefix, attributes);
    return [proto];
  });
  return copy;
}

/** Renames everything in a subgraph inside a function, which sees only the function's values. */
function renameGraph(
  graph: GraphProto,
  rename: (name: string) => string,
  prefix: string,
  attributes: ReadonlyMap<string, AttributeProto>,
): void {
  for (const named of [...graph.input, ...graph.output, ...graph.initializer, ...graph.valueInfo])
    named.name = rename(named.name);
  graph.node = graph.node.map((node) => renamed(node, rename, prefix, attributes));
}
