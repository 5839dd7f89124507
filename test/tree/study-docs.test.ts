// The documentation of studies: a page for each, whose presets and settings are those of the definition.
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { documented, documentedStudies, studyPage } from "../../scripts/document-studies.js";
import { studies } from "../../src/studies/index.js";

test.each(Object.keys(studies))("study %s has a page", (id) => {
  expect(existsSync(studyPage(id))).toBe(true);
});

test.each(documentedStudies.map((study) => [study.id, study] as const))(
  "the page of study %s has its presets and settings (npm run docs)",
  (id, study) => {
    const text = readFileSync(studyPage(id), "utf8");
    expect(text).toBe(documented(text, study));
  },
);
