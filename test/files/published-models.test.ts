// Models of torchvision, written by PyTorch's exporters, against torchvision's published tables.
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { inspectSubject } from "../../src/inspect/inspect.js";
import type { Inspection } from "../../src/inspect/inspection.js";
import { onnxSubject } from "../../src/inspect/subject/onnx-subject.js";

const folder = new URL("../../tools/oracle/fixtures/published/", import.meta.url);
const published = JSON.parse(readFileSync(new URL("published.json", folder), "utf8")) as {
  readonly models: Readonly<Record<string, { readonly parameters: number; readonly gigaMacs: number }>>;
};
const files = readdirSync(folder).filter((name) => name.endsWith(".onnx.gz"));

function inspected(name: string): Inspection {
  const bytes = gunzipSync(readFileSync(new URL(name, folder)));
  const source = {
    size: bytes.length,
    readAt: (start: number, length: number) => bytes.subarray(start, start + length),
  };
  return inspectSubject(onnxSubject(source, name));
}

test("every model of the table is tested", () => {
  expect([...new Set(files.map((name) => name.split(".")[0]))].sort()).toEqual(Object.keys(published.models).sort());
});

describe.each(files)("%s", (name) => {
  const { parameters, gigaMacs } = published.models[name.split(".")[0]];
  const inspection = inspected(name);

  test("it has the published number of parameters", () => {
    expect(inspection.totals.parameters).toBe(parameters);
    expect(inspection.layers.reduce((sum, layer) => sum + layer.parameters, 0)).toBe(parameters);
    // Folding removes a vector of each normalization from the file, and a remark says so.
    const isFolded = inspection.totals.storedParameters < parameters;
    expect(inspection.remarks.some((remark) => remark.includes(`had ${parameters} parameters`))).toBe(isFolded);
  });

  test("it has the published number of multiply-accumulates within 0.5 %, the precision of the table", () => {
    const found = inspection.totals.macsPerExample / 1e9;
    expect(Math.abs(found - gigaMacs)).toBeLessThan(Math.max(0.005 * gigaMacs, 0.0005));
  });

  test("every layer is known", () => {
    expect(inspection.unknown).toEqual([]);
    expect(inspection.layers.every(({ outputShape }) => outputShape !== null)).toBe(true);
  });
});

test("the numbers are exact for models with exact published numbers", () => {
  const totals = (name: string) => {
    const { parameters, storedParameters, macs } = inspected(`${name}.onnx.gz`).totals;
    return { parameters, storedParameters, macs };
  };
  // Sums of the layers' formulas, computed by hand; PyTorch's operation counter agrees.
  expect(totals("vgg19.script")).toEqual({
    parameters: 143_667_240,
    storedParameters: 143_667_240,
    macs: 19_632_062_464,
  });
  // Its convolutions have biases before the normalizations: 4,224 elements each of bias, scale and shift.
  expect(totals("vgg16_bn.script")).toEqual({
    parameters: 138_365_992,
    storedParameters: 138_357_544,
    macs: 15_470_264_320,
  });
  expect(totals("resnet50.dynamo").macs).toBe(4_089_184_256);
});
