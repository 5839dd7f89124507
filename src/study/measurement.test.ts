import fc from "fast-check";
import { expect, test } from "vitest";
import { pathMatcher } from "../nn/path-patterns.js";
import { probeTargets } from "../probes/probe-spec.js";
import { stepMetrics } from "../train/metric-rows.js";
import { covers, joined, type MeasurementInput, type MeasurementPlan, measurementPlan } from "./measurement.js";

const sets = { seed: 20, numRuns: 400 };

/** Plans with few different values, so that many pairs are comparable. */
const plans: fc.Arbitrary<MeasurementPlan> = fc
  .record(
    {
      steps: fc.record({ every: fc.constantFrom(1, 2, 3, 4, 6), metrics: fc.subarray(stepMetrics.slice(0, 3)) }),
      evaluations: fc.boolean(),
      probes: fc.record({
        every: fc.constantFrom(10, 20, 30, null),
        at: fc.subarray(["start" as const, "end" as const]),
        of: fc.subarray(probeTargets.slice(0, 2)),
        statistics: fc.subarray(["mean" as const, "norm" as const]),
        histogramBins: fc.constantFrom(0, 16, 32),
        samples: fc.constantFrom(0, 10, 100),
        noiseScale: fc.boolean(),
      }),
      tensors: fc.array(
        fc.record({
          of: fc.constantFrom("*", "1.*", "*.weight", "1.weight", "?.weight"),
          at: fc.constantFrom("start" as const, "end" as const),
        }),
        { maxLength: 3 },
      ),
    },
    { requiredKeys: [] },
  )
  .map((given) => measurementPlan(given));

test("every plan covers itself, and the empty plan", () => {
  const nothing = measurementPlan({ evaluations: false });
  fc.assert(
    fc.property(plans, (plan) => {
      expect([covers(plan, plan), covers(plan, nothing)]).toEqual([true, true]);
    }),
    sets,
  );
});

test("covering is transitive", () => {
  // Random plans are rarely comparable, but a joined plan covers its parts.
  fc.assert(
    fc.property(plans, plans, plans, (a, b, c) => {
      const [ab, abc] = [joined(a, b), joined(joined(a, b), c)];
      expect([covers(ab, a), covers(abc, ab), covers(abc, a)]).toEqual([true, true, true]);
      if (covers(a, b) && covers(b, c)) expect(covers(a, c)).toBe(true);
    }),
    sets,
  );
});

test("plans that cover each other are covered by the same plans", () => {
  fc.assert(
    fc.property(plans, plans, plans, (a, b, c) => {
      if (covers(a, b) && covers(b, a)) expect([covers(a, c), covers(c, a)]).toEqual([covers(b, c), covers(c, b)]);
    }),
    sets,
  );
});

test("a joined plan covers both plans, and every plan that covers both covers it", () => {
  fc.assert(
    fc.property(plans, plans, plans, (a, b, c) => {
      const both = joined(a, b);
      expect([covers(both, a), covers(both, b)]).toEqual([true, true]);
      if (covers(c, a) && covers(c, b)) expect(covers(c, both)).toBe(true);
    }),
    sets,
  );
});

/** Chains of plans in descending order. */
const chains: readonly (readonly MeasurementInput[])[] = [
  [{ steps: { every: 1 } }, { steps: { every: 5 } }, { steps: { every: 10 } }, {}, { evaluations: false }],
  [
    { steps: { every: 2, metrics: ["loss", "accuracy", "momentum"] } },
    { steps: { every: 2, metrics: ["loss", "momentum"] } },
    { steps: { every: 4, metrics: ["momentum"] } },
    { steps: { every: 3, metrics: [] } },
  ],
  [
    { probes: { every: 10, noiseScale: true } },
    { probes: { every: 10 } },
    { probes: { every: 100, histogramBins: 16 } },
    { probes: { every: 100, histogramBins: 0, of: ["weights"] } },
    { probes: { every: 200, histogramBins: 0, of: ["weights"], statistics: ["mean"] } },
    {},
  ],
  [
    { tensors: [{ of: "*", at: "end" }] },
    {
      tensors: [
        { of: "1.*", at: "end" },
        { of: "*.bias", at: "end" },
      ],
    },
    { tensors: [{ of: "1.w*", at: "end" }] },
    { tensors: [{ of: "1.weight", at: "end" }] },
  ],
];

