// Every figure of the gallery is valid Vega-Lite without warnings, plain JSON, and equal to its golden specification.
import { readdirSync } from "node:fs";
import { compile, type TopLevelSpec } from "vega-lite";
import { describe, expect, it } from "vitest";
import type { CurveRow } from "./curve-data.js";
import { gallery } from "./gallery.js";
import { barFigure, curveFigure, type Figure, figureKinds, scatterFigure, violinFigure } from "./index.js";
import { palette } from "./theme.js";

/** A logger for Vega that throws on warnings. */
const strict = {
  level: () => strict,
  error: fail,
  warn: fail,
  info: () => strict,
  debug: () => strict,
};

function fail(...messages: readonly unknown[]): never {
  throw new Error(`Vega-Lite: ${messages.join(" ")}`);
}

/** Four digits are enough to detect a change, and do not depend on the last bit of a logarithm. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(4)) : value;
}

/** Replaces long data lists by their length, first and last member: a golden has the drawing and a sample of the numbers. */
function abbreviated(key: string, value: unknown): unknown {
  if (key === "values" && Array.isArray(value) && value.length > 3 && typeof value[0] === "object") {
    return { length: value.length, first: value[0], last: value.at(-1) };
  }
  return rounded(key, value);
}

function row(value: number, change: Partial<CurveRow> = {}): CurveRow {
  return { variant: "a", seed: 0, phase: "validation", metric: "loss", x: 1, value, ...change };
}

describe.each(Object.entries(gallery))("figure %s", (_name, make) => {
  const figure = make();

  it("is valid Vega-Lite without a warning", () => {
    expect(compile(figure.spec as unknown as TopLevelSpec, { logger: strict }).spec.marks?.length).toBeGreaterThan(0);
  });

  it("is plain JSON and does not depend on earlier calls", () => {
    expect(JSON.parse(JSON.stringify(figure.spec))).toEqual(figure.spec);
    expect(make()).toEqual(figure);
  });

  it("equals its golden specification", async () => {
    const { $schema, config, ...drawing } = figure.spec;
    const golden = { ...figure, rows: figure.rows.slice(0, 2), spec: drawing };
    const text = `${JSON.stringify(golden, abbreviated, 1)}\n`;
    await expect(text).toMatchFileSnapshot(`fixtures/${figure.id}.golden.json`);
  });
});

describe("figure kinds", () => {
  it("have one file each", () => {
    const files = readdirSync(new URL(".", import.meta.url))
      .filter((name) => name.endsWith("-figure.ts"))
      .map((name) => name.slice(0, -"-figure.ts".length).replace(/-./g, (dash) => dash[1].toUpperCase()));
    expect(Object.keys(figureKinds).sort()).toEqual(files.sort());
  });

  it.each(Object.entries(figureKinds))("accept zero rows: %s", (_kind, draw) => {
    // The options of all kinds; each kind reads its own.
    const options = {
      ...{ id: "empty", title: "Empty", metrics: [{ id: "loss", title: "Loss" }] },
      ...{ phases: [{ id: "train", title: "Training" }], x: { title: "x" }, y: { title: "y" } },
      ...{ height: 2, width: 3, value: { name: "value", title: "Value" } },
    };
    const figure = (draw as (rows: readonly never[], options: object) => Figure)([], options);
    expect(() => compile(figure.spec as unknown as TopLevelSpec, { logger: strict })).not.toThrow();
  });
});

describe("values that cannot be drawn", () => {
  it("are counted by variant and reason, and the rest is drawn", () => {
    const rows = [
      row(1),
      row(Number.NaN, { seed: 1 }),
      row(Number.POSITIVE_INFINITY, { variant: "b" }),
      row(3, { seed: 2 }),
    ];
    const figure = curveFigure(rows, { id: "f", title: "F" });
    expect(figure.caption).toContain("Left out: 2 values (not finite: training diverged; a: 1, b: 1).");
    expect(figure.rows).toEqual([expect.objectContaining({ variant: "a", mean: 2, n: 2 })]);
  });

  it("include zero and negative values on a logarithmic axis, and the band stays above zero", () => {
    const rows = [row(1), row(0.1, { seed: 1 }), row(0, { seed: 2 }), row(-1, { seed: 3 })];
    const figure = curveFigure(rows, { id: "f", title: "F", metrics: [{ id: "loss", title: "Loss", scale: "log" }] });
    expect(figure.caption).toContain("Left out: 2 values (zero or below, on a logarithmic axis; a: 2).");
    expect(figure.caption).toContain("Bands that reach beyond the frame are cut there.");
    const [panel] = figure.spec.concat as unknown as { data: { values: { low: number }[] } }[];
    expect(panel.data.values[0].low).toBeGreaterThan(0);
  });

  it("leave a note if a whole panel is empty", () => {
    const phases = [
      { id: "train", title: "Training" },
      { id: "validation", title: "Validation" },
    ];
    expect(curveFigure([row(1)], { id: "f", title: "F", phases }).caption).toContain("No values of loss for training.");
  });
});

