// The documents stay true: links lead somewhere, files and commands exist, options and examples are those of the program.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command, Option } from "commander";
import { describe, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { documentedNames } from "../../scripts/document-names.js";
import { documented } from "../../scripts/document-options.js";
import type { CommandContext } from "../../src/cli/command-context.js";
import { commands } from "../../src/cli/commands.js";
import { TrainscopeCommand } from "../../src/cli/trainscope-command.js";
import { exitCodes } from "../../src/core/errors.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const documents = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench/README.md", "samples/README.md"],
  ...["samples/mnist/README.md", "tools/onnx/README.md", "tools/oracle/README.md", "src/onnx/recover/README.md"],
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => `docs/${path.replaceAll("\\", "/")}`),
];

/** The name under which a heading is linked to. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, "")
    .trim()
    .replace(/\s/g, "-");
const anchorsOf = (path: string): string[] => [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, text]) => anchorOf(text));

describe.each(documents)("%s", (path) => {
  test("links lead to files and headings that exist", () => {
    const targets = [...read(path).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target)
      .filter((target) => !/^https?:/.test(target));
    const broken = targets.filter((target) => {
      const [file, anchor] = target.split("#");
      const found = file === "" ? path : normalize(join(dirname(path), file));
      if (!existsSync(join(root, found))) return true;
      return anchor !== undefined && !anchorsOf(found).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test("files that it names exist", () => {
    const named = [...read(path).matchAll(/`((?:src|test|docs|bench|examples|scripts|tools|samples)\/[^`\s]*)`/g)];
    const missing = named
      .map(([, file]) => file)
      .filter((file) => !(file.includes("*") ? glob(file).length > 0 : existsSync(join(root, file))));
    expect(missing).toEqual([]);
  });

  test("commands that it shows exist, with their options", async () => {
    const unknown: string[] = [];
    for (const line of commandLines(read(path))) unknown.push(...(await faultsOf(line)));
    expect(unknown).toEqual([]);
  });
});

function glob(pattern: string): string[] {
  const folder = dirname(pattern);
  const name = new RegExp(
    `^${pattern
      .slice(folder.length + 1)
      .replaceAll(".", "\\.")
      .replaceAll("*", ".*")}$`,
  );
  return existsSync(join(root, folder)) ? readdirSync(join(root, folder)).filter((file) => name.test(file)) : [];
}

/** What a reader might type: inline code and lines of code blocks that begin with one of our programs. */
function commandLines(text: string): string[] {
  const inline = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code);
  const lines = text.split("\n").map((line) => line.replace(/#.*$/, "").trim());
  return [...inline, ...lines].filter((code) => /^(?:npm run|npx|node|bash|trainscope) \S/.test(code));
}

/** What of a command line does not exist. Parts in <angle brackets> stand for anything. */
async function faultsOf(line: string): Promise<string[]> {
  const words = line.replace(/\s*\[.*$/, "").split(/\s+/);
  if (words[0] === "npm") return words[2] in manifest.scripts ? [] : [line];
  const file = words.slice(1).find((word) => /\.(?:ts|mjs|js|py)$|^\.ci\/run$/.test(word));
  if (file !== undefined && !file.startsWith("dist/") && !existsSync(join(root, file))) return [line];
  const start = words.findIndex((word) => word === "trainscope" || word.endsWith("cli/main.ts"));
  const rest = start === -1 ? [] : words.slice(start + 1);
  if (rest.length === 0 || rest[0].startsWith("<") || rest[0].startsWith("-")) return [];
  const known = (await commandTable()).filter(({ path }) => path.split(" ").every((word, i) => word === rest[i]));
  if (known.length === 0) return [line];
  const flags = known.flatMap(({ options }) => options.flatMap(({ long }) => long ?? []));
  return rest.filter((word) => word.startsWith("--") && word !== "--help" && !flags.includes(word.replace(/=.*/, "")));
}

interface DocumentedCommand {
  /** `study run` */
  readonly path: string;
  readonly options: readonly Option[];
}

/** Every command that does something, with its options. */
async function commandTable(): Promise<DocumentedCommand[]> {
  const table: DocumentedCommand[] = [];
  for (const { name, load } of commands) {
    const command = new TrainscopeCommand(name);
    (await load())(command, {} as CommandContext);
    const visit = (current: Command, path: string): void => {
      if (current.commands.length === 0)
        table.push({ path, options: current.options.filter(({ long }) => long !== "--help") });
      for (const child of current.commands) visit(child, `${path} ${child.name()}`);
    };
    visit(command, name);
  }
  return table;
}

describe("docs/command-line.md", () => {
  const sections = read("docs/command-line.md").split(/^## /m).slice(1);
  const bodyOf = (path: string): string => sections.find((section) => section.startsWith(`${path}\n`)) ?? "";
  const rowsOf = (text: string): string[][] =>
    [...text.matchAll(/^\| `(--[^`]*)` \|(.*)\|$/gm)].map(([, flags, rest]) => [
      flags,
      ...rest.split(" | ").map((cell) => cell.trim()),
    ]);

  test("has a section for every command, and for nothing else", async () => {
    const titles = sections.map((section) => section.split("\n")[0]).filter((title) => /^[a-z]/.test(title));
    expect(titles).toEqual((await commandTable()).map(({ path }) => path));
  });

  test("lists the options of every command, in order", async () => {
    for (const { path, options } of await commandTable()) {
      const listed = options.filter(({ hidden }) => !hidden).map(({ flags }) => flags);
      expect([path, ...rowsOf(bodyOf(path)).map(([flags]) => flags)]).toEqual([path, ...listed]);
    }
  });

  test("has the table of train that npm run docs makes", async () => {
    const text = read("docs/command-line.md");
    expect(text).toBe(await documented(text));
  });

  test("docs/names.md has the tables that npm run docs makes", () => {
    const text = read("docs/names.md");
    expect(text).toBe(documentedNames(text));
  });

  test("gives the defaults that commander knows", async () => {
    for (const { path, options } of await commandTable()) {
      const rows = rowsOf(bodyOf(path));
      for (const [i, { flags, defaultValue, defaultValueDescription }] of options
        .filter(({ hidden }) => !hidden)
        .entries()) {
        if (defaultValue !== undefined)
          expect(rows[i], `${path} ${flags}`).toContain(`${defaultValueDescription ?? defaultValue}`);
      }
    }
  });

  test("lists every exit code", () => {
    const codes = [...bodyOf("Exit codes").matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
    expect(codes).toEqual(Object.values(exitCodes));
  });
});

test("the library example of the README is the file that is tested", () => {
  const [, block] = /```ts\n([\s\S]*?)```/.exec(read("README.md")) ?? [];
  expect(block).toBe(read("examples/train-a-network.ts").replace(/^\/\/.*\n/, ""));
});
