// The tables of probes, which show the last reading.
import { expect, test } from "vitest";
import { probeDocument, probeText } from "./probe-text.js";

const look = (step: number, scale: number, examples = 16) => ({
  ...{ step, examples },
  values: [
    { of: "activations", path: "model.layers[1] (relu)", statistic: "mean", value: 0.5 * scale },
    { of: "activations", path: "model.layers[1] (relu)", statistic: "deadFraction", value: 0.25 },
    { of: "weights", path: "0.weight", statistic: "norm", value: 3 * scale },
    { of: "updates", path: "0.weight", statistic: "relativeNorm", value: 0.001 },
    { of: "gradients", path: "", statistic: "halfBatchSquaredNorm", value: 3 },
    { of: "gradients", path: "", statistic: "batchSquaredNorm", value: 2 },
  ] as const,
  histograms: [
    { of: "weights", path: "0.weight", stride: 1, low: -1, high: 1, counts: Float32Array.of(1, 2) },
  ] as const,
  samples: [{ of: "weights", path: "0.weight", stride: 3, values: Float32Array.of(4, 5) }] as const,
});

test("the last reading is shown with its columns, and the noise scale of all readings", () => {
  expect(probeText([look(0, 1), look(100, 2)], 80)).toMatchInlineSnapshot(`
    "non-linearities at step 100
    layer                   mean  dead
    ----------------------  ----  ----
    model.layers[1] (relu)     1  0.25

    parameters at step 100
    parameter  norm  update/norm
    ---------  ----  -----------
    0.weight      6        0.001

    gradient noise scale over 2 looks: 16 examples: much larger batches than that bring little
    "
  `);
});

test("the noise scale counts the examples that each reading halves, of an odd batch all but one", () => {
  // 2 half (3 - 2) = 16 and 4 examples of noise, each with a signal of 2 * 2 - 3 = 1.
  expect(probeText([look(0, 1, 17), look(100, 2, 4)], 80)).toContain("over 2 looks: 10 examples");
});

test("histograms that do not count every element are told of", () => {
  const one = look(0, 1);
  const [whole] = one.histograms;
  const sampled = [3, 12].map((stride) => ({ ...whole, stride }));
  expect(probeText([{ ...one, histograms: [whole, ...sampled] }], 80)).toContain(
    "histograms of tensors with more than 65,536 elements count 1 in 3 to 1 in 12 of them (2 of 3 histograms)",
  );
  expect(probeText([{ ...one, histograms: sampled.slice(0, 1) }], 80)).toContain(
    "count 1 in 3 of them (1 of 1 histograms)",
  );
  expect(probeText([one], 80)).not.toContain("histograms");
});

test("nothing is shown without readings", () => {
  expect(probeText([], 80)).toBe("");
  expect(probeText([{ step: 0, examples: 1, values: [], histograms: [], samples: [] }], 80)).toBe("");
});

test("a reading is one JSON line, with histograms and samples as lists", () => {
  const line = JSON.parse(JSON.stringify(probeDocument(look(7, 1))));
  expect([line.step, line.examples]).toEqual([7, 16]);
  expect(line.samples).toEqual([{ of: "weights", path: "0.weight", stride: 3, values: [4, 5] }]);
  expect(line.probes[1]).toEqual({
    of: "activations",
    path: "model.layers[1] (relu)",
    statistic: "deadFraction",
    value: 0.25,
  });
  expect(line.histograms[0]).toMatchObject({ stride: 1, counts: [1, 2] });
});
