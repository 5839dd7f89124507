// Samples that analyses read from results: last and best values, pairs, fractions, and the number of missing replicates.

import { describe, expect, test } from "vitest";
import { madeResult } from "../../../test/support/trial-results.js";
import type { Phase } from "../../core/rows.js";
import type { TrialSpec } from "../../train/spec/trial-spec.js";
import { divergenceNotes } from "../analyze.js";
import { estimateText, survivorsText } from "./number-text.js";
import { bestOf, differences, inPercent, lastOf, meanOf, paired, proportionOf, select } from "./samples.js";

const accuracy = { phase: "validation", metric: "accuracy" } as const;

interface Made {
  readonly replicate: number;
  /** Values of the validation accuracy `[steps][networks]`. */
  readonly values: readonly (readonly number[])[];
  readonly variant?: string;
  readonly diverged?: readonly number[];
  readonly path?: string;
  readonly phase?: Phase;
}

const trial = ({ variant = "a", replicate, diverged = [], ...series }: Made) =>
  madeResult({
    ...{ factors: { variant }, replicate, diverged, spec: {} as TrialSpec },
    series: [{ metric: "accuracy", ...series }],
  });

const three = [
  trial({ replicate: 2, values: [[0.9], [0.8]] }),
  trial({ replicate: 0, values: [[0.5], [0.6]] }),
  trial({ replicate: 1, values: [[0.7], [0.4]] }),
];

test("select returns the trials at the given levels, by ascending replicate", () => {
  const other = trial({ replicate: 3, values: [[1]], variant: "b" });
  expect(select([...three, other], { variant: "a" }).map(({ replicate }) => replicate)).toEqual([0, 1, 2]);
  expect(select([...three, other], {})).toHaveLength(4);
});

test("last and best values have the requested phase, metric and path", () => {
  const decoys = [
    trial({ replicate: 7, values: [[0.99]], phase: "train" }),
    trial({ replicate: 8, values: [[0.99]], path: "0.weight" }),
  ];
  const values = (samples: ReturnType<typeof lastOf>) => samples.values.map(({ value }) => value);
  expect(values(lastOf([...three, ...decoys], accuracy))).toEqual([0.6, 0.4, 0.8]);
  expect(values(bestOf(three, accuracy, "highest"))).toEqual([0.6, 0.7, 0.9]);
  expect(values(bestOf(three, accuracy, "lowest"))).toEqual([0.5, 0.4, 0.8]);
  expect(values(lastOf(decoys, { ...accuracy, path: "0.weight" }))).toEqual([0.99]);
});

describe("replicates that diverged", () => {
  const results = [
    trial({ replicate: 0, values: [[0.5], [0.6]] }),
    trial({ replicate: 1, values: [[0.7]], diverged: [0] }),
    trial({ replicate: 2, values: [[0.9], [Number.NaN]] }),
    trial({ replicate: 3, values: [[0.9], [0.8]] }),
  ];

  test("are excluded from a mean but counted beside it", () => {
    const estimate = meanOf(inPercent(lastOf(results, accuracy)));
    expect(estimate).toMatchObject({ value: 70, n: 2, of: 4 });
    expect(estimate && estimateText(estimate, 1)).toBe("70.0 [0.0, 100.0] (2 of 4)");
    expect(estimate && survivorsText(estimate)).toBe("2 of 4");
  });

  test("leave no mean, difference or fraction if no other replicate remains", () => {
    const none = lastOf([results[1]], accuracy);
    expect(none).toEqual({ values: [], of: 1 });
    expect([meanOf(none), paired(none, none), proportionOf(none, () => true)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("are named in a note, networks of an ensemble by their number", () => {
    expect(divergenceNotes(three)).toEqual([]);
    expect(divergenceNotes([...results, trial({ replicate: 9, values: [[1, 2, 3]], diverged: [0, 2] })])).toEqual([
      "Of 7 networks 3 diverged and are excluded from means: a, replicate 1; 2 of 3 in a, replicate 9.",
    ]);
  });

  test("are not mentioned if every replicate has a number", () => {
    const estimate = meanOf(lastOf(three, accuracy));
    expect(estimate).toMatchObject({ n: 3 });
    expect(estimate).not.toHaveProperty("of");
  });
});

test("pairs are trials of the same replicate in any order; a replicate without its pair is left out and counted", () => {
  const others = [trial({ replicate: 1, values: [[0.3]] }), trial({ replicate: 0, values: [[0.4]] })];
  const estimate = paired(lastOf(three, accuracy), lastOf(others, accuracy));
  expect(estimate?.value).toBeCloseTo((0.6 - 0.4 + (0.4 - 0.3)) / 2, 12);
  expect(estimate).toMatchObject({ n: 2, of: 3, method: "paired t" });
  const apart = differences(lastOf(three, accuracy), lastOf(others, accuracy)).values;
  expect(apart.map(({ replicate }) => replicate)).toEqual([0, 1]);
  expect(apart[0].value).toBeCloseTo(0.2, 12);
  expect(paired(lastOf(three, accuracy), lastOf([others[0]], accuracy))).not.toHaveProperty("interval");
});

describe("ensembles", () => {
  const a = trial({
    replicate: 0,
    values: [
      [9, 9, 9, 9],
      [1, 2, 3, 4],
    ],
    diverged: [1],
  });
  const b = trial({ replicate: 0, values: [[0, 0, 0, 1]] });

  test("every network is a replicate, paired with the network of the same number", () => {
    expect(lastOf([a], accuracy)).toMatchObject({ of: 4, values: [{ network: 0 }, { network: 2 }, { network: 3 }] });
    expect(paired(lastOf([a], accuracy), lastOf([b], accuracy))).toMatchObject({ value: (1 + 3 + 3) / 3, n: 3, of: 4 });
  });

  test("the fraction of networks has Wilson's interval over the networks with a number", () => {
    const share = proportionOf(lastOf([a], accuracy), (value) => value >= 3);
    expect(share).toMatchObject({ value: 2 / 3, n: 3, of: 4, method: "wilson" });
  });
});

test("the best of very many values is found", () => {
  const values = Array.from({ length: 200_000 }, (_, i) => [i === 150_000 ? -1 : i]);
  const { values: best } = bestOf([trial({ replicate: 0, values })], accuracy, "lowest");
  expect(best.map(({ value }) => value)).toEqual([-1]);
});
