// The numbers of problem 5, computed here and compared with published numbers, and the verdicts on them.
import { describe, expect, test } from "vitest";
import type { Table } from "../../core/findings.js";
import { type AccountedNetworks, branchesOf, fieldOf } from "./accounted.js";
import { claims } from "./claims/index.js";
import { boxDeviation } from "./effective-fields.js";
import { figures } from "./figures.js";
import { findings } from "./findings.js";
import { architectures } from "./index.js";
import { type Measurements, measure, reduction } from "./measurements.js";
import type { NetworkId } from "./networks.js";
import { checkIdentity, printedFormula, smallestInput, stackField, stackOf, truthOf } from "./receptive-fields.js";
import { tables } from "./tables.js";

const measured = measure();
const { networks } = measured;
const totals = (id: NetworkId) => networks[id].inspection.totals;
const layers = (id: NetworkId) =>
  networks[id].layers.map(({ name, record: { outputShape, parameters, macs } }) => [
    name,
    (outputShape ?? []).slice(1).join("x"),
    parameters,
    macs,
  ]);
const chain = (id: NetworkId) => networks[id].layers.map(({ record }) => fieldOf(record).size).filter(Number.isFinite);

describe("AlexNet", () => {
  test("every layer of the single tower has its map size, parameters and MACs", () => {
    expect(layers("alexnet")).toEqual([
      ["conv1", "96x55x55", 34_944, 105_415_200],
      ["pool1", "96x27x27", 0, 0],
      ["conv2", "256x27x27", 614_656, 447_897_600],
      ["pool2", "256x13x13", 0, 0],
      ["conv3", "384x13x13", 885_120, 149_520_384],
      ["conv4", "384x13x13", 1_327_488, 224_280_576],
      ["conv5", "256x13x13", 884_992, 149_520_384],
      ["pool5", "256x6x6", 0, 0],
      ["fc6", "4096", 37_752_832, 37_748_736],
      ["fc7", "4096", 16_781_312, 16_777_216],
      ["fc8", "1000", 4_097_000, 4_096_000],
    ]);
  });

  test("every form has its totals", () => {
    expect(totals("alexnet")).toMatchObject({
      parameters: 62_378_344,
      weights: 62_367_776,
      biases: 10_568,
      macs: 1_135_256_096,
      activationsInPlace: 936_323,
    });
    expect(totals("alexnetTwoGpu")).toMatchObject({ parameters: 60_965_224, macs: 724_406_816 });
    expect(totals("alexnetTorchvision")).toMatchObject({ parameters: 61_100_840, macs: 714_188_480 });
    expect(totals("alexnetAt224").parameters).toBe(50_844_008);
  });

  test("every layer has its receptive field", () => {
    expect(chain("alexnet")).toEqual([11, 19, 51, 67, 99, 131, 163, 195]);
  });
});

describe("VGG", () => {
  test("totals are right with and without biases, and activations in two conventions", () => {
    expect(totals("vgg19")).toMatchObject({
      parameters: 143_667_240,
      weights: 143_652_544,
      biases: 14_696,
      macs: 19_632_062_464,
      activationsInPlace: 16_542_184,
      productActivations: 14_861_288,
    });
    expect(totals("vgg16")).toMatchObject({
      parameters: 138_357_544,
      weights: 138_344_128,
      biases: 13_416,
      macs: 15_470_264_320,
    });
  });

  test("receptive fields after the last pooling are 212 and 268, with stride 32", () => {
    const ends = (["vgg16", "vgg19"] as const).map((id) => networks[id].layers.find(({ name }) => name === "pool5"));
    expect(ends.map((end) => end && fieldOf(end.record))).toEqual([
      { size: 212, stride: 32 },
      { size: 268, stride: 32 },
    ]);
  });

  test("layers are named by stage", () => {
    expect(networks.vgg19.layers.map(({ name }) => name).slice(10)).toEqual(
      "pool3 conv4_1 conv4_2 conv4_3 conv4_4 pool4 conv5_1 conv5_2 conv5_3 conv5_4 pool5 fc6 fc7 fc8".split(" "),
    );
  });
});

