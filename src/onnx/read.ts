// ONNX file -> Graph. Operators are looked up in our table; everything else is refused with a list of what it was.
//
//   bytes --protobuf--> ModelProto --checks--> GraphProto --nodes in order--> apply(op, tensors, attributes) --> Graph
import { fromBinary } from "@bufbuild/protobuf";
import { CorruptFileError, InvalidInputError, TrainscopeError } from "../core/errors.js";
import { type TensorData, tensorFrom } from "../core/tensor-data.js";
import { apply, constant, input, int64s, withScope } from "../graph/build.js";
import type { AttributeRecord, Op } from "../graph/op.js";
import { findOp } from "../graph/ops/index.js";
import type { Attributes, AttributeValue, Graph, NamedTensor, Tensor } from "../graph/tensor.js";
import { type GraphProto, type ModelProto, ModelProtoSchema, type NodeProto } from "./generated/onnx_pb.js";
import { integer, printable, quoted, readAttribute, readInputType, readTensor } from "./read-values.js";

/** Operator sets that our records describe. From 13 on, what changed is converted while reading. */
const [oldestOpset, newestOpset] = [13, 26];
const deepestGraph = 16;

export interface ReadOptions {
  /** Extents of axes that the file leaves open, by the axis' name (`batch`) or place (`input[0]`). */
  readonly extents?: Readonly<Record<string, number>>;
  /** Float initializers become inputs of the graph under their names, and their values are handed out beside it. */
  readonly parameters?: boolean;
  /** Largest file that is read, in bytes. 2 GiB by default, the limit of the format. */
  readonly maxBytes?: number;
}

export interface OnnxModel {
  readonly graph: Graph;
  /** Values of the initializers that became inputs: what `writeOnnx` takes as `initializers`. */
  readonly initializers: ReadonlyMap<Tensor, TensorData>;
  readonly opset: number;
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a model as a graph; initializers become constants, or inputs with `parameters`.
 * @param where the file, for messages.
 * @throws TrainscopeError only: CorruptFileError for damage, InvalidInputError for what we do not have.
 */
export function readOnnx(bytes: Uint8Array, where: string, options: ReadOptions = {}): Graph {
  return readOnnxModel(bytes, where, options).graph;
}

/** As `readOnnx`, with everything else that the file says. */
export function readOnnxModel(bytes: Uint8Array, where: string, options: ReadOptions = {}): OnnxModel {
  try {
    return readModel(bytes, where, options);
  } catch (cause) {
    if (cause instanceof TrainscopeError) throw cause;
    // Shape rules take what they are given; a damaged file may give them anything.
    throw new CorruptFileError("the model is damaged", { where, cause });
  }
}

function readModel(bytes: Uint8Array, where: string, options: ReadOptions): OnnxModel {
  const { maxBytes = 2 ** 31 } = options;
  if (bytes.length > maxBytes) {
    throw new InvalidInputError("the file is too large", {
      where,
      expected: `at most ${maxBytes} bytes`,
      received: `${bytes.length}`,
    });
  }
  const model = parsed(bytes, where);
  const { graph: main } = model;
  if (main === undefined) throw new CorruptFileError("not an ONNX model: there is no graph in it", { where });
  const opset = opsetOf(model, where);
  if (model.functions.length > 0) throw new InvalidInputError("functions of the model's own cannot be read", { where });
  const unknown = unknownOperators(main, where);
  if (unknown.length > 0) {
    throw new InvalidInputError(`${unknown.length} operators are not supported`, {
      where,
      received: unknown.join(", "),
    });
  }
  const reader = new ModelReader(where, options);
  const graph = reader.main(main);
  const metadata = Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value]));
  return { graph, initializers: reader.initializers, opset, producer: model.producerName, metadata };
}

function parsed(bytes: Uint8Array, where: string): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new CorruptFileError("not an ONNX model, or a damaged one", { where, cause });
  }
}

const isStandard = (domain: string): boolean => domain === "" || domain === "ai.onnx";

function opsetOf({ opsetImport }: ModelProto, where: string): number {
  const found = opsetImport.find(({ domain }) => isStandard(domain))?.version;
  const opset = found === undefined ? Number.NaN : Number(found);
  if (opset >= oldestOpset && opset <= newestOpset) return opset;
  throw new InvalidInputError("operator set cannot be read", {
    where,
    expected: `${oldestOpset} to ${newestOpset}`,
    received: found === undefined ? "none" : `${found}`,
    remedy: "Convert the model with onnx.version_converter",
  });
}

