// Writes a Graph as an ONNX file. The graph already consists of ONNX operators, so this only encodes it in protobuf.
//
//   Graph --names--> GraphProto (constants become initializers of the outermost graph) --> ModelProto --> bytes
import { create, toBinary } from "@bufbuild/protobuf";
import { InvalidInputError } from "../core/errors.js";
import { dtypeTable } from "../core/numbers/dtype.js";
import type { TensorData } from "../core/numbers/tensor-data.js";
import { rewriteGraph } from "../graph/graph.js";
import type { AttributeType } from "../graph/op.js";
import { nodesOf } from "../graph/order.js";
import { lowerNewer } from "../graph/passes/lower.js";
import { onnxruntimeCpu } from "../graph/targets/onnxruntime-cpu/index.js";
import { factsOf, type Target } from "../graph/targets/target.js";
import type { AttributeValue, Graph, NamedTensor, Node, Tensor } from "../graph/tensor.js";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeTypeCode,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./file/generated/onnx_pb.js";

/** The operator set that our records describe. ONNX Runtime 1.17 and newer support it, in Node and in browsers. */
export const opsetVersion = 21;
const irVersion = 10n;

export interface WriteOptions {
  readonly name?: string;
  /** Graph inputs that become initializers with these values (weights of an exported model). */
  readonly initializers?: ReadonlyMap<Tensor, TensorData>;
  /** Key-value pairs shown by model viewers. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly version?: string;
  /** What will run the file; ONNX Runtime's CPU provider by default. */
  readonly target?: Target;
}

/** Serializes a graph. Input and output names are kept; inner values get short unique names. */
export function writeOnnx(graph: Graph, options: WriteOptions = {}): Uint8Array<ArrayBuffer> {
  const writer = new ModelWriter(options.target ?? onnxruntimeCpu);
  const initialized = options.initializers ?? new Map<Tensor, TensorData>();
  for (const [tensor, value] of initialized) writer.addInitializer(tensor, value);
  const main = writer.graph(
    options.name ?? "main",
    graph,
    graph.inputs.filter((tensor) => !initialized.has(tensor)),
    writer.topNames(graph),
  );
  main.initializer = writer.initializers;
  const model = create(ModelProtoSchema, {
    irVersion,
    producerName: "trainscope",
    producerVersion: options.version ?? "",
    graph: main,
    opsetImport: [
      create(OperatorSetIdProtoSchema, { domain: "", version: BigInt(opsetVersion) }),
      ...[...writer.domains].map((domain) => create(OperatorSetIdProtoSchema, { domain, version: 1n })),
    ],
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    ),
  });
  return toBinary(ModelProtoSchema, model);
}

/** Names are unique across the whole model: ONNX Runtime confuses an initializer with a loop input of the same name. */
class ModelWriter {
  readonly initializers: TensorProto[] = [];
  /** Domains of operators that are not standard ONNX. */
  readonly domains = new Set<string>();
  readonly #names = new Map<Tensor, string>();
  readonly #taken = new Set<string>();
  readonly #target: Target;
  #privateCopies = 0;

  constructor(target: Target) {
    this.#target = target;
  }

  addInitializer(tensor: Tensor, value: TensorData): void {
    const name = this.#claim(tensor.name ?? "initializer");
    this.#names.set(tensor, name);
    this.initializers.push(tensorProto(name, value));
  }