test("receptive fields grow to the values of tables and manual calculation", () => {
  const ends = measured.growth.map(({ model, growth }) => [model, growth.at(-1)?.field.size[0]]);
  expect(ends).toEqual([
    ["AlexNet", 195],
    ["VGG-16", 212],
    ["VGG-19", 268],
    // 7, 11, 19, 27 before the modules; then 2 x 16, a pooling of 16, 5 x 32, a pooling of 16, 2 x 64.
    ["GoogLeNet", 27 + 2 * 16 + 16 + 5 * 32 + 16 + 2 * 64],
    ["ResNet-50", 427],
  ]);
});

describe("inception modules", () => {
  test("every convolution has its MACs, weights and outputs", () => {
    const macs = (id: NetworkId) =>
      branchesOf(networks[id]).map(({ convolutions }) => convolutions.map((record) => record.macs));
    expect(macs("inceptionNaive")).toEqual([[33_554_432], [452_984_832], [629_145_600], []]);
    expect(macs("inceptionReduced")).toEqual([
      [33_554_432],
      [33_554_432, 226_492_416],
      [8_388_608, 78_643_200],
      [16_777_216],
    ]);
    expect(totals("inceptionNaive")).toMatchObject({ macs: 1_115_684_864, weights: 1_089_536 });
    expect(totals("inceptionReduced")).toMatchObject({ macs: 397_410_304, weights: 388_096 });
    expect(totals("inceptionReduced64").macs).toBe(354_418_688);
    expect(networks.inceptionNaive.inspection.outputs[0].shape).toEqual([1, 672, 32, 32]);
    expect(networks.inceptionReduced.inspection.outputs[0].shape).toEqual([1, 480, 32, 32]);
  });

  test("GoogLeNet with both auxiliary heads has the larger of two published counts", () => {
    const claim = claims(measured).find(({ id }) => id === "googlenet-heads");
    expect(claim?.verdict).toBe("supported");
    expect(claim?.evidence).toContain("6,624,904 + 3,188,968 + 3,191,016 = 13,004,888");
  });

  test("the ratio is .35620, the saving 64.38 %, the factor 2.807", () => {
    const { ratio, savingPercent, factor } = reduction(networks);
    expect([ratio.toFixed(5), savingPercent.toFixed(2), factor.toFixed(3)]).toEqual(["0.35620", "64.38", "2.807"]);
  });
});

describe("receptive fields of stacks", () => {
  test("inspection, general formula and smallest input agree where the printed formula is wrong", () => {
    const strided = stackOf(2, 3, 2);
    expect([stackField(strided).size, truthOf(strided), smallestInput(strided)]).toEqual([7, 7, 7]);
    expect(printedFormula(2, 3, 2)).toBe(9);
    const mixed = [
      { kernel: 5, stride: 3 },
      { kernel: 2, dilation: 4 },
      { kernel: 3, stride: 2, dilation: 2 },
      { kernel: 4 },
    ];
    expect([stackField(mixed).size, smallestInput(mixed)]).toEqual([truthOf(mixed), truthOf(mixed)]);
    expect(stackField(mixed).stride).toBe(6);
    expect(stackField([1, 2, 4].map((dilation) => ({ kernel: 3, dilation }))).size).toBe(15);
  });

  test("NF - N + 1 holds for depths and kernel sizes beyond those of the report", () => {
    for (const { layers: n, kernel: f, ...numbers } of checkIdentity([7, 9], [4, 9])) {
      const expected = n * f - n + 1;
      expect(numbers).toEqual({ formula: expected, instrument: expected, smallestInput: expected });
    }
  });
});

describe("effective receptive fields", () => {
  test("have standard deviations 1.826, 2.582, 3.651 and 5.164 in theoretical fields of 11, 21, 41 and 81", () => {
    expect(measured.effective.map(({ deviation, extent }) => [deviation.toFixed(3), extent])).toEqual([
      ["1.826", 11],
      ["2.582", 21],
      ["3.651", 41],
      ["5.164", 81],
    ]);
  });

  test("have profiles that equal a box convolved with itself, element by element", () => {
    for (const { layers: n, kernel, profile, deviation } of measured.effective) {
      let box = [1];
      for (let layer = 0; layer < n; layer++) box = convolved(box, kernel);
      expect(profile).toHaveLength(box.length);
      for (const [place, weight] of profile.entries()) expect(weight / box[place]).toBeCloseTo(1, 10);
      expect(deviation / boxDeviation(n, kernel)).toBeCloseTo(1, 12);
    }
  });
});

