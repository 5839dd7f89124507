// A study by an outside author, with two stages, two data sets, ensembles and settings of every kind, on the real store.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { PlannedTrial, TrialResult } from "../../src/study/definition.js";
import { checkDesign } from "../../src/study/design.js";
import { resolveSettings, settingsFromText } from "../../src/study/settings.js";
import { madeResult } from "../support/trial-results.js";
import { chosenRate, collapse } from "./collapse-study.js";
import { type StudyPlace, studyPlace } from "./run-on-store.js";

const settings = resolveSettings(
  collapse,
  "smoke",
  settingsFromText(collapse, { activations: "relu,tanh", rates: "0.1,0.01" }),
);
const context = {
  settings: settings as Parameters<(typeof collapse.stages)[0]["design"]>[0]["settings"],
  seeds: [0, 1],
  data: (role: string) => ({
    source: { kind: "local" as const, name: role, fingerprint: role },
    scaling: "raw" as const,
  }),
  examples: () => 200,
};

/** Results of a design in which a function gives the final loss of every network. */
function results(
  stage: string,
  trials: readonly PlannedTrial[],
  loss: (trial: PlannedTrial, network: number) => number,
): TrialResult[] {
  return trials.map((planned) => {
    const losses = Array.from({ length: planned.spec.ensemble ?? 1 }, (_, network) => loss(planned, network));
    const diverged = losses.flatMap((value, network) => (Number.isFinite(value) ? [] : [network]));
    return madeResult({ ...planned, stage, diverged, series: [{ phase: "train", metric: "loss", values: [losses] }] });
  });
}

describe("the design", () => {
  const [rates, training] = collapse.stages;
  const tried = rates.design({ ...context, earlier: [] });
  // ReLU ends lower at 0.1, tanh at 0.01, and one network of each trial diverges.
  const earlier = results("rates", tried, ({ factors }, network) =>
    network === 3 ? Number.NaN : (factors.activation === "relu") === (factors.rate === 0.1) ? 0.1 : 0.4,
  );

  test("tries every rate once, then trains both data sets with every seed at the rate from the first stage", () => {
    expect(tried).toHaveLength(2 * 2);
    const trials = training.design({ ...context, earlier });
    expect(trials).toHaveLength(2 * 2 * 2);
    for (const { factors } of trials) expect(factors.rate).toBe(factors.activation === "relu" ? 0.1 : 0.01);
    for (const stage of [tried, trials]) expect(() => checkDesign(collapse, "x", stage)).not.toThrow();
    expect(training.design({ ...context, earlier })).toEqual(trials);
  });

  test("does not choose a rate at which every network diverged", () => {
    const diverging = results("rates", tried, ({ factors }) => (factors.rate === 0.1 ? Number.NaN : 0.4));
    expect(chosenRate(diverging, "relu", [0.1, 0.01])).toBe(0.01);
  });

  test("counts every network of the ensembles and reports how many diverged", () => {
    const trials = training.design({ ...context, earlier });
    const judged = (share: number) => {
      const trained = results("training", trials, ({ factors, replicate }, network) =>
        network === 3 ? Number.NaN : factors.activation === "relu" && replicate + network < share ? 1 : 0.1 * network,
      );
      return collapse.analyze([...earlier, ...trained], {
        settings: context.settings,
        seeds: [0, 1],
        preset: "smoke",
        data: {},
      });
    };
    const { findings, claims, tables } = judged(0);
    expect(findings).toMatchObject([
      { variant: "relu", value: 0, n: 6, of: 8, method: "wilson" },
      { variant: "tanh", value: 0, n: 6, of: 8 },
    ]);
    expect(claims.map(({ verdict }) => verdict)).toEqual(["supported", "inconclusive"]);
    expect(tables[0].rows[0]).toMatchObject({ activation: "relu", rate: 0.1, networks: "6 of 8" });
    const dead = judged(9);
    expect(dead.claims.map(({ verdict }) => verdict)).toEqual(["not supported", "supported"]);
    expect(dead.claims[0].evidence).toBe("Collapsed with relu: 100.0 % [61.0, 100.0] over 6 of 8 networks.");
  });
});

describe("on the store", () => {
  let place: StudyPlace;
  beforeEach(() => {
    place = studyPlace();
  });
  afterEach(() => place.dispose());

  test("runs both stages; a second run designs the same trials, finds them all and has the same results", async () => {
    const first = await place.run(collapse);
    expect(first.run.status).toBe("done");
    expect(first.trials).toHaveLength(4 + 8);
    expect(first.analysis?.findings).toMatchObject([
      { variant: "relu", n: 8 },
      { variant: "tanh", n: 8 },
    ]);
    const again = await place.run(collapse, { workers: 1 });
    expect(again.execution.found).toBe(12);
    expect(again.analysis).toEqual(first.analysis);
  }, 60_000);

  test("has the same results if it is interrupted in the first stage and resumed", async () => {
    const stop = new AbortController();
    const cut = await place.run(collapse, {
      workers: 1,
      signal: stop.signal,
      onProgress: ({ trialsDone }) => {
        if (trialsDone === 2) stop.abort();
      },
    });
    expect(cut.run.status).toBe("interrupted");
    expect(cut.analysis).toBeUndefined();
    const whole = await place.run(collapse, { resumeRun: cut.run });
    expect(whole.run.id).toBe(cut.run.id);
    expect(whole.execution.found).toBe(2);
    const other = studyPlace();
    const undisturbed = await other.run(collapse);
    other.dispose();
    expect(whole.analysis).toEqual(undisturbed.analysis);
  }, 60_000);
});
