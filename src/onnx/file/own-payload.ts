// Values of tensors that were left in the file itself when it was skimmed: where they are, and how they are fetched.
import { create, fromBinary } from "@bufbuild/protobuf";
import { CorruptFileError } from "../../core/errors.js";
import type { TensorProto } from "./generated/onnx_pb.js";
import { type StringStringEntryProto, StringStringEntryProtoSchema, TensorProtoSchema } from "./generated/onnx_pb.js";

/** Stands in the place of a file's name; no file of the user's may be named so (`external-data.ts`). */
export const ownLocation = ":model";

/** Fields that hold the elements of a tensor. Two of them lie in the file as `raw_data` does: little-endian elements. */
export const payloadFields = ["rawData", "floatData", "doubleData", "int32Data", "int64Data", "uint64Data"] as const;
export type PayloadField = (typeof payloadFields)[number];

/** A place in the file that was skimmed. */
export interface OwnPayload {
  readonly field: PayloadField;
  readonly offset: number;
  readonly length: number;
}

/** The place as entries of external data: so it survives whatever is done with the message. */
export function payloadEntries({ field, offset, length }: OwnPayload): StringStringEntryProto[] {
  const entries = { location: ownLocation, field, offset: `${offset}`, length: `${length}` };
  return Object.entries(entries).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
}

/** Where the values of a tensor were left, if they were. */
export function ownPayload({ externalData }: TensorProto): OwnPayload | undefined {
  const entries = new Map(externalData.map(({ key, value }) => [key, value]));
  const field = payloadFields.find((name) => name === entries.get("field"));
  if (entries.get("location") !== ownLocation || field === undefined) return undefined;
  return { field, offset: Number(entries.get("offset")), length: Number(entries.get("length")) };
}

/** Whether the elements lie there one behind the other, each with all its bytes; other fields hold numbers of any length. */
export function isPlain({ field }: OwnPayload): boolean {
  return field === "rawData" || field === "floatData" || field === "doubleData";
}

/** The numbers of a packed field. @throws CorruptFileError when they are cut off. */
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
