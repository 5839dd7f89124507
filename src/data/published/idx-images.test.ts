// Sets in the format of MNIST: consistent files, and files that are refused.
import { describe, expect, it } from "vitest";
import { TrainscopeError } from "../../core/errors.js";
import { type TensorData, tensorFrom } from "../../core/numbers/tensor-data.js";
import { writeIdx } from "../formats/idx.js";
import { idxImageFiles, parseIdxImages } from "./idx-images.js";

const bytes = (shape: readonly number[], values: readonly number[]) =>
  writeIdx({ ...tensorFrom("uint8", shape, values), dtype: "uint8" } as TensorData & { dtype: "uint8" });

/** Two training and one test image of 2 x 2 pixels, with some files replaced. */
function files(changes: Readonly<Record<string, Uint8Array>> = {}): Map<string, Uint8Array> {
  return new Map(
    Object.entries({
      [idxImageFiles.trainImages]: bytes([2, 2, 2], [0, 1, 2, 3, 4, 5, 6, 255]),
      [idxImageFiles.trainLabels]: bytes([2], [2, 0]),
      [idxImageFiles.testImages]: bytes([1, 2, 2], [9, 8, 7, 6]),
      [idxImageFiles.testLabels]: bytes([1], [1]),
      ...changes,
    }),
  );
}

function messageOf(changed: Map<string, Uint8Array>): string {
  try {
    parseIdxImages(changed, 2, 3);
  } catch (error) {
    if (error instanceof TrainscopeError) return error.message;
    throw error;
  }
  return "no error";
}

describe("sets of gray images", () => {
  it("become bytes with one channel, and labels as int32", () => {
    expect(parseIdxImages(files(), 2, 3)).toEqual({
      train: {
        inputs: tensorFrom("uint8", [2, 1, 2, 2], [0, 1, 2, 3, 4, 5, 6, 255]),
        targets: tensorFrom("int32", [2], [2, 0]),
      },
      test: { inputs: tensorFrom("uint8", [1, 1, 2, 2], [9, 8, 7, 6]), targets: tensorFrom("int32", [1], [1]) },
    });
  });

  it("are refused with one sentence if files do not fit together", () => {
    const messages = [
      files({ [idxImageFiles.trainLabels]: bytes([3], [0, 1, 2]) }),
      files({ [idxImageFiles.testLabels]: bytes([1], [3]) }),
      files({ [idxImageFiles.testImages]: bytes([1, 2, 3], [1, 2, 3, 4, 5, 6]) }),
      files({ [idxImageFiles.trainLabels]: bytes([2, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7]) }),
      new Map(),
    ].map(messageOf);
    expect(messages).toMatchInlineSnapshot(`
      [
        "train-labels-idx1-ubyte: images and labels differ in number: expected 2 labels, one for each image of train-images-idx3-ubyte, received 3. The file is damaged or of another set: fetch it again",
        "t10k-labels-idx1-ubyte: label 0 is out of range: expected a class from 0 to 2, received 3. The file is damaged or of another set: fetch it again",
        "t10k-images-idx3-ubyte: not images of this set: expected uint8 [images, 2, 2], received uint8 [1, 2, 3]. The file is damaged or of another set: fetch it again",
        "train-labels-idx1-ubyte: not labels: expected uint8 [labels], received uint8 [2, 2, 2]. The file is damaged or of another set: fetch it again",
        "train-images-idx3-ubyte: missing file. The file is damaged or of another set: fetch it again",
      ]
    `);
  });
});