function convolved(values: readonly number[], kernel: number): number[] {
  return Array.from({ length: values.length + kernel - 1 }, (_, place) => {
    let sum = 0;
    for (let tap = 0; tap < kernel; tap++) sum += (values[place - tap] ?? 0) / kernel;
    return sum;
  });
}

describe("the ledger", () => {
  const ledger = claims(measured);
  const evidenceOf = (id: string) => ledger.find((claim) => claim.id === id);

  test("has a verdict for every claim", () => {
    expect(ledger.map(({ id, verdict }) => `${id}: ${verdict}`)).toMatchInlineSnapshot(`
      [
        "alexnet-layers: supported",
        "alexnet-flatten: erratum",
        "alexnet-input: erratum",
        "alexnet-published: erratum",
        "alexnet-paper: supported",
        "alexnet-first-layer: erratum",
        "alexnet-burden: supported",
        "alexnet-torchvision: supported",
        "vgg19-total: erratum",
        "vgg19-product: erratum",
        "vgg19-activations: erratum",
        "vgg-paper: supported",
        "vgg-torchvision: supported",
        "vgg19-timm: supported",
        "vgg-burden: supported",
        "field-formula: erratum",
        "stacked-identity: supported",
        "three-fives: supported",
        "field-table: supported",
        "field-dilation: supported",
        "effective-deviation: supported",
        "effective-share: supported",
        "inception-counts: supported",
        "inception-flop: erratum",
        "inception-saving: erratum",
        "inception-reducers: erratum",
        "inception-growth: supported",
        "googlenet-heads: supported",
      ]
    `);
  });

  test.each([
    ["alexnet-flatten", ["9,216 × 4,096 + 4,096 = 37,752,832", "26,218,496", "50,844,008"]],
    ["alexnet-input", ["(227 − 11) / 4 + 1 = 55", "54.25"]],
    ["alexnet-published", ["60,965,224", "724,406,816"]],
    ["vgg19-total", ["143,652,544 + 14,696 = 143,667,240"]],
    ["vgg19-product", ["16,777,216"]],
    ["vgg19-activations", ["16,542,184", "66.2 MB"]],
    ["field-formula", ["9; the truth", "= 7"]],
    ["inception-flop", ["2,231,369,728", "794,820,608"]],
    ["inception-saving", ["35.62 %", "64.38 %", "2.807"]],
    ["alexnet-first-layer", ["55×55×96 = 290,400"]],
    ["inception-reducers", ["64 and 64", "128 and 32"]],
  ])("erratum %s gives the correct value and the arithmetic", (id, parts) => {
    expect(evidenceOf(id)?.verdict).toBe("erratum");
    for (const part of parts) expect(evidenceOf(id)?.evidence).toContain(part);
  });

  test("changes its verdicts when counts are wrong", () => {
    const verdicts = (changed: Measurements) =>
      Object.fromEntries(claims(changed).map(({ id, verdict }) => [id, verdict]));
    const other = (id: NetworkId, change: Partial<(typeof networks)[NetworkId]["inspection"]["totals"]>) => {
      const { inspection } = networks[id];
      const changed = { ...networks[id], inspection: { ...inspection, totals: { ...inspection.totals, ...change } } };
      return { ...measured, networks: { ...networks, [id]: changed } as AccountedNetworks };
    };
    expect(verdicts(other("alexnet", { parameters: 62_378_343 }))["alexnet-layers"]).toBe("not supported");
    expect(verdicts(other("alexnetTwoGpu", { parameters: 62_378_344 }))["alexnet-published"]).toBe("supported");
    expect(verdicts(other("vgg19", { weights: 143_667_240 }))["vgg19-total"]).toBe("supported");
    expect(verdicts(other("vgg19", { macs: 19_630_000_000 }))["vgg-torchvision"]).toBe("not supported");
    expect(verdicts(other("inceptionReduced", { macs: 390_489_702 }))["inception-saving"]).toBe("supported");
    const [first, ...rest] = measured.identity;
    const identity = [{ ...first, instrument: first.instrument + 1 }, ...rest];
    expect(verdicts({ ...measured, identity })["stacked-identity"]).toBe("not supported");
    const effective = measured.effective.map((field) => ({ ...field, deviation: field.deviation * 1.0001 }));
    expect(verdicts({ ...measured, effective })["effective-deviation"]).toBe("not supported");
  });
});

