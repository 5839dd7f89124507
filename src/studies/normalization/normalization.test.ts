// Changed measurements flip exactly the verdicts that depend on them.

import { describe, expect, test } from "vitest";
import { madeResult } from "../../../test/support/trial-results.js";
import type { AnalysisContext, TrialResult } from "../../study/definition.js";
import { resolveSettings } from "../../study/settings.js";
import { claims } from "./claims.js";
import { design, type Form, reportedVariants, variants } from "./design.js";
import { findings, tables } from "./findings.js";
import { normalization } from "./index.js";
import { normalizedLayers } from "./layers.js";
import { doubleSoftmaxFloor, reportedAccuracyAt } from "./report.js";
import type { NormalizationSettings } from "./settings.js";

const seeds = [0, 1, 2];
const settings = resolveSettings(normalization, "quick", { twinSeeds: 3 }) as NormalizationSettings;
const context: AnalysisContext<NormalizationSettings> = {
  settings,
  seeds,
  preset: "quick",
  data: { mnist: { title: "MNIST", isSample: false, fingerprint: "0" } },
};
const source = { kind: "published", name: "mnist", fingerprint: "0" } as const;
const use = { source, scaling: "standardize" } as const;
const planned = design({ settings, seeds, earlier: [], data: () => use, examples: () => 60_000 });

/** Updates of the twins: those of the report's first ten epochs, the time of its logged accuracies. */
const twinSteps = 4690;

/** Measurements of the made-up trials. Accuracies are fractions, as trials emit them. */
interface Measured {
  readonly accuracy: number;
  readonly loss: number;
  readonly scale: number;
  readonly shift: number;
  readonly diverged?: boolean;
}

type Change = (place: { form: Form; variant: string; seed: number }, plain: Measured) => Partial<Measured> | undefined;

/** Accuracies of a study without effects: variants differ by a thousandth of a point, seeds by more. */
function plainMeasurement(form: Form, variant: string, seed: number): Measured {
  const index = variants.findIndex(({ id }) => id === variant);
  const accuracy =
    form === "corrected"
      ? 0.985 + 0.001 * seed + 1e-5 * index * (1 + seed)
      : (reportedAccuracyAt(variant, twinSteps) ?? 0) + 0.01 * (seed - 1);
  return { accuracy, loss: form === "corrected" ? 0.05 : 1.53, scale: 1.07, shift: -0.02 };
}

function results(change: Change = () => undefined): TrialResult[] {
  return planned.map(({ factors, replicate, spec }) => {
    const place = { form: factors.form as Form, variant: String(factors.variant), seed: replicate };
    const plain = plainMeasurement(place.form, place.variant, replicate);
    const measured = { ...plain, ...change(place, plain) };
    const steps = [place.form === "asCoded" ? twinSteps : 2814];
    const series = (["validation", "train"] as const).flatMap((phase) =>
      (["accuracy", "loss"] as const).map((metric) => ({ phase, metric, values: [measured[metric]], steps })),
    );
    const layers = normalizedLayers(spec).flatMap(({ path }): [string, number[]][] => [
      [`${path}.weight`, [measured.scale]],
      [`${path}.bias`, [measured.shift]],
    ]);
    const diverged = measured.diverged ? [0] : [];
    return madeResult({ factors, replicate, spec, diverged, series, tensors: Object.fromEntries(layers) });
  });
}

const verdicts = (measured: readonly TrialResult[]): Record<string, string> =>
  Object.fromEntries(claims(measured, context).map(({ id, verdict }) => [id, verdict]));

const base = {
  "loss-floor": "erratum",
  "accuracy-level": "erratum",
  "input-normalization": "not supported",
  "dropout-fails": "not supported",
  "both-beat-dropout": "not supported",
  "shift-figure": "erratum",
  explained: "supported",
};

/** Shifts the accuracy of some corrected variants by percentage points; `spread` differs between seeds. */
const moved =
  (names: readonly string[], points: number, spread = 0): Change =>
  ({ form, variant, seed }, { accuracy }) =>
    form === "corrected" && names.includes(variant)
      ? { accuracy: accuracy + (points + spread * (seed - 1)) / 100 }
      : undefined;

