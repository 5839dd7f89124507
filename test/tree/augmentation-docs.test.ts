// docs/data.md says what the table of augmentations says: all of them, with their options and defaults.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { augmentations } from "../../src/nn/augmentations.js";

const text = readFileSync(new URL("../../docs/data.md", import.meta.url), "utf8");
const section = text.split(/^## /m).find((part) => part.startsWith("Augmentation\n")) ?? "";
const rows = [...section.matchAll(/^\| `([\w.]+)` \|(.*)\|$/gm)].map(([, name, rest]) => [
  name,
  ...rest.split("|").map((cell) => cell.trim()),
]);

test("lists all augmentations, in order, with what they do", () => {
  const expected = Object.entries(augmentations).map(([kind, { about }]) => [kind, about]);
  expect(rows.filter(([name]) => !name.includes("."))).toEqual(expected);
});

test("lists their options with defaults and meanings", () => {
  const expected = Object.entries(augmentations).flatMap(([kind, definition]) => {
    const presets: Readonly<Record<string, unknown>> = definition();
    return Object.entries(definition.options.shape).map(([option, schema]) => [
      `${kind}.${option}`,
      String(presets[option]),
      schema.description,
    ]);
  });
  expect(rows.filter(([name]) => name.includes("."))).toEqual(expected);
});