/** Operators that we have no record of, with the nodes that use them. */
function unknownOperators(graph: GraphProto, where: string, depth = 0): string[] {
  if (depth > deepestGraph) throw new CorruptFileError("graphs are nested too deeply", { where });
  return graph.node.flatMap((node) => {
    const here = isStandard(node.domain) && findOp(node.opType) !== undefined ? [] : [nodeText(node)];
    const inner = node.attribute.flatMap(({ g }) => (g === undefined ? [] : unknownOperators(g, where, depth + 1)));
    return [...here, ...inner];
  });
}

/** `Conv (node "stem")`; nodes without a name by their first output. */
function nodeText({ domain, opType, name, output }: NodeProto): string {
  const operator = printable(isStandard(domain) ? opType : `${domain}.${opType}`);
  return `${operator} (${name === "" ? `makes ${quoted(output[0] ?? "")}` : `node ${quoted(name)}`})`;
}

/** Values by name; an inner graph sees those of the graphs around it. */
type Scope = (name: string) => Tensor | undefined;

class ModelReader {
  readonly initializers = new Map<Tensor, TensorData>();
  readonly #where: string;
  readonly #options: ReadOptions;

  constructor(where: string, options: ReadOptions) {
    this.#where = where;
    this.#options = options;
  }

  main(proto: GraphProto): Graph {
    const stored = new Set(proto.initializer.map(({ name }) => name));
    const inputs = proto.input
      // Old files list initializers among the inputs as well.
      .filter(({ name }) => !stored.has(name))
      .map((info) => {
        const { dtype, shape } = readInputType(
          `${this.#where}, input ${quoted(info.name)}`,
          info,
          this.#options.extents ?? {},
        );
        return input(info.name, dtype, shape);
      });
    const graph = this.#graph(proto, inputs, () => undefined);
    return { inputs: [...graph.inputs, ...this.initializers.keys()], outputs: graph.outputs };
  }

