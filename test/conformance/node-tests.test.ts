// ONNX's own operator tests on our reader, on our float64 reference, and on ONNX Runtime with our writer.
//
// Golden files list every failing test with its error. Any change of the list fails here, and `npm run goldens` rewrites
// it. Lines should only disappear; the floors, which are the numbers of passing tests, rise accordingly.
import { describe, expect, it } from "vitest";
import { TrainscopeError } from "../../src/core/errors.js";
import { dtypes } from "../../src/core/numbers/dtype.js";
import { rewriteGraph } from "../../src/graph/graph.js";
import { lowerNewer } from "../../src/graph/passes/lower.js";
import { evaluateGraph } from "../../src/graph/reference/evaluate.js";
import { fromTensorData } from "../../src/graph/reference/nd-array.js";
import { onnxruntimeCpu } from "../../src/graph/targets/onnxruntime-cpu/index.js";
import { readOnnx } from "../../src/onnx/read.js";
import { writeOnnx } from "../../src/onnx/write.js";
import { type OnnxCase, readArchive } from "./archive.js";
import { type CaseGraph, caseGraph, foreignOperators } from "./case-graph.js";
import { difference, type Tolerance } from "./difference.js";
import { runOnRuntime, runtimeReason } from "./runtime.js";

/**
 * Expected values are float32 numbers that NumPy computed in float32 or float64. The reference computes in float64, so
 * only their rounding may differ (6e-8, more if sums cancel). ONNX's own runner allows 1e-3 and 1e-7.
 */
const ofReference: Tolerance = { relative: 1e-6, ofLargest: 1e-6, absolute: 1e-9 };
/** Kernels compute in float32 and approximate exp, tanh and erf to a few units in the last place. */
const ofRuntime: Tolerance = { relative: 1e-5, ofLargest: 2e-6, absolute: 1e-7 };

const exactly: Tolerance = { relative: 0, ofLargest: 0, absolute: 0 };

function built(test: OnnxCase): CaseGraph | string {
  const foreign = foreignOperators(test.model);
  if (foreign.length > 0) return `no operator ${foreign.sort().join(", ")}`;
  try {
    return caseGraph(test);
  } catch (error) {
    // Any other error is a defect of the reader.
    if (!(error instanceof TrainscopeError)) throw error;
    return reason(error.message, test.name);
  }
}

/** The error without its place in the file and its details: `Pad: unknown mode`. */
function reason(message: string, where: string): string {
  const place = /^(?:, (\w+) \([^"]*"[^"]*"\))?: (?:.* > )?/;
  return message
    .replace(where, "")
    .replace(place, (_, op) => (op === undefined ? "" : `${op}: `))
    .split(/: expected|\. /)[0]
    .replace(/^(\w+): \1: /, "$1: ");
}

function firstDifference(test: OnnxCase, received: readonly Parameters<typeof difference>[1][], tolerance: Tolerance) {
  return test.outputs.map((output, i) => difference(output, received[i], tolerance)).find((text) => text !== undefined);
}

function referenceFault(test: OnnxCase, { graph, values }: CaseGraph): string | undefined {
  return firstDifference(test, evaluateGraph(graph, values.map(fromTensorData)), ofReference);
}

async function runtimeFault(test: OnnxCase, { graph, values }: CaseGraph): Promise<string | undefined> {
  try {
    return firstDifference(test, await runOnRuntime(graph, values), ofRuntime);
  } catch (error) {
    return runtimeReason(error);
  }
}

const listed = (faults: readonly string[]): string => `${faults.join("\n")}\n`;

// Lines about our operators that will stay: random draws of Dropout, which cannot be predicted; an average of numbers with
// four digits; align_corners by the product of size and scale, which is not an integer (ONNX Runtime and PyTorch use the
// size).
describe.each([
  { title: "ONNX's operator tests", file: "onnx-node-tests", floors: { reference: 1304, runtime: 1301 } },
  { title: "models in operator sets 11 to 23", file: "older-opsets", floors: { reference: 475, runtime: 475 } },
])("$title", ({ file, floors }) => {
  const { cases } = readArchive(`${file}.br`);

  it("pass in the float64 reference evaluation, except for the listed ones", async () => {
    const faults: string[] = [];
    for (const test of cases) {
      const made = built(test);
      const fault = typeof made === "string" ? made : referenceFault(test, made);
      if (fault !== undefined) faults.push(`${test.name}: ${fault}`);
    }
    await expect(listed(faults)).toMatchFileSnapshot(`${file}-reference.golden.txt`);
    expect(cases.length - faults.length).toBeGreaterThanOrEqual(floors.reference);
  }, 120_000);

  it("pass on ONNX Runtime through our writer, except for the listed ones", async () => {
    const faults: string[] = [];
    let passed = 0;
    for (const test of cases) {
      const made = built(test);
      if (typeof made === "string") continue;
      const fault = await runtimeFault(test, made);
      if (fault === undefined) passed++;
      else faults.push(`${test.name}: ${fault}`);
    }
    await expect(listed(faults)).toMatchFileSnapshot(`${file}-runtime.golden.txt`);
    expect(passed).toBeGreaterThanOrEqual(floors.runtime);
  }, 120_000);

  it("give the same graphs after our writer and reader", () => {
    const faults: string[] = [];
    for (const test of cases) {
      const made = built(test);
      if (typeof made === "string") continue;
      const again = readOnnx(writeOnnx(made.graph), test.name);
      const values = made.values.map(fromTensorData);
      const [first, second] = [
        evaluateGraph(rewriteGraph(made.graph, lowerNewer(onnxruntimeCpu)), values),
        evaluateGraph(again, values),
      ];
      for (const [i, { dtype, shape, data }] of first.entries()) {
        const text = difference({ dtype, shape, data }, second[i], exactly);
        if (text !== undefined) faults.push(`${test.name}: ${text}`);
      }
    }
    expect(faults).toEqual([]);
  }, 120_000);
});

it("tests of ONNX are omitted only for unsupported element types, values that are not tensors, or size", () => {
  const { leftOut } = readArchive("onnx-node-tests.br");
  const reasons = Object.keys(leftOut).filter((reason) => !["sequence", "size", "string", "text"].includes(reason));
  expect(reasons.filter((reason) => (dtypes as readonly string[]).includes(reason))).toEqual([]);
  expect(leftOut.size.length).toBeLessThan(30);
});
