// Converts tensors between our records and ONNX Runtime's objects, and makes copies that are safe to transfer.
import type * as ort from "onnxruntime-node";
import { type DType, dtypes, dtypeTable, type TypedArray } from "../../core/numbers/dtype.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import { HostFault } from "./ort-errors.js";

/**
 * A copy with its own buffer. Structured cloning would not do: cloning a view sends the whole buffer
 * behind it, and transferring would detach the caller's array.
 */
export function ownCopy({ dtype, shape, data }: TensorData): TensorData {
  const copy = new dtypeTable[dtype].array(data.length);
  (copy as Uint8Array).set(data as Uint8Array);
  return { dtype, shape: [...shape], data: copy };
}

/** Wraps without copying; ONNX Runtime reads the array in place. */
export function toOrt(runtime: typeof ort, { dtype, shape, data }: TensorData): ort.Tensor {
  // Our element types are a subset of its names with the same arrays, but its overloads take one type each.
  return new runtime.Tensor(dtype as "float32", data as Float32Array, shape);
}

/** Wraps without copying. @throws HostFault for element types that we do not have (float16, string ...). */
export function fromOrt(where: string, tensor: ort.Tensor): TensorData {
  if (!(dtypes as readonly string[]).includes(tensor.type)) {
    throw new HostFault("unsupported element type", {
      where,
      expected: `one of ${dtypes.join(", ")}`,
      received: tensor.type,
    });
  }
  return { dtype: tensor.type as DType, shape: [...tensor.dims], data: tensor.data as TypedArray };
}
