// Writes the option table of `train` in docs/command-line.md from the command itself: `npm run docs`.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Option } from "commander";
import type { CommandContext } from "../src/cli/command-context.js";
import { commands } from "../src/cli/commands.js";
import { TrainscopeCommand } from "../src/cli/trainscope-command.js";

const file = new URL("../docs/command-line.md", import.meta.url);
const [begin, end] = ["<!-- options of train, made by npm run docs -->", "<!-- end of options -->"];

/** A description may end in its default: `(default: 10)`. */
const defaultInText = /\s*\(default: ([^()]*)\)$/;

function row({ flags, description, mandatory, defaultValue, defaultValueDescription }: Option): string {
  const shown = defaultValueDescription ?? (defaultValue === undefined ? undefined : String(defaultValue));
  const preset = shown ?? defaultInText.exec(description)?.[1] ?? "";
  const about = `${description.replace(defaultInText, "")}${mandatory ? "; required" : ""}`;
  return `| \`${flags}\` | ${about.replaceAll("|", "\\|")} | ${preset}${preset === "" ? "" : " "}|`;
}

/** The document with the generated table. */
export async function documented(text: string): Promise<string> {
  const command = new TrainscopeCommand("train");
  const entry = commands.find(({ name }) => name === "train");
  (await entry?.load())?.(command, {} as CommandContext);
  // Every command has --help; hidden flags are other names of those that are listed.
  const listed = command.options.filter(({ long, hidden }) => !hidden && long !== "--help");
  const table = ["| option | does | default |", "|---|---|---|", ...listed.map(row)].join("\n");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error("the markers of the table are missing");
  return `${text.slice(0, from + begin.length)}\n\n${table}\n\n${text.slice(to)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(file, await documented(readFileSync(file, "utf8")));
}
