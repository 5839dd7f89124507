// Every study of the catalogue runs from end to end with its smallest preset, in seconds, and has results.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { studies } from "../../src/studies/index.js";
import { presetNames } from "../../src/study/definition.js";
import { presetOf, resolveSettings, settingForms } from "../../src/study/settings.js";
import { type StudyPlace, studyPlace } from "./run-on-store.js";

let place: StudyPlace;
beforeEach(() => {
  place = studyPlace();
});
afterEach(() => place.dispose());

describe.each(Object.entries(studies))("study %s", (id, study) => {
  test("is named as in the table, and every preset has valid settings and a description", () => {
    expect(study.id).toBe(id);
    if (study.kind === "computed") return;
    for (const name of presetNames(study)) {
      expect(() => resolveSettings(study, name), name).not.toThrow();
      expect(presetOf(study, name).seeds, name).toBeGreaterThan(0);
      expect(presetOf(study, name).about, name).not.toBe("");
    }
    for (const [name, { about }] of settingForms(study)) expect(about, `what ${name} means`).not.toBe("");
  });

  test("runs with its smallest preset; a second run finds every trial and has the same results", async () => {
    const first = await place.run(study);
    expect(first.run.status).toBe("done");
    expect(first.trials.every(({ status }) => status === "done")).toBe(
      study.kind === "computed" || first.trials.length > 0,
    );
    expect(first.analysis?.findings.length).toBeGreaterThan(0);
    expect(first.analysis?.claims.length).toBeGreaterThan(0);
    const titles = new Set(study.factors.flatMap(({ levels }) => levels.map((level) => String(level.id))));
    // A variant is a level, or names one level of several factors: `x-sin-5x/relu/heNormal/10x2/2`.
    const isOpen = study.factors.some(({ levels }) => levels.length === 0);
    for (const { variant, id: finding } of first.analysis?.findings ?? []) {
      const unknown = variant.split("/").filter((part) => !titles.has(part));
      expect(
        unknown.filter((part) => !isOpen || !/^\d/.test(part)),
        finding,
      ).toEqual([]);
    }
    const again = await place.run(study);
    expect(again.execution.found).toBe(new Set(first.trials.map((trial) => trial.id)).size);
    expect(again.analysis).toEqual(first.analysis);
  }, 60_000);
});
