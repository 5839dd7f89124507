// Writes the tables of docs/names.md, names of PyTorch and Keras beside ours, from the definitions: `npm run docs`.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { z } from "zod";
import type { DefinitionTable } from "../src/core/definition.js";
import { aliasParts, optionNames } from "../src/core/names.js";
import { augmentations } from "../src/nn/augmentations.js";
import { initializers } from "../src/nn/initializers.js";
import { layers } from "../src/nn/layers/index.js";
import { losses } from "../src/nn/losses.js";
import { models } from "../src/nn/models.js";
import { optimizers } from "../src/optim/optimizers/index.js";
import { schedules } from "../src/optim/schedules.js";

const file = new URL("../docs/names.md", import.meta.url);
const [begin, end] = ["<!-- names, made by npm run docs -->", "<!-- end of names -->"];

const families: readonly (readonly [string, DefinitionTable])[] = [
  ["Layers", layers],
  ["Losses", losses],
  ["Optimizers", optimizers],
  ["Schedules", schedules],
  ["Initializers", initializers],
  ["Models", models],
  ["Augmentations", augmentations],
];

const code = (text: string): string => `\`${text}\``;

/** `OneCycleLR` (`cycleMomentum` true) */
function aliasText(alias: Parameters<typeof aliasParts>[0]): string {
  const { name, options } = aliasParts(alias);
  const brought = Object.entries(options).map(([option, value]) => `${code(option)} ${JSON.stringify(value)}`);
  return brought.length === 0 ? code(name) : `${code(name)} (${brought.join(", ")})`;
}

/** `eps` for `epsilon`; of values, `cos` for `"cosine"`. */
function optionText([option, schema]: [string, z.ZodType]): string[] {
  const { aliases = [], values = {} } = optionNames(schema);
  const others = Object.entries(values).map(
    ([value, names]) => `${names.map(code).join(", ")} for ${code(`"${value}"`)}`,
  );
  return [...(aliases.length === 0 ? [] : [`${aliases.map(code).join(", ")} for ${code(option)}`]), ...others];
}

function familyText(title: string, table: DefinitionTable): string {
  const rows = Object.entries(table).flatMap(([kind, { aliases = [], differs = {}, options }]) => {
    const named = Object.entries(options.shape as Readonly<Record<string, z.ZodType>>).flatMap(optionText);
    const notes = Object.entries(differs).map(([library, text]) => `${library}: ${text}`);
    if (aliases.length + named.length + notes.length === 0) return [];
    return [`| ${code(kind)} | ${aliases.map(aliasText).join(", ")} | ${named.join("; ")} | ${notes.join(". ")} |`];
  });
  const refused = Object.values(table).flatMap(({ lookalikes = {} }) =>
    Object.entries(lookalikes).map(([name, remedy]) => `- ${code(name)}: ${remedy}.`),
  );
  const head = ["| ours | also | options | elsewhere different |", "|---|---|---|---|"];
  const list = refused.length === 0 ? [] : ["", "Refused, with these words:", "", ...refused];
  return [`## ${title}`, "", ...head, ...rows, ...list].join("\n").replace(/ {2,}\|/g, " |");
}

/** The document with the tables in it. */
export function documentedNames(text: string): string {
  const tables = families.map(([title, table]) => familyText(title, table)).join("\n\n");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error("the marks of the tables are gone");
  return `${text.slice(0, from + begin.length)}\n\n${tables}\n\n${text.slice(to)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(file, documentedNames(readFileSync(file, "utf8")));
}
