// A compact notation for small ONNX models in tests.
import { create, toBinary } from "@bufbuild/protobuf";
import { type TensorData, tensorFrom } from "../core/numbers/tensor-data.js";
import {
  type AttributeProto,
  AttributeProtoSchema,
  FunctionProtoSchema,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorShapeProto_DimensionSchema,
  ValueInfoProtoSchema,
} from "./file/generated/onnx_pb.js";
import { tensorProto } from "./write.js";

type AttributeCase = number | string | readonly number[] | TensorData | { readonly ref: string; readonly type: number };

/**
 * `y = Conv(x, w) {group: 2}` as `["Conv", ["x", "w"], ["y"], { group: 2 }]`. Whole numbers are integers, others
 * floats.
 */
export type NodeCase = readonly [
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes?: Readonly<Record<string, AttributeCase>>,
  more?: { readonly domain?: string; readonly name?: string; readonly metadata?: Readonly<Record<string, string>> },
];

export interface ModelCase {
  readonly opset?: number;
  readonly producer?: string;
  /** Sizes, or names of symbolic axes. */
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  readonly outputs: readonly string[];
  readonly stored?: Readonly<Record<string, TensorData>>;
  /** Metadata that the exporter recorded for a stored tensor. */
  readonly notes?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly nodes: readonly NodeCase[];
  readonly functions?: Readonly<
    Record<
      string,
      {
        readonly inputs: string[];
        readonly outputs: string[];
        readonly attributes?: string[];
        readonly nodes: readonly NodeCase[];
      }
    >
  >;
}

/** A float32 tensor with values 0.1, 0.2, ... unless `valueAt` is given. */
export function numbers(shape: readonly number[], valueAt = (i: number): number => (i + 1) / 10): TensorData {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return tensorFrom(
    "float32",
    shape,
    Array.from({ length: size }, (_, i) => valueAt(i)),
  );
}

export const integers = (...values: number[]): TensorData => tensorFrom("int64", [values.length], values);

export function modelBytes(model: ModelCase, change: (proto: ModelProto) => void = () => {}): Uint8Array {
  const proto = modelProto(model);
  change(proto);
  return toBinary(ModelProtoSchema, proto);
}

function modelProto({
  opset = 18,
  producer = "",
  inputs,
  outputs,
  stored = {},
  notes = {},
  nodes,
  functions = {},
}: ModelCase) {
  const info = (name: string, axes?: readonly (number | string)[]) =>
    create(ValueInfoProtoSchema, {
      name,
      type: {
        value: {
          case: "tensorType",
          value: { elemType: 1, ...(axes === undefined ? {} : { shape: { dim: axes.map(dimension) } }) },
        },
      },
    });
  const noted = Object.entries(notes).map(([name, entries]) => ({ ...info(name), metadataProps: metadata(entries) }));
  const standard = create(OperatorSetIdProtoSchema, { domain: "", version: BigInt(opset) });
  return create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: producer,
    opsetImport: [standard],
    graph: create(GraphProtoSchema, {
      name: "main",
      input: Object.entries(inputs).map(([name, axes]) => info(name, axes)),
      output: outputs.map((name) => info(name)),
      initializer: Object.entries(stored).map(([name, value]) => tensorProto(name, value)),
      valueInfo: noted,
      node: nodes.map(nodeProto),
    }),
    functions: Object.entries(functions).map(([name, { inputs, outputs, attributes = [], nodes: body }]) =>
      create(FunctionProtoSchema, {
        name,
        domain: "local",
        input: inputs,
        output: outputs,
        attribute: attributes,
        opsetImport: [standard],
        node: body.map(nodeProto),
      }),
    ),
  });
}

function dimension(axis: number | string) {
  const value =
    typeof axis === "number"
      ? { case: "dimValue" as const, value: BigInt(axis) }
      : { case: "dimParam" as const, value: axis };
  return create(TensorShapeProto_DimensionSchema, { value });
}

const metadata = (entries: Readonly<Record<string, string>>) =>
  Object.entries(entries).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));

function nodeProto([opType, input, output, attributes = {}, more = {}]: NodeCase): NodeProto {
  return create(NodeProtoSchema, {
    opType,
    input: [...input],
    output: [...output],
    name: more.name ?? "",
    domain: more.domain ?? "",
    metadataProps: metadata(more.metadata ?? {}),
    attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
  });
}

const utf8 = new TextEncoder();

function attributeProto(name: string, value: AttributeCase): AttributeProto {
  const of = (rest: object): AttributeProto => create(AttributeProtoSchema, { name, ...rest });
  if (typeof value === "string") return of({ type: 3, s: utf8.encode(value) });
  if (typeof value === "number")
    return Number.isInteger(value) ? of({ type: 2, i: BigInt(value) }) : of({ type: 1, f: value });
  if ("ref" in value) return of({ type: value.type, refAttrName: value.ref });
  if ("dtype" in value) return of({ type: 4, t: tensorProto("", value) });
  const list = value as readonly number[];
  return list.every(Number.isInteger) ? of({ type: 7, ints: list.map(BigInt) }) : of({ type: 6, floats: [...list] });
}
