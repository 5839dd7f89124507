// docs/layers.md says what the tables of layers and losses say: all of them, and their options with defaults.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { z } from "zod";
import { layers } from "../../src/nn/layers/index.js";
import { losses } from "../../src/nn/losses.js";

type Table = Readonly<Record<string, { readonly about: string; readonly options: z.ZodObject }>>;

/** Sections by title, at one level of headings, each with what stands below it. */
const sectionsOf = (text: string, mark: string): ReadonlyMap<string, string> =>
  new Map(
    text
      .split(new RegExp(`^${mark} `, "m"))
      .slice(1)
      .map((section) => [section.split("\n")[0], section]),
  );
const rowsOf = (text = ""): string[][] =>
  [...text.matchAll(/^\| (`\w+` .*)\|$/gm)].map(([, row]) =>
    row.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|").replaceAll("`", "")),
  );

const chapters = sectionsOf(readFileSync(new URL("../../docs/layers.md", import.meta.url), "utf8"), "##");

/** What an option is where it is not given. */
function presetText(schema: z.ZodType): string {
  const { success, data } = schema.safeParse(undefined);
  if (!success) return "required";
  if (data === undefined) return "none";
  return typeof data === "object" ? JSON.stringify(data) : String(data);
}

const families: readonly (readonly [string, Table])[] = [
  ["layers", layers],
  ["losses", losses],
];

test.each(families)("lists all %s, in order, with what they are", (name, table) => {
  const rows = rowsOf(chapters.get(`All ${name}`)).map(([kind, about]) => [kind, about]);
  expect(rows).toEqual(Object.entries(table).map(([kind, { about }]) => [kind, about]));
});

test.each(families)("has the options of all %s with their defaults, and of none that does not exist", (name, table) => {
  const found: Record<string, string[][]> = {};
  for (const [title, section] of sectionsOf(chapters.get(`Options of ${name}`) ?? "", "###"))
    for (const kind of title.split(", ")) found[kind] = rowsOf(section);
  const expected = Object.entries(table).map(([kind, { options }]): [string, string[][]] => [
    kind,
    Object.entries(options.shape as Readonly<Record<string, z.ZodType>>).map(([option, schema]) => [
      option,
      presetText(schema),
      schema.description ?? "",
    ]),
  ]);
  expect(found).toEqual(Object.fromEntries(expected.filter(([, options]) => options.length > 0)));
  expect(expected.flatMap(([, options]) => options).filter(([, , does]) => does === "")).toEqual([]);
});
