// The binary version of CIFAR: records of a label byte and 3,072 pixel bytes, in planes of red, green and blue.
// Format: https://www.cs.toronto.edu/~kriz/cifar.html (section "Binary version")
import { CorruptFileError } from "../../core/errors.js";
import { tensorData } from "../../core/numbers/tensor-data.js";
import type { Split } from "../dataset.js";

const side = 32;
const imageBytes = 3 * side * side;
/** Label and image. */
export const cifarRecordBytes = 1 + imageBytes;
const remedy = "The file is damaged or of another set: fetch it again";

/**
 * One split from its files, in this order: `uint8 [images, 3, 32, 32]` and class numbers.
 * @throws CorruptFileError for a file that ends inside a record, or a label out of range.
 */
export function parseCifar(
  files: ReadonlyMap<string, Uint8Array>,
  names: readonly string[],
  classCount: number,
): Split {
  const count = names.reduce((sum, name) => sum + recordCount(files, name), 0);
  const images = new Uint8Array(count * imageBytes);
  const labels = new Int32Array(count);
  let record = 0;
  for (const name of names) {
    const bytes = files.get(name) as Uint8Array;
    for (let start = 0; start < bytes.length; start += cifarRecordBytes) {
      labels[record] = checkedLabel(bytes[start], classCount, name, start / cifarRecordBytes);
      images.set(bytes.subarray(start + 1, start + cifarRecordBytes), record * imageBytes);
      record++;
    }
  }
  return {
    inputs: tensorData("uint8", [count, 3, side, side], images),
    targets: tensorData("int32", [count], labels),
  };
}

function recordCount(files: ReadonlyMap<string, Uint8Array>, name: string): number {
  const bytes = files.get(name);
  if (bytes === undefined) throw new CorruptFileError("missing file", { where: name, remedy });
  if (bytes.length > 0 && bytes.length % cifarRecordBytes === 0) return bytes.length / cifarRecordBytes;
  throw new CorruptFileError("not whole records of CIFAR", {
    where: name,
    expected: `a multiple of ${cifarRecordBytes} bytes`,
    received: `${bytes.length}`,
    remedy,
  });
}

function checkedLabel(label: number, classCount: number, where: string, record: number): number {
  if (label < classCount) return label;
  throw new CorruptFileError(`label ${record} is out of range`, {
    where,
    expected: `a class from 0 to ${classCount - 1}`,
    received: `${label}`,
    remedy,
  });
}