describe("curves", () => {
  it("have no bands for one seed, and say so", () => {
    const figure = curveFigure([row(1), row(2, { x: 2 })], { id: "f", title: "F" });
    expect(JSON.stringify(figure.spec)).not.toContain('"area"');
    expect(figure.caption).toBe("Lines: one seed per variant, so there are no intervals.");
  });

  it("end bands at the bounds of the metric, but write the whole interval as CSV", () => {
    const metrics = [{ id: "loss", title: "Accuracy", bounds: [0, 100] as const }];
    const figure = curveFigure([row(99), row(100, { seed: 1 })], { id: "f", title: "F", metrics });
    const [panel] = figure.spec.concat as unknown as { data: { values: { high: number }[] } }[];
    expect(panel.data.values[0].high).toBe(100);
    expect(figure.rows[0].high).toBeGreaterThan(100);
  });

  it("keep a variant's color if others are absent", () => {
    const variants = ["a", "b", "c"].map((id) => ({ id, title: id.toUpperCase() }));
    const figure = curveFigure([row(1, { variant: "c" })], { id: "f", title: "F", variants });
    expect(JSON.stringify(figure.spec)).toContain(`"domain":["C"],"range":["${palette[2]}"]`);
  });

  it("show a reference even if all values are far above it", () => {
    const metrics = [{ id: "loss", title: "Loss", references: [{ value: 1.46115, label: "floor" }] }];
    const figure = curveFigure([row(2), row(2.2, { x: 2 })], { id: "f", title: "F", metrics });
    const domain = /"type":"linear","domain":\[([\d.]+)/.exec(JSON.stringify(figure.spec));
    expect(Number(domain?.[1])).toBeLessThan(1.46115);
  });
});

describe("violins", () => {
  const value = (layer: string, seed: number, number: number) => ({
    variant: "a",
    seed,
    layer,
    metric: "scale",
    value: number,
  });

  it("are drawn only for layers with a spread; one value per seed and equal values become ticks", () => {
    const rows = [0, 1, 2].flatMap((seed) => [
      value("one", seed, 1 + seed / 10),
      ...[0, 1, 2, 3].map((channel) => value("equal", seed, 1 + 0 * channel)),
      ...[0, 1, 2, 3].map((channel) => value("spread", seed, 1 + channel * 0.1 + seed * 0.01)),
    ]);
    const figure = violinFigure(rows, { id: "f", title: "F" });
    const [panel] = figure.spec.vconcat as unknown as {
      layer: { mark: { type: string }; data: { values: { place: number }[] } }[];
    }[];
    const outline = panel.layer.find(({ mark }) => mark.type === "area");
    expect(new Set(outline?.data.values.map(({ place }) => place))).toEqual(new Set([2]));
    // Three single values, one for all equal ones, three quartiles.
    expect(panel.layer.at(-1)?.data.values).toHaveLength(3 + 1 + 3);
  });
});

/** The data of every layer of a panel. */
function valuesOf(panel: unknown): Record<string, unknown>[][] {
  return (panel as { layer: { data: { values: Record<string, unknown>[] } }[] }).layer.map(({ data }) => data.values);
}

describe("bars", () => {
  const bar = (layer: string, value: number, part = "Conv") => ({ layer, metric: "macs", part, value });

  it("without data are counted in words", () => {
    const figure = barFigure([bar("a", 3), bar("b", 0), bar("c", 0)], { id: "f", title: "F" });
    expect(figure.caption).toBe("Not drawn: 2 layers with only zero quantities.");
    const [drawn] = valuesOf((figure.spec.hconcat as unknown[])[0]);
    expect(drawn).toEqual([{ layer: "a", part: "Conv", value: 3, order: 0 }]);
  });

  it("beyond the limit are summed in a last bar, and nothing is lost", () => {
    const rows = [5, 1, 9, 2, 7].map((value, i) => bar(`layer${i}`, value));
    const figure = barFigure(rows, { id: "f", title: "F", most: 4 });
    const [drawn] = valuesOf((figure.spec.hconcat as unknown[])[0]);
    expect(drawn.map(({ layer, value }) => [layer, value])).toEqual([
      ["layer0", 5],
      ["layer2", 9],
      ["layer4", 7],
      ["2 other layers", 3],
    ]);
    expect(figure.caption).toContain("The last bar is the sum of 2 other layers");
    expect(figure.rows).toHaveLength(5);
  });

  it("have no more colors than the palette; the smallest parts are merged", () => {
    const rows = Array.from({ length: 10 }, (_, i) => bar(`layer${i}`, 10 - i, `kind${i}`));
    const figure = barFigure(rows, { id: "f", title: "F" });
    const [drawn] = valuesOf((figure.spec.hconcat as unknown[])[0]);
    expect(new Set(drawn.map(({ part }) => part)).size).toBe(palette.length);
    expect(drawn.filter(({ part }) => part === "other").map(({ value }) => value)).toEqual([3, 2, 1]);
  });
});

describe("scatters", () => {
  const axes = { x: { title: "x" }, y: { title: "y" } };

  it("leave out values that a logarithmic axis cannot show, and say so", () => {
    const rows = [
      { name: "a", x: 1, y: 10 },
      { name: "b", x: 0, y: 10 },
    ];
    const figure = scatterFigure(rows, { id: "f", title: "F", ...axes });
    expect(figure.caption).toBe("Left out: 1 value (zero or below, on a logarithmic axis; b: 1).");
    expect(figure.rows).toEqual(rows);
  });

  it("write the names of close points at different positions", () => {
    const rows = ["one", "two", "three"].map((name, i) => ({ name, x: 100 + i, y: 100 + i }));
    const { spec } = scatterFigure([...rows, { name: "far", x: 1e4, y: 1e4 }], { id: "f", title: "F", ...axes });
    const marks = (spec.layer as unknown as { mark: { text?: string; dx?: number; dy?: number } }[]).map(
      ({ mark }) => mark,
    );
    const places = marks
      .filter(({ text }) => rows.some(({ name }) => name === text))
      .map(({ dx, dy }) => `${dx} ${dy}`);
    expect(new Set(places).size).toBe(3);
  });
});
