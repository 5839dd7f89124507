// A report on disk: every file that the page names exists, and the same run gives the same bytes.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { gallery } from "../figures/gallery.js";
import { defineStudy } from "../study/definition.js";
import { writeReport } from "./report-files.js";

const preset = { settings: {}, seeds: 5, about: "for tests" };

const study = defineStudy({
  kind: "trained",
  id: "made-up",
  title: "A made-up study",
  question: "Does it write?",
  expectation: "It does.",
  refutedBy: "A missing file.",
  source: "Nobody",
  factors: [],
  settings: z.object({}),
  presets: { quick: preset },
  smoke: preset,
  data: { set: "none" },
  stages: [{ id: "training", design: () => [] }],
  analyze: () => ({ answer: "", findings: [], claims: [], figures: [], tables: [], notes: [] }),
});

describe("writing a report", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "trainscope-report-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const options = (to: string, ids = ["dots", "curves-one-seed"]) => ({
    folder: to,
    title: "Report",
    generatedAt: "2026-11-22T20:25:01Z",
    studies: [
      {
        study,
        run: {
          id: "made-up-1",
          study: "made-up",
          preset: "quick" as const,
          settings: { epochs: 3 },
          seeds: [0, 1],
          data: { train: { title: "Made-up data", isSample: false, fingerprint: "0" } },
          stages: [],
          command: "trainscope study run made-up",
          startedAt: "2026-11-22T20:20:00Z",
          finishedAt: "2026-11-22T20:25:00Z",
          status: "done" as const,
          versions: { trainscope: "0.1.0" },
          machine: "a machine",
        },
        trials: [],
        facts: {
          preset: "quick",
          settings: { epochs: 3 },
          seeds: [0, 1],
          data: { set: { title: "Made-up data", isSample: false, fingerprint: "0" } },
        },
        analysis: {
          answer: "",
          findings: [],
          claims: [],
          tables: [],
          notes: [],
          figures: [gallery.dots(), gallery.curvesOneSeed()].map((figure, index) => ({ ...figure, id: ids[index] })),
        },
      },
    ],
  });

  it("gives the page and four files per figure, all that the page names, and the same bytes again", async () => {
    const written = await writeReport(options(join(folder, "one")));
    const page = await readFile(written.report, "utf8");
    const named = [...page.matchAll(/href="(figures\/[^"]+)"/g)].map(([, href]) => href);
    expect(named).toEqual(
      ["dots", "curves-one-seed"].flatMap((id) =>
        ["svg", "png", "vl.json", "csv"].map((end) => `figures/made-up-${id}.${end}`),
      ),
    );
    expect(written.figures.flatMap(({ files }) => files)).toEqual(named.map((href) => join(folder, "one", href)));
    const again = await writeReport(options(join(folder, "two")));
    expect(await readFile(again.report, "utf8")).toBe(page);
    for (const href of named) {
      const [a, b] = await Promise.all(["one", "two"].map((run) => readFile(join(folder, run, href))));
      expect(Buffer.compare(a, b), href).toBe(0);
    }
    expect(await readFile(join(folder, "one", named[3]), "utf8")).toMatch(
      /^variant,seed,metric,value\r\nnone,0,accuracy,/,
    );
    expect((await readdir(join(folder, "one"))).sort()).toEqual(["figures", "report.html"]);
  });

  it("writes inside its folder for any figure name", async () => {
    const written = await writeReport(options(folder, ["../../outside", "a/b"]));
    const names = await readdir(join(folder, "figures"));
    expect(names).toHaveLength(8);
    expect(
      written.figures.flatMap(({ files }) => files).every((file) => file.startsWith(join(folder, "figures"))),
    ).toBe(true);
  });

  it("names the folder that it cannot create", async () => {
    await writeFile(join(folder, "taken"), "");
    await expect(writeReport(options(join(folder, "taken")))).rejects.toThrow(/taken\/figures: cannot create because/);
  });
});
