// Unpacks ONNX's operator tests: models as bytes, tensors as arrays.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import { type DType, dtypeTable } from "../../src/core/numbers/dtype.js";
import { elementsFromBytes } from "../../src/core/numbers/element-bytes.js";
import { sizeOf } from "../../src/core/numbers/shape.js";
import { type TensorData, tensorData } from "../../src/core/numbers/tensor-data.js";

export interface OnnxCase {
  readonly name: string;
  readonly model: Uint8Array;
  readonly inputs: readonly TensorData[];
  readonly outputs: readonly TensorData[];
  /** The test's own tolerances; the defaults of ONNX's runner are 1e-3 and 1e-7. */
  readonly relative: number;
  readonly absolute: number;
}

export interface OnnxArchive {
  readonly cases: readonly OnnxCase[];
  /** Names of omitted tests by reason: an element type, `sequence`, `size` ... */
  readonly leftOut: Readonly<Record<string, readonly string[]>>;
}

interface Head {
  readonly leftOut: Record<string, string[]>;
  readonly tensors: [dtype: DType, shape: number[], offset: number][];
  readonly cases: {
    name: string;
    model: [offset: number, length: number];
    inputs: number[];
    outputs: number[];
    rtol?: number;
    atol?: number;
  }[];
}

/** Reads a packed file of `tools/oracle/fixtures`. Arrays that several tests use are stored once. */
export function readArchive(file: string): OnnxArchive {
  const path = fileURLToPath(new URL(`../../tools/oracle/fixtures/${file}`, import.meta.url));
  const packed = brotliDecompressSync(readFileSync(path));
  const length = packed.readUInt32LE(0);
  const head = JSON.parse(packed.subarray(4, 4 + length).toString()) as Head;
  const body = packed.subarray(4 + length);
  const tensors = head.tensors.map(([dtype, shape, offset]) => {
    const bytes = dtypeTable[dtype].bytes * sizeOf(shape);
    return tensorData(
      dtype,
      shape,
      elementsFromBytes(dtype, joinedPlanes(body.subarray(offset, offset + bytes), dtypeTable[dtype].bytes)),
    );
  });
  const cases = head.cases.map(({ name, model: [offset, size], inputs, outputs, rtol = 1e-3, atol = 1e-7 }) => ({
    name,
    model: new Uint8Array(body.subarray(offset, offset + size)),
    inputs: inputs.map((i) => tensors[i]),
    outputs: outputs.map((i) => tensors[i]),
    relative: rtol,
    absolute: atol,
  }));
  return { cases, leftOut: head.leftOut };
}

/** The packed file stores the first bytes of all elements, then the second bytes, and so on. */
function joinedPlanes(planes: Uint8Array, width: number): Uint8Array {
  const count = planes.length / width;
  const bytes = new Uint8Array(planes.length);
  for (let i = 0; i < count; i++) for (let b = 0; b < width; b++) bytes[i * width + b] = planes[b * count + i];
  return bytes;
}
