// MNIST and the sets made in its image: four IDX files, gray images and labels for training and test.
import { CorruptFileError } from "../../core/errors.js";
import { shapeText } from "../../core/numbers/shape.js";
import { type TensorData, tensorData } from "../../core/numbers/tensor-data.js";
import type { Split } from "../dataset.js";
import { readIdx } from "../formats/idx.js";

/** Names of the four files, shared by all these sets. */
export const idxImageFiles = {
  trainImages: "train-images-idx3-ubyte",
  trainLabels: "train-labels-idx1-ubyte",
  testImages: "t10k-images-idx3-ubyte",
  testLabels: "t10k-labels-idx1-ubyte",
} as const;

const remedy = "The file is damaged or of another set: fetch it again";

/**
 * Both splits of a set of gray images.
 * @param side width and height, in pixels.
 * @param classCount labels run from 0 to one less.
 */
export function parseIdxImages(
  files: ReadonlyMap<string, Uint8Array>,
  side: number,
  classCount: number,
): { readonly train: Split; readonly test: Split } {
  const split = (imageFile: string, labelFile: string): Split => {
    const inputs = readImages(fileBytes(files, imageFile), imageFile, side);
    const targets = readLabels(fileBytes(files, labelFile), labelFile, classCount);
    if (inputs.shape[0] !== targets.shape[0]) {
      throw new CorruptFileError("images and labels differ in number", {
        where: labelFile,
        expected: `${inputs.shape[0]} labels, one for each image of ${imageFile}`,
        received: `${targets.shape[0]}`,
        remedy,
      });
    }
    return { inputs, targets };
  };
  return {
    train: split(idxImageFiles.trainImages, idxImageFiles.trainLabels),
    test: split(idxImageFiles.testImages, idxImageFiles.testLabels),
  };
}

function fileBytes(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const bytes = files.get(name);
  if (bytes === undefined) throw new CorruptFileError("missing file", { where: name, remedy });
  return bytes;
}

/** `[images, 1, side, side]` bytes: 0 is background. */
function readImages(bytes: Uint8Array, where: string, side: number): TensorData {
  const { dtype, shape, data } = readIdx(bytes, where);
  if (dtype !== "uint8" || shape.length !== 3 || shape[1] !== side || shape[2] !== side) {
    throw new CorruptFileError("not images of this set", {
      where,
      expected: `uint8 [images, ${side}, ${side}]`,
      received: `${dtype} ${shapeText(shape.slice(0, 8))}`,
      remedy,
    });
  }
  return tensorData("uint8", [shape[0], 1, side, side], data);
}

/** `[labels]` class numbers, widened to int32. */
function readLabels(bytes: Uint8Array, where: string, classCount: number): TensorData {
  const { dtype, shape, data } = readIdx(bytes, where);
  if (dtype !== "uint8" || shape.length !== 1) {
    throw new CorruptFileError("not labels", {
      where,
      expected: "uint8 [labels]",
      received: `${dtype} ${shapeText(shape.slice(0, 8))}`,
      remedy,
    });
  }
  const labels = Int32Array.from(data as Uint8Array);
  const wrong = labels.findIndex((label) => label >= classCount);
  if (wrong !== -1) {
    throw new CorruptFileError(`label ${wrong} is out of range`, {
      where,
      expected: `a class from 0 to ${classCount - 1}`,
      received: `${labels[wrong]}`,
      remedy,
    });
  }
  return tensorData("int32", shape, labels);
}
