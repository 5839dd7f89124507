// Made-up networks have the fates that they were given, and changed fates flip the verdicts that depend on them.
import { describe, expect, test } from "vitest";
import { type MadeSeries, madeResult } from "../../../test/support/trial-results.js";
import type { TrialResult } from "../../study/definition.js";
import { resolveSettings } from "../../study/settings.js";
import { claims } from "./claims.js";
import { cells, design } from "./design.js";
import { isDead, isFlat, isZero, readingsOf } from "./fates.js";
import { figures } from "./figures.js";
import { findings } from "./findings.js";
import { dyingRelu } from "./index.js";
import type { DyingReluSettings } from "./settings.js";
import { exactBornDead } from "./theory.js";

const settings = resolveSettings(dyingRelu, "quick", { simulated: 500 }) as DyingReluSettings;
const networks = 1000;
const source = { kind: "synthetic", name: "x-sin-5x", options: {}, fingerprint: "0" } as const;
const context = {
  settings,
  seeds: [0],
  earlier: [],
  data: () => ({ source, scaling: "raw" as const }),
  examples: () => 3000,
} as const;
const planned = design(context);

/** How many of the 1,000 networks of a trial are dead, flat or zero. */
interface Shares {
  readonly born: number;
  readonly dead: number;
  readonly flat: number;
  readonly zero: number;
}

type Change = (factors: Readonly<Record<string, string | number>>) => Partial<Shares> | undefined;

/** Shares near the published ones. */
function plainShares({ form, activation, initializer }: Readonly<Record<string, string | number>>): Shares {
  if (form === "asCoded") return { born: 700, dead: 980, flat: 0, zero: activation === "relu" ? 645 : 0 };
  if (activation !== "relu") return { born: 0, dead: 0, flat: 700, zero: 0 };
  if (initializer === "randomizedAsymmetric") return { born: 272, dead: 400, flat: 420, zero: 0 };
  return { born: 910, dead: 949, flat: 950, zero: 0 };
}

/** Readings at the start and the end: networks with small numbers die first, in the last of their layers. */
function readings(layers: number, { born, dead, flat, zero }: Shares): MadeSeries[] {
  const per = (value: (network: number) => number): number[] => Array.from({ length: networks }, (_, i) => value(i));
  const hidden = Array.from({ length: layers }, (_, layer) => {
    const maximum = (count: number) => per((i) => (layer === layers - 1 && i < count ? 0 : 1));
    const path = `model.layers[${2 * layer + 1}] (relu)`;
    return [
      made("activations.minimum", path, [per(() => 0), per(() => 0)]),
      made("activations.maximum", path, [maximum(born), maximum(dead)]),
    ];
  });
  const outputs = per((i) => (i < zero ? 0 : i < flat ? 1e-5 : 1));
  return [
    ...hidden.flat(),
    made("activations.minimum", "output", [per(() => 0), per(() => 0)]),
    made("activations.maximum", "output", [outputs, outputs]),
    made("batchLoss", "", [per((i) => i), per((i) => i)]),
  ];
}

const made = (metric: string, path: string, values: readonly (readonly number[])[]): MadeSeries => ({
  ...{ metric, path, values, phase: "train", steps: [0, 94] },
});

/** Untrained networks that die as the exact recurrence of two units says, whatever their width. */
function untrained(deepest: number): MadeSeries[] {
  const exact = exactBornDead(deepest, 2) ?? [];
  const deadBy = exact.map((share) => Math.round(share * networks));
  return Array.from({ length: deepest }, (_, layer) => layer).flatMap((layer) => {
    const path = `model.layers[${2 * layer + 1}] (relu)`;
    const maxima = Array.from({ length: networks }, (_, i) => (i < deadBy[layer] ? 0 : 1));
    const series = [
      { metric: "activations.maximum", values: [maxima] },
      { metric: "activations.minimum", values: [maxima.map(() => 0)] },
    ];
    const output =
      layer === 0 ? series.map((one) => ({ ...one, path: "output", phase: "train" as const, steps: [0] })) : [];
    return [...series.map((one) => ({ ...one, path, phase: "train" as const, steps: [0] })), ...output];
  });
}

function results(change: Change = () => undefined): TrialResult[] {
  return planned.map(({ factors, replicate, spec }) => {
    const [layers] = String(factors.network).split("x").map(Number);
    const shares = { ...plainShares(factors), ...change(factors) };
    const series = factors.form === "depths" ? untrained(layers) : readings(layers, shares);
    return madeResult({ factors, replicate, spec, series });
  });
}

const verdicts = (measured: readonly TrialResult[]): Record<string, string> =>
  Object.fromEntries(claims(measured, settings).map(({ id, verdict }) => [id, verdict]));

const base = {
  "reported-share": "erratum",
  "code-explains": "supported",
  "leaky-never-dies": "erratum",
  "over-ninety": "supported",
  "born-not-killed": "supported",
  "no-revival": "supported",
  "exact-theory": "not supported",
  "paper-bound": "not supported",
  "asymmetric-helps": "supported",
};

