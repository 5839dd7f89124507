// Reads an ONNX file without its weights: large values stay in the file, and the message holds their offsets.
//
//   file --walk over the wire format--> the same messages without large values --protobuf--> ModelProto
import { create, type DescMessage, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CorruptFileError, InvalidInputError } from "../../core/errors.js";
import { type ModelProto, ModelProtoSchema, TensorProtoSchema } from "./generated/onnx_pb.js";
import { type PayloadField, payloadEntries, payloadFields } from "./own-payload.js";

/** Random access to bytes. */
export interface ByteSource {
  readonly size: number;
  /** Returns exactly these bytes; always called within the size. */
  readAt(offset: number, length: number): Uint8Array;
}

export interface SkimOptions {
  /**
   * Values of at least this many bytes stay in the file. Default 16384: small enough that many smaller ones are no
   * burden, and larger than any shape.
   */
  readonly smallestPayload?: number;
}

// Graphs of a model are nested only a few levels deep, and only messages longer than a large value are entered.
const deepestMessage = 64;
/** Limit for everything except large values: enough for a million nodes, and less than memory holds. */
const mostStructure = 2 ** 30;

/**
 * The messages of a model with file ranges instead of large values, which `readTensor` fetches on demand.
 * @throws CorruptFileError for damage and for files that are not ONNX models.
 */
export function skimModel(
  source: ByteSource,
  where: string,
  { smallestPayload = 16_384 }: SkimOptions = {},
): ModelProto {
  const skimmer = new Skimmer(source, where, smallestPayload);
  const bytes = skimmer.message(ModelProtoSchema, 0, source.size, 0);
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw damaged(where, cause);
  }
}

const damaged = (where: string, cause?: unknown): CorruptFileError =>
  new CorruptFileError("not an ONNX model, or a damaged one", { where, ...(cause === undefined ? {} : { cause }) });

/** One field of a message: from its tag to its end, and the start of its contents. */
interface Field {
  readonly number: number;
  readonly start: number;
  /** Set for length-delimited fields: strings, bytes, lists and messages. */
  readonly body: number | undefined;
  readonly end: number;
}

class Skimmer {
  readonly #source: ByteSource;
  readonly #where: string;
  readonly #window: Window;
  readonly #smallestPayload: number;
  #kept = 0;

  constructor(source: ByteSource, where: string, smallestPayload: number) {
    this.#source = source;
    this.#where = where;
    this.#smallestPayload = smallestPayload;
    this.#window = new Window(source);
  }

  /** The bytes of a message without its large values. */
  message(type: DescMessage, start: number, end: number, depth: number): Uint8Array {
    if (depth > deepestMessage) throw new CorruptFileError("graphs are nested too deeply", { where: this.#where });
    const pieces: Uint8Array[] = [];
    // Unchanged bytes are copied in one piece up to the next large field.
    let copied = start;
    for (const field of this.#largeFields(start, end)) {
      const replacement = this.#replacement(type, field, depth);
      if (replacement === undefined) continue;
      pieces.push(this.#copy(copied, field.start), replacement);
      copied = field.end;
    }
    pieces.push(this.#copy(copied, end));
    return joined(pieces);
  }

  /** The replacement of a large field; `undefined` if the field stays. */
  #replacement(type: DescMessage, { number, body, end }: Field, depth: number): Uint8Array | undefined {
    const field = type.fields.find((known) => known.number === number);
    if (field === undefined || body === undefined) return undefined;
    if (type === TensorProtoSchema) {
      const name = payloadFields.find((known) => known === field.localName);
      return name === undefined ? undefined : reference(name, body, end - body);
    }
    if (field.message === undefined) return undefined;
    const inner = this.message(field.message, body, end, depth + 1);
    return joined([Uint8Array.from([...varint(number * 8 + 2), ...varint(inner.length)]), inner]);
  }

  *#largeFields(start: number, end: number): Iterable<Field> {
    for (let at = start; at < end; ) {
      const field = this.#field(at, end);
      if (field.body !== undefined && field.end - field.body >= this.#smallestPayload) yield field;
      at = field.end;
    }
  }

  #field(start: number, limit: number): Field {
    const [tag, afterTag] = this.#varint(start, limit);
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (number === 0) throw damaged(this.#where);
    if (wireType === 2) {
      const [length, body] = this.#varint(afterTag, limit);
      return { number, start, body, end: this.#within(body + length, limit) };
    }
    const end =
      wireType === 0
        ? this.#varint(afterTag, limit)[1]
        : wireType === 1
          ? afterTag + 8
          : wireType === 5
            ? afterTag + 4
            : // Groups: ONNX has none.
              Number.POSITIVE_INFINITY;
    return { number, start, body: undefined, end: this.#within(end, limit) };
  }

  #varint(start: number, limit: number): readonly [value: number, end: number] {
    let value = 0;
    for (let at = start, factor = 1; at < limit && at < start + 10; at++, factor *= 128) {
      const byte = this.#window.byte(at);
      value += (byte & 127) * factor;
      if (byte < 128) return [value, at + 1];
    }
    throw damaged(this.#where);
  }

  #within(end: number, limit: number): number {
    if (end <= limit) return end;
    throw damaged(this.#where, `a field ends at byte ${end} of ${limit}`);
  }

  #copy(start: number, end: number): Uint8Array {
    this.#kept += end - start;
    if (this.#kept <= mostStructure) return this.#source.readAt(start, end - start);
    throw new InvalidInputError("the model is too large without its weights", {
      where: this.#where,
      expected: `at most ${mostStructure} bytes`,
      received: `more than ${this.#kept}`,
    });
  }
}

/** A small read-ahead buffer: tags and lengths are a few bytes each. */
class Window {
  readonly #source: ByteSource;
  #start = 0;
  #bytes = new Uint8Array(0);

  constructor(source: ByteSource) {
    this.#source = source;
  }

  byte(at: number): number {
    if (at < this.#start || at >= this.#start + this.#bytes.length) {
      this.#start = at;
      this.#bytes = new Uint8Array(this.#source.readAt(at, Math.min(8192, this.#source.size - at)));
    }
    return this.#bytes[at - this.#start];
  }
}

/** The tensor fields that record where its values are. */
function reference(field: PayloadField, offset: number, length: number): Uint8Array {
  const externalData = payloadEntries({ field, offset, length });
  return toBinary(TensorProtoSchema, create(TensorProtoSchema, { externalData }));
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