test.each(chains.map((chain) => [JSON.stringify(chain[0]), chain] as const))(
  "more covers less, and less does not cover more: %s",
  (_, chain) => {
    const along = chain.map(measurementPlan);
    for (const [i, more] of along.entries())
      for (const [j, less] of along.entries())
        if (i < j) expect([covers(more, less), covers(less, more)]).toEqual([true, i === j]);
  },
);

test("plans that differ in kind do not cover each other", () => {
  const different: readonly (readonly [MeasurementInput, MeasurementInput])[] = [
    [{ steps: { every: 2 } }, { steps: { every: 3 } }],
    [{ steps: { metrics: ["loss"] } }, { steps: { metrics: ["accuracy"] } }],
    [{ tensors: [{ of: "*", at: "start" }] }, { tensors: [{ of: "*", at: "end" }] }],
    [{ tensors: [{ of: "1.?", at: "end" }] }, { tensors: [{ of: "?.1", at: "end" }] }],
    [{ probes: { of: ["weights"] } }, { probes: { of: ["gradients"] } }],
  ];
  for (const pair of different) {
    const [a, b] = pair.map((plan) => measurementPlan(plan));
    expect([covers(a, b), covers(b, a)]).toEqual([false, false]);
  }
});

test("a pattern of tensors covers another only if it matches all of its paths", () => {
  const pattern = fc
    .array(fc.constantFrom("*", "?", ".", "a"), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join(""));
  const path = fc.array(fc.constantFrom("a", ".", "*"), { minLength: 1, maxLength: 5 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(pattern, pattern, fc.array(path, { maxLength: 20 }), (had, wanted, paths) => {
      const of = (text: string) => measurementPlan({ tensors: [{ of: text, at: "end" }] });
      if (!covers(of(had), of(wanted))) return;
      const matched = paths.filter(pathMatcher([wanted]));
      expect(matched.filter(pathMatcher([had]))).toEqual(matched);
    }),
    { ...sets, numRuns: 2000 },
  );
});

test("a plan has every default written out", () => {
  expect(measurementPlan()).toEqual({ evaluations: true, tensors: [] });
  expect(measurementPlan({ steps: {} }).steps).toEqual({ every: 1, metrics: ["loss"] });
});

test("a plan that breaks a rule is refused by the name of the option", () => {
  expect(() => measurementPlan({ steps: { every: 0 } })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: measurements.steps.every: expected a number above 0, received 0]`,
  );
  expect(() => measurementPlan({ evaluation: false } as MeasurementInput)).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: measurements: unknown option "evaluation". Did you mean "evaluations"? Valid: steps, evaluations, probes, tensors]`,
  );
});

test("readings on other inputs are other measurements", () => {
  const of = ["activations" as const];
  const grid = (points: number) => ({ kind: "grid" as const, low: -1, high: 1, points });
  const [batch, coarse, fine] = [
    measurementPlan({ probes: { of } }),
    measurementPlan({ probes: { of, inputs: grid(11) } }),
    measurementPlan({ probes: { of, inputs: grid(21) } }),
  ];
  expect([covers(batch, coarse), covers(fine, coarse), covers(coarse, batch)]).toEqual([false, false, false]);
  expect(covers(fine, measurementPlan({ probes: { of, inputs: grid(21), every: 200 } }))).toBe(true);
  // No plan can hold both, so the newly requested one is measured.
  expect(joined(batch, fine).probes).toEqual(fine.probes);
});

test("a cadence includes the start, since its first reading is at step 0, but not the end", () => {
  const plan = (every: number | null, at: ("start" | "end")[]) => measurementPlan({ probes: { every, at } });
  expect(covers(plan(10, []), plan(null, ["start"]))).toBe(true);
  expect(covers(plan(10, ["start"]), plan(null, ["end"]))).toBe(false);
  expect(covers(plan(null, ["start", "end"]), plan(10, []))).toBe(false);
});
