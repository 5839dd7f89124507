// Lists the element types that can be read: how a file stores each, and how its bytes become one of our types.
import { type DType, dtypeTable, type TypedArray } from "../../core/numbers/dtype.js";
import { elementsFromBytes } from "../../core/numbers/element-bytes.js";
import { brainToNumber, halfToNumber, numberToBrain, numberToHalf } from "../../core/numbers/half-precision.js";
import { TensorProto_DataType as Code, type TensorProto } from "./generated/onnx_pb.js";

/** The typed fields of a TensorProto. */
type TypedField = "floatData" | "int32Data" | "int64Data" | "doubleData" | "uint64Data";

export interface ElementStorage {
  /** Name in ONNX. */
  readonly name: string;
  /** Value of `TensorProto.DataType`. */
  readonly code: number;
  /** Bytes per element in `raw_data`. */
  readonly bytes: number;
  /** Our type of the elements: the same type, or the smallest one that holds all its values. */
  readonly dtype: DType;
  readonly field: TypedField;
  fromRaw(bytes: Uint8Array): TypedArray;
  /** @throws RangeError for a value that our type cannot hold. */
  fromTyped(values: TensorProto[TypedField]): TypedArray;
  toRaw(values: ArrayLike<number | bigint>): Uint8Array<ArrayBuffer>;
}

/** A type that is kept unchanged. */
function held(name: string, dtype: DType, field: TypedField): ElementStorage {
  const { onnx: code, bytes, array } = dtypeTable[dtype];
  return {
    name,
    code,
    bytes,
    dtype,
    field,
    fromRaw: (raw) => elementsFromBytes(dtype, raw),
    fromTyped: (values) => filled(new array(values.length), (i) => values[i]),
    toRaw: (values) => new Uint8Array(filled(new array(values.length), (i) => values[i]).buffer as ArrayBuffer),
  };
}

/** A type of two or eight bytes whose elements are converted one by one. */
function converted(
  name: string,
  code: number,
  dtype: DType,
  word: typeof Uint16Array | typeof Int16Array | typeof BigUint64Array,
  field: TypedField,
  [decode, encode]: readonly [(word: number | bigint) => number | bigint, (value: number) => number],
): ElementStorage {
  const { array } = dtypeTable[dtype];
  const fromWords = (words: ArrayLike<number | bigint>) => filled(new array(words.length), (i) => decode(words[i]));
  return {
    name,
    code,
    bytes: word.BYTES_PER_ELEMENT,
    dtype,
    field,
    fromRaw: (raw) => fromWords(new word(raw.slice().buffer)),
    fromTyped: (values) => fromWords(values),
    toRaw: (values) => {
      const words = new Uint16Array(values.length);
      for (let i = 0; i < words.length; i++) words[i] = encode(Number(values[i]));
      return new Uint8Array(words.buffer);
    },
  };
}

function filled(data: TypedArray, valueAt: (i: number) => number | bigint): TypedArray {
  for (let i = 0; i < data.length; i++) {
    const value = valueAt(i);
    data[i] = data instanceof BigInt64Array ? BigInt(value) : Number(value);
  }
  return data;
}

const asIs = [(word: number | bigint) => word, (value: number) => value] as const;

/** Values beyond the largest int64 cannot be converted. */
function signed(word: number | bigint): bigint {
  if (BigInt(word) < 2n ** 63n) return BigInt(word);
  throw new RangeError(`${word} does not fit int64`);
}

/**
 * All readable element types. Strings, complex numbers and types of at most 8 bits beyond int8, uint8 and bool are not
 * readable.
 */
export const elementStorages: readonly ElementStorage[] = [
  held("FLOAT", "float32", "floatData"),
  held("DOUBLE", "float64", "doubleData"),
  held("UINT8", "uint8", "int32Data"),
  held("INT8", "int8", "int32Data"),
  held("INT32", "int32", "int32Data"),
  held("UINT32", "uint32", "uint64Data"),
  held("INT64", "int64", "int64Data"),
  held("BOOL", "bool", "int32Data"),
  converted("INT16", Code.INT16, "int32", Int16Array, "int32Data", asIs),
  converted("UINT16", Code.UINT16, "int32", Uint16Array, "int32Data", asIs),
  converted("UINT64", Code.UINT64, "int64", BigUint64Array, "uint64Data", [signed, (value) => value]),
  converted("FLOAT16", Code.FLOAT16, "float32", Uint16Array, "int32Data", [
    (word) => halfToNumber(Number(word)),
    numberToHalf,
  ]),
  converted("BFLOAT16", Code.BFLOAT16, "float32", Uint16Array, "int32Data", [
    (word) => brainToNumber(Number(word)),
    numberToBrain,
  ]),
];

/** The storage of a type, by its `TensorProto.DataType`. */
export function storageOf(code: number): ElementStorage | undefined {
  return elementStorages.find((storage) => storage.code === code);
}