describe("verdicts", () => {
  test("find only the report's own errors if no variant differs", () => {
    expect(verdicts(results())).toEqual(base);
  });

  test.each<[string, Change, Partial<typeof base>]>([
    [
      "an as-coded loss below the floor of the double softmax",
      ({ form }) => (form === "asCoded" ? { loss: doubleSoftmaxFloor - 0.001 } : undefined),
      { "loss-floor": "inconclusive" },
    ],
    [
      "an as-coded loss at the floor",
      ({ form }) => (form === "asCoded" ? { loss: doubleSoftmaxFloor } : undefined),
      {},
    ],
    [
      "a corrected network no better than the report's",
      moved(["none", "batchNormHidden", "batchNormEverywhere", "dropout", "batchNormAndDropout"], -3.4),
      { "accuracy-level": "inconclusive" },
    ],
    [
      "normalization of the input that helps by half a point",
      moved(["batchNormEverywhere"], 0.5),
      { "input-normalization": "supported" },
    ],
    ["normalization of the input that helps by less than what counts", moved(["batchNormEverywhere"], 0.08), {}],
    [
      "normalization of the input that helps some seeds and harms others",
      moved(["batchNormEverywhere"], 0.5, 2),
      { "input-normalization": "inconclusive" },
    ],
    [
      "dropout that costs 50 points",
      moved(["dropout"], -50),
      { "dropout-fails": "supported", "both-beat-dropout": "supported" },
    ],
    [
      "dropout that costs 20 points: better with normalization, but not half of it",
      moved(["dropout"], -20),
      { "both-beat-dropout": "supported" },
    ],
    [
      "dropout whose cost lies around 25 points",
      moved(["dropout"], -25, 5),
      { "dropout-fails": "inconclusive", "both-beat-dropout": "supported" },
    ],
    ["shifts as large as scales", () => ({ shift: 1.2 }), { "shift-figure": "inconclusive" }],
    [
      "twins 11 points above the report's log",
      ({ form }, { accuracy }) => (form === "asCoded" ? { accuracy: accuracy + 0.11 } : undefined),
      { explained: "not supported" },
    ],
    [
      "twins 9 points above the report's log",
      ({ form }, { accuracy }) => (form === "asCoded" ? { accuracy: accuracy + 0.09 } : undefined),
      {},
    ],
    [
      "one twin of four far from the report's log",
      ({ form, variant }, { accuracy }) =>
        form === "asCoded" && variant === "dropout" ? { accuracy: accuracy + 0.3 } : undefined,
      { explained: "inconclusive" },
    ],
  ])("%s", (_, change, flipped) => {
    expect(verdicts(results(change))).toEqual({ ...base, ...flipped });
  });

  test("decide no difference without trials or with a single seed", () => {
    const open = (id: string) => [id, "inconclusive"];
    expect(verdicts([])).toEqual(Object.fromEntries(Object.keys(base).map(open)));
    expect(verdicts(results().filter(({ replicate }) => replicate === 0))).toEqual({
      ...base,
      ...Object.fromEntries(["accuracy-level", "input-normalization", "dropout-fails", "both-beat-dropout"].map(open)),
    });
  });
});

describe("a trial that diverged", () => {
  const lost = results(({ form, variant, seed }) =>
    form === "corrected" && variant === "dropout" && seed === 1 ? { diverged: true, accuracy: 0.1 } : undefined,
  );

  test("is excluded from means, tables and pairs, and each of them says so", () => {
    const found = findings(lost).filter(({ variant }) => variant === "dropout");
    expect(found.find(({ id }) => id === "validationAccuracy")).toMatchObject({ n: 2, of: 3 });
    expect(found.find(({ id }) => id === "gain")).toMatchObject({ n: 2, of: 3 });
    expect(found.find(({ id }) => id === "asCoded.validationAccuracy")).not.toHaveProperty("of");
    const [table] = tables(lost);
    const row = table.rows.find(({ variant }) => variant === "Dropout");
    expect(row?.n).toBe("2 of 3");
    expect(row?.validationAccuracy).toMatch(/ \(2 of 3\)$/);
    const claim = claims(lost, context).find(({ id }) => id === "dropout-fails");
    expect(claim?.evidence).toMatch(/ over 2 of 3 seeds\.$/);
  });

  test("leaves an empty entry in the table if no replicate remains", () => {
    const all = results(({ variant }) => (variant === "dropout" ? { diverged: true } : undefined));
    const row = tables(all)[0].rows.find(({ variant }) => variant === "Dropout");
    expect(row).toMatchObject({ n: "0 of 3", validationAccuracy: "none" });
    expect(verdicts(all)["dropout-fails"]).toBe("inconclusive");
  });
});

test("the design has every variant with every seed, and twins for as many seeds as the settings say", () => {
  const places = planned.map(({ factors, replicate }) => `${factors.form} ${factors.variant} ${replicate}`);
  expect(new Set(places).size).toBe(places.length);
  expect(places).toHaveLength(3 * variants.length + 3 * reportedVariants.length);
  const few = design({
    settings: { ...settings, twinSeeds: 1 },
    seeds,
    earlier: [],
    data: () => use,
    examples: () => 1,
  });
  expect(few).toHaveLength(3 * variants.length + reportedVariants.length);
  const everywhere = few.find(({ factors }) => factors.variant === "batchNormEverywhere");
  expect(everywhere?.spec.data.scaling).toBe("unit");
});
