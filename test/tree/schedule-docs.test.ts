// docs/optimizers.md and docs/schedules.md say what the tables say, and their pictures are drawn by the present code.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { batchPicture, scheduleFigures, schedulePictures } from "../../scripts/schedule-figures.js";
import { openFigureRenderer } from "../../src/node/render.js";
import { batchSchedules } from "../../src/optim/batch-schedules.js";
import { optimizers } from "../../src/optim/optimizers/index.js";
import { schedules } from "../../src/optim/schedules.js";

const read = (path: string): string => readFileSync(new URL(`../../docs/${path}`, import.meta.url), "utf8");

interface Documented {
  readonly option: string;
  readonly preset: string;
  readonly does: string;
}

/** Option tables by the heading that they stand under. */
function tables(path: string, heading: string): Map<string, Documented[]> {
  const sections = read(path)
    .split(new RegExp(`^${heading} `, "m"))
    .slice(1);
  return new Map(
    sections.map((section) => [
      section.split("\n")[0],
      [...section.split(/^##/m)[0].matchAll(/^\| `(\w+)` \|(.*)\|$/gm)].map(([, option, rest]) => {
        const cells = rest.split(/ ?\| ?/).map((cell) => cell.trim().replace(/^`(.*)`$/, "$1"));
        return { option, preset: cells[0], does: cells.at(-1) ?? "" };
      }),
    ]),
  );
}

/** What a table of the code says, without the options that are documented once for all. */
function expected(options: z.ZodObject, once: readonly string[] = []): Documented[] {
  const presets = options.parse({}) as Record<string, unknown>;
  const text = (value: unknown): string => (typeof value === "object" ? JSON.stringify(value) : String(value ?? ""));
  return Object.entries(options.shape)
    .filter(([option]) => !once.includes(option))
    .map(([option, schema]) => ({ option, preset: text(presets[option]), does: schema.description ?? "" }));
}

describe("docs/optimizers.md", () => {
  const found = tables("optimizers.md", "##");
  const once = (found.get("Options of all") ?? []).map(({ option }) => option);

  test.each(Object.entries(optimizers))("has the options of %s with their defaults", (kind, { options }) => {
    expect(found.get(kind)).toEqual(expected(options, once));
  });

  test("has the options that all share, and no optimizer that does not exist", () => {
    const { options } = optimizers.adam;
    const shared = expected(options).filter(({ option }) => once.includes(option));
    expect(found.get("Options of all")).toEqual(
      shared.map((row) => (row.option === "weightDecay" ? { ...row, preset: "0, adamW 0.01" } : row)),
    );
    expect([...found.keys()]).toEqual(["Options of all", ...Object.keys(optimizers), "Not here"]);
    expect(optimizers.adamW().weightDecay).toBe(0.01);
    for (const kind of Object.values(optimizers)) if (kind.kind !== "adamW") expect(kind().weightDecay).toBe(0);
  });
});

describe("docs/schedules.md", () => {
  const found = tables("schedules.md", "##");
  const sizes = tables("schedules.md", "###");

  test.each(Object.entries(schedules))("has the options of %s with their defaults", (kind, { options }) => {
    expect(found.get(kind)).toEqual(expected(options));
  });

  test.each(Object.entries(batchSchedules))("has the options of the batch schedule %s", (kind, { options }) => {
    expect(sizes.get(kind)).toEqual(expected(options));
  });

  test("has nothing that does not exist", () => {
    expect([...found.keys()]).toEqual([...Object.keys(schedules), "Batch sizes"]);
    expect([...sizes.keys()]).toEqual(Object.keys(batchSchedules));
  });

  test("shows every schedule in a picture", () => {
    const drawn = schedulePictures.flatMap(({ lines }) => lines.map(({ spec }) => spec.kind));
    expect(new Set(drawn)).toEqual(new Set(Object.keys(schedules)));
    expect(new Set(batchPicture.lines.map(({ spec }) => spec.kind))).toEqual(new Set(Object.keys(batchSchedules)));
  });

  test("shows pictures that the present code draws", async () => {
    const renderer = await openFigureRenderer({
      onWarning: (message) => {
        throw new Error(message);
      },
    });
    for (const { id, spec } of scheduleFigures()) {
      expect(read("schedules.md")).toContain(`(images/${id}.svg)`);
      expect(
        (await renderer.svg(spec)) === read(`images/${id}.svg`),
        `${id}.svg: npx tsx scripts/plot-schedules.ts`,
      ).toBe(true);
    }
  });
});
