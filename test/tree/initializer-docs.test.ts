// docs/initializers.md says what the table of initializers says: all of them, their options, gains and fans.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { calculateGain, gainNames } from "../../src/nn/initializers/gain.js";
import { initializers } from "../../src/nn/initializers.js";

const text = readFileSync(new URL("../../docs/initializers.md", import.meta.url), "utf8");
const sections = new Map(
  text
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.split("\n")[0], section]),
);
const rowsOf = (title: string): string[][] =>
  [...(sections.get(title) ?? "").matchAll(/^\| `(\w+)` \|(.*)\|$/gm)].map(([, name, rest]) => [
    name,
    ...rest.split(/ ?\| ?/).map((cell) => cell.trim()),
  ]);

test("lists all initializers, in order, with what they are", () => {
  const rows = rowsOf("All of them").map(([kind, about]) => [kind, about]);
  expect(rows).toEqual(Object.entries(initializers).map(([kind, { about }]) => [kind, about]));
});

test("has a section for every initializer, and for none that does not exist", () => {
  const general = ["Which one", "Fans and gains", "All of them", "Shared weights"];
  const titles = [...sections.keys()].filter((title) => !general.includes(title));
  expect(titles).toEqual(Object.keys(initializers));
});

test.each(Object.entries(initializers))("has the options of %s with their defaults", (kind, { options }) => {
  const presets = options.parse({}) as Record<string, unknown>;
  const expected = Object.entries(options.shape).map(([option, schema]) => [
    option,
    String(presets[option]),
    schema.description,
  ]);
  expect(rowsOf(kind)).toEqual(expected);
});

test("recommends initializers that exist, with gains as they are", () => {
  const named = rowsOfWhich().flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((name) => !(name in initializers) && !gainNames.some((gain) => gain === name))).toEqual([]);
  const written: Readonly<Record<string, number>> = {
    linear: 1,
    sigmoid: 1,
    tanh: 5 / 3,
    relu: Math.SQRT2,
    selu: 3 / 4,
  };
  for (const name of gainNames) {
    expect(sections.get("Fans and gains")).toContain(`\`${name}\``);
    if (name in written) expect(calculateGain(name)).toBe(written[name]);
  }
});

/** Cells of the second column of the table of recommendations. */
function rowsOfWhich(): string[] {
  const lines = (sections.get("Which one") ?? "").split("\n").filter((line) => line.startsWith("| "));
  return lines.map((line) => line.split("|")[2]);
}