  /** Reserves the names that the caller chose, so that no inner value takes them. */
  topNames(graph: Graph): readonly string[] {
    for (const tensor of graph.inputs) {
      if (!this.#names.has(tensor)) this.#names.set(tensor, this.#claim(tensor.name ?? "input"));
    }
    return graph.outputs.map(({ name }) => {
      if (this.#taken.has(name)) {
        throw new InvalidInputError(`two values are named "${name}"`, {
          where: "writeOnnx",
          remedy: "Give every input and output its own name",
        });
      }
      return this.#claim(name);
    });
  }

  graph(name: string, given: Graph, inputs: readonly Tensor[], outputNames: readonly string[]): GraphProto {
    const source = rewriteGraph(given, lowerNewer(this.#target));
    for (const tensor of inputs)
      if (!this.#names.has(tensor)) this.#names.set(tensor, this.#claim(tensor.name ?? "input"));
    const direct = this.#directOutputs(source, outputNames);
    const nodes: NodeProto[] = [];
    for (const node of nodesOf(source)) this.#node(node, nodes);
    for (const [i, { tensor }] of source.outputs.entries()) {
      if (direct.has(i)) continue;
      nodes.push(
        create(NodeProtoSchema, { opType: "Identity", input: [this.#nameOf(tensor)], output: [outputNames[i]] }),
      );
    }
    return create(GraphProtoSchema, {
      name,
      node: nodes,
      input: inputs.map((tensor) => valueInfo(this.#nameOf(tensor), tensor, true)),
      output: source.outputs.map(({ tensor }, i) => valueInfo(outputNames[i], tensor, false)),
    });
  }

  /**
   * Indices of outputs that a node can write under the output's own name. The others (inputs or constants passed
   * through, one tensor returned twice) go through Identity, because ONNX requires each output to be made by a node of
   * its graph.
   */
  #directOutputs(source: Graph, outputNames: readonly string[]): ReadonlySet<number> {
    const direct = new Set<number>();
    for (const [i, { tensor }] of source.outputs.entries()) {
      if (tensor.node === undefined || tensor.node.op.holdsValue === true || this.#names.has(tensor)) continue;
      this.#names.set(tensor, outputNames[i]);
      direct.add(i);
    }
    return direct;
  }

  #node(node: Node, nodes: NodeProto[]): void {
    if (node.op.holdsValue === true) {
      if (!this.#names.has(node.outputs[0])) this.addInitializer(node.outputs[0], node.attrs.value as TensorData);
      return;
    }
    const captured = node.attrs.captured as number | undefined;
    const inputs = captured === undefined ? node.inputs : node.inputs.slice(0, node.inputs.length - captured);
    const attributes: AttributeProto[] = [];
    for (const [name, value] of Object.entries(node.attrs)) {
      const record = node.op.attributes[name];
      if (value === undefined || record.internal) continue;
      attributes.push(
        record.type === "graph"
          ? this.#bodyAttribute(name, value as Graph, node)
          : attributeProto(`${node.scope ?? node.op.name}, attribute ${name}`, name, record.type, value),
      );
    }
    const inputNames = inputs.map((tensor, i) => this.#inputName(node, tensor, i, nodes));
    while (inputNames.at(-1) === "") inputNames.pop();
    const { domain = "" } = node.op;
    if (domain !== "") this.domains.add(domain);
    nodes.push(
      create(NodeProtoSchema, {
        opType: node.op.name,
        domain,
        ...(node.scope === undefined ? {} : { name: this.#claim(`${node.scope}/${node.op.name}`) }),
        input: inputNames,
        output: node.outputs.map((tensor) => this.#outputName(tensor)),
        attribute: attributes,
      }),
    );
  }

  /** The name of an input. Inputs that the runtime may overwrite are copied first. */
  #inputName(node: Node, tensor: Tensor | null, index: number, nodes: NodeProto[]): string {
    if (tensor === null) return "";
    if (!factsOf(this.#target, node.op).overwrites?.(node.attrs).includes(index)) return this.#nameOf(tensor);
    // Max of a value with itself copies it. Each copy has a different number of operands, so that the runtime cannot
    // merge two copies. A constant would be folded into memory that later steps find overwritten.
    if (tensor.node?.op.holdsValue === true) {
      throw new InvalidInputError(`${node.op.name} would overwrite a constant`, {
        where: node.scope ?? "writeOnnx",
        remedy: "Feed it a computed tensor",
      });
    }
    const copy = this.#claim("private");
    const operands = new Array<string>(2 + this.#privateCopies++).fill(this.#nameOf(tensor));
    nodes.push(create(NodeProtoSchema, { opType: "Max", input: operands, output: [copy] }));
    return copy;
  }

  /** Writes a subgraph. Captured tensors keep their outer names inside it. */
  #bodyAttribute(name: string, body: Graph, node: Node): AttributeProto {
    const captured = (node.attrs.captured as number | undefined) ?? 0;
    const own = body.inputs.slice(0, body.inputs.length - captured);
    for (const [i, inner] of body.inputs.slice(own.length).entries()) {
      this.#names.set(inner, this.#nameOf(node.inputs[node.inputs.length - captured + i] as Tensor));
    }
    const outputNames = body.outputs.map((output: NamedTensor) => this.#claim(output.name));
    const graph = this.graph(this.#claim(`${node.op.name} body`), body, own, outputNames);
    return create(AttributeProtoSchema, { name, type: AttributeTypeCode.GRAPH, g: graph });
  }

  #nameOf(tensor: Tensor): string {
    const name = this.#names.get(tensor);
    if (name !== undefined) return name;
    if (tensor.node?.op.holdsValue === true) {
      this.addInitializer(tensor, tensor.node.attrs.value as TensorData);
      return this.#names.get(tensor) as string;
    }
    throw new InvalidInputError(`tensor "${tensor.name ?? tensor.id}" is used but not an input of its graph`, {
      where: "writeOnnx",
    });
  }

  #outputName(tensor: Tensor): string {
    const known = this.#names.get(tensor);
    if (known !== undefined) return known;
    const name = this.#claim(tensor.name ?? "v");
    this.#names.set(tensor, name);
    return name;
  }

  #claim(wish: string): string {
    let name = wish;
    for (let n = this.#taken.size; this.#taken.has(name); n++) name = `${wish}_${n}`;
    this.#taken.add(name);
    return name;
  }
}

function valueInfo(name: string, tensor: Tensor, isInput: boolean): ValueInfoProto {
  const dim = tensor.shape.map((extent, axis) =>
    create(TensorShapeProto_DimensionSchema, isInput ? extentOf(tensor, extent, axis) : {}),
  );
  const tensorType = create(TypeProto_TensorSchema, {
    elemType: dtypeTable[tensor.dtype].onnx,
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: "tensorType", value: tensorType } }),
  });
}

/** Outputs declare only their rank: sizes may depend on symbolic axes, and readers infer them. */
function extentOf({ axisNames }: Tensor, extent: number, axis: number) {
  const name = axisNames?.[axis];
  return {
    value:
      typeof name === "string"
        ? { case: "dimParam" as const, value: name }
        : { case: "dimValue" as const, value: BigInt(extent) },
  };
}

/** A stored tensor in ONNX's form: little-endian raw bytes. */
export function tensorProto(name: string, { dtype, shape, data }: TensorData): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: dtypeTable[dtype].onnx,
    dims: shape.map(BigInt),
    rawData: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
  });
}

const utf8 = new TextEncoder();

/** ONNX files store float attributes in float32. */
function inFloat32(where: string, value: number): number {
  if (!Number.isFinite(value) || Number.isFinite(Math.fround(value))) return value;
  throw new InvalidInputError("a number is too large", {
    where,
    expected: "at most 3.4e38, the largest float32",
    received: `${value}`,
  });
}

function attributeProto(where: string, name: string, type: AttributeType, value: AttributeValue): AttributeProto {
  switch (type) {
    case "int":
      return create(AttributeProtoSchema, { name, type: AttributeTypeCode.INT, i: BigInt(value as number) });
    case "float":
      return create(AttributeProtoSchema, {
        name,
        type: AttributeTypeCode.FLOAT,
        f: inFloat32(where, value as number),
      });
    case "ints":
      return create(AttributeProtoSchema, {
        name,
        type: AttributeTypeCode.INTS,
        ints: (value as readonly number[]).map(BigInt),
      });
    case "floats":
      return create(AttributeProtoSchema, {
        name,
        type: AttributeTypeCode.FLOATS,
        floats: (value as readonly number[]).map((item) => inFloat32(where, item)),
      });
    case "string":
      return create(AttributeProtoSchema, { name, type: AttributeTypeCode.STRING, s: utf8.encode(value as string) });
    case "strings":
      return create(AttributeProtoSchema, {
        name,
        type: AttributeTypeCode.STRINGS,
        strings: (value as readonly string[]).map((text) => utf8.encode(text)),
      });
    case "tensor":
      return create(AttributeProtoSchema, {
        name,
        type: AttributeTypeCode.TENSOR,
        t: tensorProto("", value as TensorData),
      });
    case "graph":
      throw new InvalidInputError("sub-graphs are written by their node", { where: "writeOnnx" });
  }
}
