// CIFAR's binary version: the order of planes and labels, and damaged files.
import { describe, expect, it } from "vitest";
import { TrainscopeError } from "../../core/errors.js";
import { cifarRecordBytes, parseCifar } from "./cifar.js";

function batch(labels: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(labels.length * cifarRecordBytes);
  for (const [record, label] of labels.entries()) {
    const start = record * cifarRecordBytes;
    bytes[start] = label;
    for (let i = 1; i < cifarRecordBytes; i++) bytes[start + i] = (record * 7 + i - 1) & 255;
  }
  return bytes;
}

function messageOf(files: ReadonlyMap<string, Uint8Array>): string {
  try {
    parseCifar(files, ["a", "b"], 10);
  } catch (error) {
    if (error instanceof TrainscopeError) return error.message;
    throw error;
  }
  return "no error";
}

describe("CIFAR", () => {
  it("joins its files into planes of red, green and blue", () => {
    const split = parseCifar(
      new Map([
        ["b", batch([9])],
        ["a", batch([3, 1])],
      ]),
      ["a", "b"],
      10,
    );
    expect(split.targets).toEqual({ dtype: "int32", shape: [3], data: Int32Array.of(3, 1, 9) });
    expect(split.inputs.shape).toEqual([3, 3, 32, 32]);
    // Example 1, green, row 2, column 5.
    expect(split.inputs.data[((1 * 3 + 1) * 32 + 2) * 32 + 5]).toBe((7 + 1024 + 2 * 32 + 5) & 255);
    expect(split.inputs.data[2 * 3072]).toBe(0);
  });

  it("refuses a damaged file with the reason", () => {
    const good = batch([1]);
    const cases = [
      new Map([["a", good]]),
      new Map([
        ["a", good],
        ["b", good.subarray(1)],
      ]),
      new Map([
        ["a", good],
        ["b", new Uint8Array(0)],
      ]),
      new Map([
        ["a", good],
        ["b", batch([0, 10])],
      ]),
    ];
    expect(cases.map(messageOf)).toMatchInlineSnapshot(`
      [
        "b: missing file. The file is damaged or of another set: fetch it again",
        "b: not whole records of CIFAR: expected a multiple of 3073 bytes, received 3072. The file is damaged or of another set: fetch it again",
        "b: not whole records of CIFAR: expected a multiple of 3073 bytes, received 0. The file is damaged or of another set: fetch it again",
        "b: label 1 is out of range: expected a class from 0 to 9, received 10. The file is damaged or of another set: fetch it again",
      ]
    `);
  });
});
