// Analyzing files on disk: external values, and faulty paths.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TrainscopeError } from "../core/errors.js";
import { toNumbers } from "../core/numbers/tensor-data.js";
import { inspectSubject } from "../inspect/inspect.js";
import { modelBytes, numbers } from "../onnx/model-cases.js";
import { onnxFileSubject } from "./inspect-file.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "inspect-file-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A convolution of 8000 weights, with values in another file if one is given. */
function model(location?: string): Uint8Array {
  const stored = { "conv.weight": numbers([80, 100, 1, 1]) };
  return modelBytes(
    { inputs: { x: ["batch", 100, 6, 6] }, outputs: ["y"], stored, nodes: [["Conv", ["x", "conv.weight"], ["y"]]] },
    (proto) => {
      const [weight] = proto.graph!.initializer;
      if (location === undefined) return;
      weight.rawData = new Uint8Array(0);
      const entries = { location, offset: "64", length: "32000" };
      weight.externalData = Object.entries(entries).map(([key, value]) => ({
        $typeName: "onnx.StringStringEntryProto",
        key,
        value,
      }));
    },
  );
}

const file = (name: string, bytes: Uint8Array | string): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

const expected = { parameters: 8000, macs: 80 * 100 * 36, isLowerBound: false };

test("a file is analyzed with internal values and with external values, even if these are missing or unreachable", () => {
  const remarks = (path: string): readonly string[] => {
    const { totals, remarks: heard } = inspectSubject(onnxFileSubject(path, { model: "net" }));
    expect(totals).toMatchObject(expected);
    return heard.map((remark) => remark.replaceAll(folder, ""));
  };
  file("there.data", new Uint8Array(64 + 32_000));
  file("short.data", new Uint8Array(64 + 31_999));
  mkdirSync(join(folder, "other"));
  writeFileSync(join(folder, "other", "real.data"), new Uint8Array(64 + 32_000));
  symlinkSync(join(folder, "other", "real.data"), join(folder, "link.data"));
  expect(remarks(file("whole.onnx", model()))).toEqual([]);
  expect(remarks(file("there.onnx", model("there.data")))).toEqual([]);
  for (const location of ["gone.data", "short.data", "link.data", "../up.data", "/etc/passwd", "other"])
    expect(remarks(file("net.onnx", model(location)))).toEqual([
      expect.stringContaining(`values are in "${location}", which is missing or too short`),
    ]);
});

test("values are read on request, also after the file was closed, and missing ones are reported", () => {
  const valuesOf = (path: string) => {
    const subject = onnxFileSubject(path);
    const weight = subject.steps[0].nodes[0].inputs[1];
    const value = subject.storedValue?.(weight as never, 0);
    return value === undefined ? [] : toNumbers(value);
  };
  const values = Float32Array.from({ length: 8000 }, (_, i) => i / 7);
  const parts = new Uint8Array(64 + 32_000);
  parts.set(new Uint8Array(values.buffer), 64);
  file("values.data", parts);
  expect(valuesOf(file("beside.onnx", model("values.data")))).toEqual([...values]);
  const own = valuesOf(file("own.onnx", model()));
  expect(own).toHaveLength(8000);
  expect(new Set(own).size).toBeGreaterThan(1);
  expect(() => valuesOf(file("gone.onnx", model("gone.data")))).toThrow(/gone.data/);
});

test("a file that is not a model is refused with one sentence", () => {
  const sentence = (path: string): string => {
    try {
      onnxFileSubject(path);
    } catch (cause) {
      expect(cause).toBeInstanceOf(TrainscopeError);
      const { exitCode, message } = cause as TrainscopeError;
      return `${exitCode} ${message.replaceAll(folder, "")}`;
    }
    return "nothing is wrong";
  };
  expect([
    sentence(join(folder, "none.onnx")),
    sentence(folder),
    sentence(file("empty.onnx", "")),
    sentence(file("text.onnx", "import torch\n")),
    sentence(file("cut.onnx", model().subarray(0, 20_000))),
  ]).toMatchInlineSnapshot(`
    [
      "2 /none.onnx: no such file. Check the path",
      "2 : is a folder: expected an .onnx file",
      "2 /empty.onnx: not an ONNX model: it contains no graph",
      "2 /text.onnx: not an ONNX model, or a damaged one",
      "2 /cut.onnx: not an ONNX model, or a damaged one",
    ]
  `);
});
