// Made-up networks that follow mean-field theory have its findings, and changed numbers flip the verdicts that rest on them.
import { describe, expect, test } from "vitest";
import { type MadeSeries, madeResult } from "../../../test/support/trial-results.js";
import type { TrialResult } from "../../study/definition.js";
import { resolveSettings } from "../../study/settings.js";
import { answer } from "./answer.js";
import { cells, design, factorsOf } from "./design.js";
import { figures } from "./figures/index.js";
import { findings } from "./findings.js";
import { initialization } from "./index.js";
import { type Cell, networks as networkKinds, variantOf } from "./networks.js";
import { ownClaims } from "./own-claims.js";
import { pathOf, type Tensor } from "./readings.js";
import { reportClaims } from "./report-claims.js";
import type { InitializationSettings } from "./settings.js";
import { type Prediction, predictionsOf } from "./theory.js";

const settings = resolveSettings(initialization, "quick") as InitializationSettings;
const source = { kind: "synthetic", name: "ball", options: {}, fingerprint: "0" } as const;
const planned = design({
  settings,
  seeds: [0],
  earlier: [],
  data: () => ({ source, scaling: "raw" as const }),
  examples: () => 1000,
});
const kinds = new Map(
  cells(settings).map((cell) => [JSON.stringify(Object.entries(factorsOf(cell)).sort()), cell] as const),
);

/** The kind of network of a trial; the report's code has Glorot's weights. */
function cellOf({ form, panel, ...factors }: Readonly<Record<string, string | number>>): Cell {
  const place = form === "asCoded" ? { ...factors, initializer: "glorotNormal" } : factors;
  const cell = kinds.get(JSON.stringify(Object.entries(place).sort()));
  if (cell === undefined) throw new Error(`no kind of network at ${JSON.stringify({ ...place, panel })}`);
  return cell;
}

/** Changes what a layer of a kind of network shows: numbers by the name of a statistic. */
type Change = (variant: string, layer: number, form: string) => Readonly<Record<string, number>> | undefined;

function numbersOf(cell: Cell, prediction: Prediction): Readonly<Record<string, number>> {
  const { preActivationDeviation, activationDeviation, activationMean, gradientRatio } = prediction;
  return {
    "preActivations.deviation": preActivationDeviation,
    "activations.deviation": activationDeviation,
    "activations.mean": activationMean,
    "activations.zeroFraction": prediction.zeroFraction ?? 0,
    "activations.saturatedFraction": prediction.saturatedFraction ?? 0,
    "activations.deadFraction": cell.activation === "relu" ? 0.01 : 0,
    "activationGradients.norm": gradientRatio,
    "gradients.norm": gradientRatio,
  };
}

function results(change: Change = () => undefined, isLearning = (ratio: number) => ratio > 0.05): TrialResult[] {
  return planned.map(({ factors, replicate, spec }) => {
    const cell = cellOf(factors);
    const form = String(factors.form);
    const count = form === "untrained" ? settings.untrained : 1;
    // Networks of a kind differ by a thousandth, the same in every kind.
    const spread = (value: number): number[] => Array.from({ length: count }, (_, i) => value * (1 + 0.001 * (i - 2)));
    const series: MadeSeries[] = predictionsOf(cell).flatMap((prediction, i) =>
      Object.entries({ ...numbersOf(cell, prediction), ...change(variantOf(cell), i + 1, form) }).map(
        ([metric, value]) => ({
          ...{ metric, phase: "train" as const, steps: [0], values: [spread(value)] },
          path: pathOf(cell, metric.split(".")[0] as Tensor, i + 1),
        }),
      ),
    );
    const chance = networkKinds[cell.network].chanceLoss;
    const learns = isLearning(predictionsOf(cell)[0].gradientRatio);
    const loss: MadeSeries = {
      ...{ metric: "loss.loss", phase: "train", steps: [0, 100], values: [chance, learns ? 0.3 * chance : chance] },
    };
    return madeResult({ factors, replicate, spec, series: form === "trained" ? [...series, loss] : series });
  });
}

const verdicts = (measured: readonly TrialResult[]): Record<string, string> =>
  Object.fromEntries(
    [...reportClaims(measured, settings), ...ownClaims(measured, settings)].map(({ id, verdict }) => [id, verdict]),
  );

const base = verdicts(results());