describe("the design", () => {
  test("changes one thing of the base case at a time, or everything with everything", () => {
    expect(cells(settings)).toHaveLength(1 + 2 + 5 + 3);
    expect(cells({ ...settings, everyCombination: true })).toHaveLength(3 * 6 * 4);
  });

  test("gives every trial its place once", () => {
    const places = planned.map(({ factors, replicate }) => JSON.stringify([factors, replicate]));
    expect(new Set(places).size).toBe(places.length);
  });

  test("looks at networks again after each of the chosen epochs", () => {
    const longer = design({ ...context, settings: { ...settings, epochs: [2, 20, 60] } });
    const [{ measure, spec }] = longer;
    expect([measure.probes?.every, spec.epochs]).toEqual([2 * 47, 60]);
  });
});

describe("fates", () => {
  test("a layer is dead if its units are 0 for every input, and the first one counts", () => {
    const result = results().find(({ factors }) => factors.form === "trained") as TrialResult;
    const [start, end] = readingsOf(result);
    expect(start.fates.filter((fate) => fate !== undefined && isDead(fate))).toHaveLength(910);
    expect(end.fates.filter((fate) => fate !== undefined && isDead(fate))).toHaveLength(949);
    expect(end.fates[0]?.deadLayer).toBe(10);
    expect(end.fates[999]?.deadLayer).toBeUndefined();
  });

  test("flat and zero are judged by the output", () => {
    expect(isFlat({ low: 0, high: 0.0029 }, 3)).toBe(true);
    expect(isFlat({ low: 0, high: 0.0031 }, 3)).toBe(false);
    expect(isZero({ low: 0, high: 0 })).toBe(true);
    expect(isZero({ low: 0, high: 1e-30 })).toBe(false);
  });

  test("networks that diverged have none", () => {
    const [first] = results();
    const readingsWithout = readingsOf({ ...first, diverged: [0, 5] });
    expect(readingsWithout[0].fates.filter((fate) => fate === undefined)).toHaveLength(2);
  });
});

describe("claims", () => {
  test("have their verdicts for the published shares", () => {
    expect(verdicts(results())).toEqual(base);
  });

  test("nothing is decided without trials", () => {
    expect(new Set(Object.values(verdicts([])))).toEqual(new Set(["inconclusive"]));
  });

  test.each([
    ["reported-share", "supported", { dead: 643, born: 600 }, "x-sin-5x/relu/heNormal"],
    ["code-explains", "not supported", { zero: 900 }, "asCoded relu"],
    ["leaky-never-dies", "inconclusive", { flat: 50 }, "x-sin-5x/leakyRelu0.01/heNormal"],
    ["over-ninety", "not supported", { dead: 800, born: 700 }, "absolute-value/relu/heNormal"],
    ["born-not-killed", "not supported", { born: 500 }, "x-sin-5x/relu/heNormal"],
    ["no-revival", "not supported", { born: 980, dead: 949 }, "step-sine/relu/heNormal"],
    ["asymmetric-helps", "not supported", { dead: 990 }, "x-sin-5x/relu/randomizedAsymmetric"],
  ] as const)("%s becomes %s with %o", (claim, verdict, shares, place) => {
    const changed = results(({ form, target, activation, initializer }) =>
      (form === "asCoded" ? `asCoded ${activation}` : `${target}/${activation}/${initializer}`) === place &&
      form !== "depths"
        ? shares
        : undefined,
    );
    expect(verdicts(changed)[claim]).toBe(verdict);
  });

  test("the theory is supported by networks that follow it, at the widths that they follow", () => {
    const two = { ...settings, widths: [2] };
    const byId = Object.fromEntries(claims(results(), two).map(({ id, verdict }) => [id, verdict]));
    expect([byId["exact-theory"], byId["paper-bound"]]).toEqual(["supported", "supported"]);
  });
});

test("findings carry the exact value where there is one, and figures are drawn for what was measured", () => {
  const found = findings(results(), settings);
  const of = (id: string, variant: string) => found.find((one) => one.id === id && one.variant === variant)?.value;
  expect(of("bornDead", "x-sin-5x/relu/heNormal/10x2/2")).toBe(0.91);
  expect(of("bornDeadExact", "x-sin-5x/relu/heNormal/10x2/2")).toBeCloseTo(0.9099, 4);
  expect(of("bornDeadExact", "x-sin-5x/relu/heNormal/5x3/0")).toBeUndefined();
  expect(of("bornDeadSimulated", "x-sin-5x/relu/heNormal/5x3/0")).toBeGreaterThan(0.2);
  expect(of("zeroSum", "asCoded/relu/kaimingUniform/11x2/2")).toBe(0.645);
  expect(figures(results(), settings).map(({ id }) => id)).toEqual([
    "born-dead",
    "fates",
    "survival",
    "loss-by-fate",
    "dead-layer",
  ]);
  expect(figures([], settings)).toEqual([]);
});
