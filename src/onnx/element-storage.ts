// How a file stores elements: every type that can be read, the type that it becomes here, and its way through the bytes.
import { type DType, dtypeTable, type TypedArray } from "../core/dtype.js";
import { elementsFromBytes } from "../core/element-bytes.js";
import { TensorProto_DataType as Code, type TensorProto } from "./generated/onnx_pb.js";

/** The typed fields of a TensorProto. */
type TypedField = "floatData" | "int32Data" | "int64Data" | "doubleData" | "uint64Data";

export interface ElementStorage {
  /** As ONNX spells it. */
  readonly name: string;
  /** `TensorProto.DataType`. */
  readonly code: number;
  /** Bytes of one element in `raw_data`. */
  readonly bytes: number;
  /** What the elements become here: the type itself, or the smallest of ours that holds all its values. */
  readonly dtype: DType;
  readonly field: TypedField;
  fromRaw(bytes: Uint8Array): TypedArray;
  /** @throws RangeError for a value that the type of ours does not hold. */
  fromTyped(values: TensorProto[TypedField]): TypedArray;
  toRaw(values: ArrayLike<number | bigint>): Uint8Array<ArrayBuffer>;
}

/** A type that we hold as it is. */
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

/** A type of two or eight bytes that becomes a wider or another one of ours, element by element. */
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

/** Beyond the largest int64 there is nothing to convert to. */
function signed(word: number | bigint): bigint {
  if (BigInt(word) < 2n ** 63n) return BigInt(word);
  throw new RangeError(`${word} does not fit int64`);
}

/** Every element type that can be read. Texts, complex numbers and numbers of 8 bits and fewer cannot. */
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
  converted("FLOAT16", Code.FLOAT16, "float32", Uint16Array, "int32Data", [halfToNumber, numberToHalf]),
  converted("BFLOAT16", Code.BFLOAT16, "float32", Uint16Array, "int32Data", [brainToNumber, numberToBrain]),
];

/** How elements of a type are stored, by its `TensorProto.DataType`. */
export function storageOf(code: number): ElementStorage | undefined {
  return elementStorages.find((storage) => storage.code === code);
}

/** IEEE 754 half precision: 1 sign bit, 5 bits of exponent, 10 of mantissa. */
export function halfToNumber(word: number | bigint): number {
  const bits = Number(word) & 0xffff;
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
}

/** The nearest half-precision number, ties to even; beyond 65,504 it is infinite. */
export function numberToHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(size)) return 0x7e00;
  if (size >= 65_520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundToEven(size * 2 ** 24);
  const exponent = Math.min(15, Math.floor(Math.log2(size)));
  // The logarithm may be off by a unit next to a power of two.
  const exact = 2 ** exponent > size ? exponent - 1 : size >= 2 ** (exponent + 1) ? exponent + 1 : exponent;
  // A mantissa that rounds up to 2,048 carries into the exponent by itself.
  return sign | (((exact + 14) << 10) + roundToEven(size * 2 ** (10 - exact)));
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

const floatView = new Float32Array(1);
const wordView = new Uint32Array(floatView.buffer);

/** bfloat16 is the upper half of a float32. */
function brainToNumber(word: number | bigint): number {
  wordView[0] = Number(word) << 16;
  return floatView[0];
}

/** The nearest bfloat16, ties to even. */
function numberToBrain(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  floatView[0] = value;
  const bits = wordView[0];
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}