  #graph(proto: GraphProto, inputs: readonly Tensor[], outer: Scope): Graph {
    const values = new Map<string, Tensor>();
    const define = (name: string, tensor: Tensor): void => {
      if (values.has(name)) throw new CorruptFileError(`two values are named ${quoted(name)}`, { where: this.#where });
      values.set(name, tensor);
    };
    if (proto.sparseInitializer.length > 0)
      throw new InvalidInputError("sparse initializers cannot be read", { where: this.#where });
    for (const tensor of inputs) define(tensor.name as string, tensor);
    for (const stored of proto.initializer) {
      define(
        stored.name,
        this.#initializer(stored.name, readTensor(`${this.#where}, tensor ${quoted(stored.name)}`, stored)),
      );
    }
    const scope: Scope = (name) => values.get(name) ?? outer(name);
    for (const node of proto.node) {
      const made = this.#node(node, scope);
      for (const [i, name] of node.output.entries()) {
        if (name === "") continue;
        if (made[i] === undefined) throw this.#fault(node, `output ${i} is not supported`);
        define(name, made[i]);
      }
    }
    const outputs = proto.output.map(({ name }): NamedTensor => {
      const tensor = scope(name);
      if (tensor === undefined)
        throw new CorruptFileError(`nothing makes the output ${quoted(name)}`, { where: this.#where });
      return { name, tensor };
    });
    return { inputs, outputs };
  }

  #initializer(name: string, value: TensorData): Tensor {
    if (this.#options.parameters !== true || !value.dtype.startsWith("float")) return constant(value);
    const tensor = input(name, value.dtype, value.shape);
    this.initializers.set(tensor, value);
    return tensor;
  }

  #node(node: NodeProto, scope: Scope): readonly Tensor[] {
    const op = findOp(node.opType) as Op;
    const inputs = node.input.map((name) => {
      if (name === "") return null;
      const tensor = scope(name);
      if (tensor === undefined) throw this.#fault(node, `nothing before it makes its input ${quoted(name)}`);
      return tensor;
    });
    const attrs: Record<string, AttributeValue> = {};
    const captured: Tensor[] = [];
    for (const proto of node.attribute) {
      const record: AttributeRecord | undefined = Object.hasOwn(op.attributes, proto.name)
        ? op.attributes[proto.name]
        : undefined;
      if (record?.type === "graph" && proto.g !== undefined) {
        const body = this.#body(proto.g, inputs, scope);
        attrs[proto.name] = body.graph;
        captured.push(...body.captured);
        attrs.captured = body.captured.length;
      } else if (record !== undefined && record.internal !== true) {
        attrs[proto.name] = readAttribute(`${this.#where}, ${nodeText(node)}`, proto, record);
      } else if (!convertedAttributes.includes(`${node.opType}.${proto.name}`)) {
        throw this.#fault(node, `attribute ${quoted(proto.name)} is not supported`);
      }
    }
    converters[node.opType]?.(node, inputs, attrs, this.#where);
    return this.#apply(node, op, [...inputs, ...captured], attrs);
  }

  /** Nodes keep their names as scope, without the operator that our writer puts behind it. */
  #apply(node: NodeProto, op: Op, inputs: readonly (Tensor | null)[], attrs: Attributes): readonly Tensor[] {
    const scope = printable(node.name).replace(new RegExp(`/${op.name}(?:_\\d+)?$`), "");
    try {
      return withScope(scope === "" ? undefined : scope, () => apply(op, inputs, attrs));
    } catch (cause) {
      if (cause instanceof TrainscopeError)
        throw new InvalidInputError(cause.message, { where: `${this.#where}, ${nodeText(node)}`, cause });
      throw new CorruptFileError("the inputs do not fit", { where: `${this.#where}, ${nodeText(node)}`, cause });
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
      if (type === null || type === undefined)
        throw new CorruptFileError(`input ${quoted(name)} of a loop's body has no counterpart`, { where: this.#where });
      return input(name, type.dtype, type.shape);
    });
    const twins = new Map<Tensor, Tensor>();
    const graph = this.#graph(proto, own, (name) => {
      const tensor = outer(name);
      if (tensor === undefined || tensor.node?.op.name === "Constant") return tensor;
      const twin = twins.get(tensor) ?? input(name, tensor.dtype, tensor.shape);
      twins.set(tensor, twin);
      return twin;
    });
    return { graph: { inputs: [...own, ...twins.values()], outputs: graph.outputs }, captured: [...twins.keys()] };
  }

  #fault(node: NodeProto, summary: string): InvalidInputError {
    return new InvalidInputError(summary, { where: `${this.#where}, ${nodeText(node)}` });
  }
}

type Converter = (
  node: NodeProto,
  inputs: (Tensor | null)[],
  attrs: Record<string, AttributeValue>,
  where: string,
) => void;

/** Until opset 17 the axes of most reductions are an attribute. */
const axesToInput: Converter = ({ attribute }, inputs, _attrs, where) => {
  const axes = attribute.find(({ name }) => name === "axes");
  if (axes !== undefined && inputs.length === 1) inputs.push(int64s(axes.ints.map((axis) => integer(where, axis))));
};

/** Numbers that are written without a tensor around them. */
const plainValue: Converter = ({ attribute }, _inputs, attrs, where) => {
  const [given] = attribute;
  if (given === undefined || given.name === "value") return;
  const isInteger = given.name.startsWith("value_int");
  const isList = given.name.endsWith("s");
  const list: (number | bigint)[] = isInteger ? (isList ? given.ints : [given.i]) : isList ? given.floats : [given.f];
  const numbers = list.map((value) => (typeof value === "bigint" ? integer(where, value) : value));
  attrs.value = tensorFrom(isInteger ? "int64" : "float32", isList ? [numbers.length] : [], numbers);
};

/** What a file says differently from our records. */
const converters: Readonly<Record<string, Converter>> = {
  Constant: plainValue,
  ReduceMax: axesToInput,
  ReduceMean: axesToInput,
  ReduceMin: axesToInput,
  ReduceSumSquare: axesToInput,
  MaxPool: ({ output }, _inputs, attrs) => {
    if ((output[1] ?? "") !== "") attrs.with_indices = 1;
  },
  // Until opset 17 the number of outputs is that of the node.
  Split: ({ output }, inputs, attrs) => {
    if ((inputs[1] ?? null) === null) attrs.num_outputs = output.length;
  },
};

/** Attributes that converters take care of, and one that only concerns element types that we do not have. */
const convertedAttributes = [
  ...["ReduceMax", "ReduceMean", "ReduceMin", "ReduceSumSquare"].map((name) => `${name}.axes`),
  ...["value_int", "value_ints", "value_float", "value_floats"].map((name) => `Constant.${name}`),
  "Cast.saturate",
];