describe("the analysis", () => {
  test("has one exact finding per quantity and variant, with variants that the study names", () => {
    const found = findings(measured);
    const known = new Set(architectures.factors.flatMap(({ levels }) => levels.map(({ id }) => id)));
    for (const { value, interval, method, variant, title } of found) {
      expect(Number.isFinite(value), `${title} ${variant}`).toBe(true);
      expect([interval, method]).toEqual([[value, value], "exact"]);
      expect(known).toContain(variant);
    }
    expect(new Set(found.map(({ id, variant }) => `${id} ${variant}`)).size).toBe(found.length);
    const value = (id: string, variant: string) => found.find((one) => one.id === id && one.variant === variant)?.value;
    expect(value("receptiveField", "vgg19")).toBe(268);
    expect(value("receptiveField", "inceptionNaive")).toBeUndefined();
    expect(value("inceptionSaving", "inceptionReduced")).toBeCloseTo(64.3797, 4);
  });

  test("has tables whose cells all have a column, and whose layers add up to the totals", () => {
    const all = tables(measured);
    for (const { columns, rows, id } of all) {
      const keys = columns.map(({ key }) => key);
      for (const row of rows) expect(keys, id).toEqual(expect.arrayContaining(Object.keys(row)));
    }
    const adds = (id: string, keys: readonly string[]) => {
      const { rows } = all.find((table) => table.id === id) as Table;
      for (const key of keys) {
        const sum = rows.slice(0, -1).reduce((total, row) => total + Number(row[key] ?? 0), 0);
        expect(sum, `${id} ${key}`).toBe(rows.at(-1)?.[key]);
      }
    };
    for (const id of ["alexnet-layers", "vgg19-layers"])
      adds(id, ["weights", "biases", "parameters", "macs", "activations"]);
    adds("alexnet-forms", ["alexnetTwoGpuParameters", "alexnetTwoGpuMacs", "alexnetTorchvisionMacs"]);
  });

  test("has a figure of the modules that adds up to their totals", () => {
    const [{ rows }] = figures(measured).filter(({ id }) => id === "inception");
    const sum = (layer: string, metric: string) =>
      rows
        .filter((row) => row.layer === layer && row.metric === metric)
        .reduce((total, row) => total + Number(row.value), 0);
    expect([sum("naive", "macs"), sum("reduced", "macs")]).toEqual([1_115_684_864, 397_410_304]);
    expect([sum("naive", "weights"), sum("reduced", "weights")]).toEqual([1_089_536, 388_096]);
    expect([sum("naive", "channels"), sum("reduced", "channels")]).toEqual([672, 480]);
  });
});

test("the counting rules of tools give the numbers that they print for VGG-19, to the digits of their documentation", () => {
  const { rows } = tables(measured).find(({ id }) => id === "tool-conventions") as Table;
  const printed = (tool: string, prints: string) =>
    (rows.find((row) => row.tool === tool && row.prints === prints)?.vgg19 as number) / 1e9;
  expect(printed("torchvision", "_ops, GFLOPS").toFixed(3)).toBe("19.632");
  expect(printed("timm", "GMACs").toFixed(2)).toBe("19.63");
  expect(printed("timm", "activations")).toBeCloseTo(0.01486, 5);
  expect(printed("ptflops", "computational complexity").toFixed(2)).toBe("19.67");
  // The convolutions have 14,852,096 outputs.
  expect(printed("torchinfo", "mult-adds") * 1e9).toBe(19_632_062_464 + 14_852_096 + 4096 + 4096 + 1000);
  const poolings = [64 * 224 ** 2, 128 * 112 ** 2, 256 * 56 ** 2, 512 * 28 ** 2, 512 * 14 ** 2];
  const pooled = poolings.reduce((total, elements) => total + elements);
  const rectified = 14_852_096 + 2 * 4096;
  expect(printed("calflops", "FLOPs") * 1e9).toBe(2 * 19_632_062_464 + 14_852_096 + rectified + pooled);
  expect(printed("TensorFlow profiler", "float_ops") * 1e9).toBe(2 * 19_632_062_464 + 14_861_288 + pooled);
});
