// Models of torchvision, as PyTorch's exporters write them, against the tables that torchvision publishes.
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

test("every model of the table is there", () => {
  expect([...new Set(files.map((name) => name.split(".")[0]))].sort()).toEqual(Object.keys(published.models).sort());
});

describe.each(files)("%s", (name) => {
  const { parameters, gigaMacs } = published.models[name.split(".")[0]];
  const inspection = inspected(name);

  test("its parameters are the published ones", () => {
    expect(inspection.totals.parameters).toBe(parameters);
    expect(inspection.layers.reduce((sum, layer) => sum + layer.parameters, 0)).toBe(parameters);
    // Folding takes a vector of each normalization: the file holds less then, and a remark says so.
    const isFolded = inspection.totals.storedParameters < parameters;
    expect(inspection.remarks.some((remark) => remark.includes(`had ${parameters} parameters`))).toBe(isFolded);
  });

  test("its multiply-accumulates are the published ones within 0.5 %, as far as three decimals tell", () => {
    const found = inspection.totals.macsPerExample / 1e9;
    expect(Math.abs(found - gigaMacs)).toBeLessThan(Math.max(0.005 * gigaMacs, 0.0005));
  });

  test("every layer is known", () => {
    expect(inspection.unknown).toEqual([]);
    expect(inspection.layers.every(({ outputShape }) => outputShape !== null)).toBe(true);
  });
});

test("the numbers are exact, where others are known exactly", () => {
  const totals = (name: string) => {
    const { parameters, storedParameters, macs } = inspected(`${name}.onnx.gz`).totals;
    return { parameters, storedParameters, macs };
  };
  // The sums of the layers' own formulas, by hand; PyTorch's counter of operations agrees.
  expect(totals("vgg19.script")).toEqual({
    parameters: 143_667_240,
    storedParameters: 143_667_240,
    macs: 19_632_062_464,
  });
  // Its convolutions have biases in front of the normalizations: 4,224 elements each of bias, scale and shift.
  expect(totals("vgg16_bn.script")).toEqual({
    parameters: 138_365_992,
    storedParameters: 138_357_544,
    macs: 15_470_264_320,
  });
  expect(totals("resnet50.dynamo").macs).toBe(4_089_184_256);
});
