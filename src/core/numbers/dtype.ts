// Element types, spelled as in the ONNX specification, and the typed arrays that hold them.

export const dtypes = ["float32", "float64", "uint8", "int8", "int32", "uint32", "int64", "bool"] as const;

export type DType = (typeof dtypes)[number];

export type TypedArray =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Int32Array
  | Uint32Array
  | BigInt64Array;

/** What float32 can hold, for messages. */
export const float32Range = "from -3.4028235e38 to 3.4028235e38";

interface DTypeRecord {
  /** Bytes of one element. */
  readonly bytes: number;
  readonly isFloat: boolean;
  /** `TensorProto.DataType` of the ONNX specification. */
  readonly onnx: number;
  readonly array: {
    new (length: number): TypedArray;
    new (buffer: ArrayBufferLike, offset: number, length: number): TypedArray;
  };
}

/** One record per element type; `bool` is stored as bytes 0 and 1, as ONNX Runtime does. */
export const dtypeTable: Readonly<Record<DType, DTypeRecord>> = {
  float32: { bytes: 4, isFloat: true, onnx: 1, array: Float32Array },
  float64: { bytes: 8, isFloat: true, onnx: 11, array: Float64Array },
  uint8: { bytes: 1, isFloat: false, onnx: 2, array: Uint8Array },
  int8: { bytes: 1, isFloat: false, onnx: 3, array: Int8Array },
  int32: { bytes: 4, isFloat: false, onnx: 6, array: Int32Array },
  uint32: { bytes: 4, isFloat: false, onnx: 12, array: Uint32Array },
  int64: { bytes: 8, isFloat: false, onnx: 7, array: BigInt64Array },
  bool: { bytes: 1, isFloat: false, onnx: 9, array: Uint8Array },
};

export function isFloat(dtype: DType): boolean {
  return dtypeTable[dtype].isFloat;
}

/** The element type with this `TensorProto.DataType` number, if we support it. */
export function dtypeFromOnnx(code: number): DType | undefined {
  return dtypes.find((dtype) => dtypeTable[dtype].onnx === code);
}
