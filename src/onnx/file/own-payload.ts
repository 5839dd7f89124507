// Locates and fetches tensor values that skimming left in the model file.
import { create, fromBinary } from "@bufbuild/protobuf";
import { CorruptFileError } from "../../core/errors.js";
import type { TensorProto } from "./generated/onnx_pb.js";
import { type StringStringEntryProto, StringStringEntryProtoSchema, TensorProtoSchema } from "./generated/onnx_pb.js";

/** Stands for the model file itself; no user file can have this name (`external-data.ts`). */
export const ownLocation = ":model";

/**
 * The fields that hold a tensor's elements. floatData and doubleData are encoded like `raw_data`: little-endian
 * elements.
 */
export const payloadFields = ["rawData", "floatData", "doubleData", "int32Data", "int64Data", "uint64Data"] as const;
export type PayloadField = (typeof payloadFields)[number];

/** A range of the skimmed file. */
export interface OwnPayload {
  readonly field: PayloadField;
  readonly offset: number;
  readonly length: number;
}

/** Encodes the range as entries of external data, so that it survives all processing of the message. */
export function payloadEntries({ field, offset, length }: OwnPayload): StringStringEntryProto[] {
  const entries = { location: ownLocation, field, offset: `${offset}`, length: `${length}` };
  return Object.entries(entries).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
}

/** The range of a tensor's values, if skimming left them in the file. */
export function ownPayload({ externalData }: TensorProto): OwnPayload | undefined {
  const entries = new Map(externalData.map(({ key, value }) => [key, value]));
  const field = payloadFields.find((name) => name === entries.get("field"));
  if (entries.get("location") !== ownLocation || field === undefined) return undefined;
  return { field, offset: Number(entries.get("offset")), length: Number(entries.get("length")) };
}

/** Whether the elements are stored contiguously at full size; other fields use variable-length integers. */
export function isPlain({ field }: OwnPayload): boolean {
  return field === "rawData" || field === "floatData" || field === "doubleData";
}

/** The numbers of a packed field. @throws CorruptFileError if they are truncated. */
export function packedNumbers<Field extends Exclude<PayloadField, "rawData">>(
  where: string,
  field: Field,
  bytes: Uint8Array,
): TensorProto[Field] {
  const head = [(TensorProtoSchema.field[field].number << 3) | 2];
  for (let rest = bytes.length; ; rest = Math.floor(rest / 128)) {
    head.push(rest >= 128 ? (rest % 128) | 128 : rest);
    if (rest < 128) break;
  }
  const message = new Uint8Array(head.length + bytes.length);
  message.set(head);
  message.set(bytes, head.length);
  try {
    return fromBinary(TensorProtoSchema, message)[field];
  } catch (cause) {
    throw new CorruptFileError("its values are damaged", { where, cause });
  }
}