describe("networks that follow theory", () => {
  test("have the verdicts of the literature", () => {
    expect(base).toMatchInlineSnapshot(`
      {
        "diagnosis-holds": "supported",
        "glorot-fixes-tanh": "supported",
        "glorot-is-linear": "supported",
        "half-zeros": "supported",
        "he-is-better": "supported",
        "he-saves-units": "not supported",
        "large-factors": "supported",
        "leaky-helps": "not supported",
        "many-zeros": "erratum",
        "middle-helps": "erratum",
        "middle-prevents-explosion": "erratum",
        "saturation-vanishes": "not supported",
        "sigmoid-ends": "not supported",
        "sigmoid-middle": "inconclusive",
        "sigmoid-vanishes": "supported",
        "small-factors": "supported",
        "tanh-ends": "not supported",
        "theory-holds": "supported",
        "three-titles": "erratum",
        "zero-outputs": "erratum",
      }
    `);
  });

  test("have every finding by network, activation, initializer and layer, and its prediction", () => {
    const found = findings(results(), settings);
    const at = (id: string, variant: string, layer: number) =>
      found.find((one) => one.id === id && one.variant === variant && one.layer === layer);
    for (const id of ["activationDeviation", "preActivationDeviation", "gradientRatio", "saturatedFraction"]) {
      const [measured, predicted] = [
        at(id, "mnist/tanh/glorotNormal", 3),
        at(`predicted${id[0].toUpperCase()}${id.slice(1)}`, "mnist/tanh/glorotNormal", 3),
      ];
      expect(measured?.value, id).toBeCloseTo(predicted?.value ?? Number.NaN, 6);
      expect(measured?.n, id).toBe(5);
    }
    expect(at("zeroFraction", "block/relu/heNormal", 2)?.value).toBeCloseTo(0.5, 6);
    // ReLU of He keeps the scale of gradients; that of Glorot halves their square in each of four layers.
    expect(at("predictedGradientRatio", "mnist/relu/heNormal", 1)?.value).toBeCloseTo(1, 6);
    expect(at("predictedGradientRatio", "mnist/relu/glorotNormal", 1)?.value).toBeCloseTo(0.25, 6);
  });

  test("are answered with the gradients of the first layer and the losses", () => {
    expect(answer(findings(results(), settings))).toMatch(
      /^Before training, .*1\.00 \[1\.00, 1\.00\] for ReLU with He, 0\.25 \[0\.25, 0\.25\] for ReLU with Glorot, 0\.003\d .* chance is 2\.30\.$/,
    );
    expect(answer([])).toContain("no answer yet");
  });
});

describe("changed numbers", () => {
  const of =
    (kind: string, numbers: (layer: number) => Readonly<Record<string, number>>): Change =>
    (variant, layer) =>
      variant.startsWith(`mnist/${kind}`) ? numbers(layer) : undefined;
  const norm = (kind: string, value: (layer: number) => number): Change =>
    of(kind, (layer) => ({ "activationGradients.norm": value(layer) }));
  const same = (kind: string, metric: string, value: number): Change => of(kind, () => ({ [metric]: value }));
  const saturated = "activations.saturatedFraction";

  test.each<[string, Change]>([
    ["small-factors", norm("sigmoid/glorotNormal", () => 1)],
    ["large-factors", norm("relu/normal0.28", () => 1)],
    ["zero-outputs", norm("tanh/glorotNormal", (layer) => 0.1 ** (5 - layer))],
    ["tanh-ends", same("tanh/normal", saturated, 0.8)],
    ["sigmoid-ends", same("sigmoid/normal", saturated, 0.8)],
    ["saturation-vanishes", norm("tanh/normal0.28", (layer) => layer)],
    ["glorot-fixes-tanh", norm("tanh/glorotNormal", (layer) => layer)],
    ["middle-helps", norm("sigmoid/glorotNormal", () => 1)],
    ["middle-prevents-explosion", norm("sigmoid/normal0.28", (layer) => 3 ** (5 - layer))],
    ["many-zeros", same("relu/glorotNormal", "activations.zeroFraction", 0.9)],
    ["he-saves-units", same("relu/glorotNormal", "activations.deadFraction", 0.6)],
    ["he-is-better", same("relu/glorotNormal", "activations.deviation", 1)],
    ["leaky-helps", norm("leakyRelu/glorotNormal", () => 1)],
    ["glorot-is-linear", same("tanh/glorotNormal", saturated, 0.2)],
    ["sigmoid-vanishes", norm("sigmoid/glorotNormal", (layer) => layer)],
    ["half-zeros", same("relu/glorotNormal", "activations.zeroFraction", 0.9)],
    ["theory-holds", (_variant, layer) => (layer === 4 ? { "activations.deviation": 9 } : undefined)],
  ])("%s depends on them", (claim, change) => {
    expect(base[claim]).toBeDefined();
    expect(verdicts(results(change))[claim]).not.toBe(base[claim]);
  });

  test("panels that differ support the titles of the report's figures", () => {
    const measured = results();
    const panel = measured.findIndex(({ factors }) => factors.form === "asCoded" && factors.panel === 0.28);
    const other = results((_variant, _layer, form) =>
      form === "asCoded" ? { "activations.deviation": 0.9 } : undefined,
    );
    expect(base["three-titles"]).toBe("erratum");
    expect(verdicts(measured.with(panel, other[panel]))["three-titles"]).toBe("supported");
  });

  test("networks that learn whatever their gradients refute the diagnosis", () => {
    expect(base["diagnosis-holds"]).toBe("supported");
    expect(verdicts(results(undefined, () => true))["diagnosis-holds"]).toBe("not supported");
  });

  test("without networks no claim is decided, and nothing is drawn that was not measured", () => {
    expect(new Set(Object.values(verdicts([])))).toEqual(new Set(["inconclusive"]));
    expect(() => figures([], settings)).not.toThrow();
  });
});
