// The tree keeps its shape: files of a readable size, and tables that list what their folder holds.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const lineLimit = 500;
const functionLimit = 60;
const folderLimit = 20;

/** Files that may be longer, each with the reason. */
const longFiles: Readonly<Record<string, string>> = {
  "src/onnx/file/generated/onnx_pb.ts": "generated from the ONNX schema",
};

/** Functions that may be longer, by `file: name`, each with the reason. */
const longFunctions: Readonly<Record<string, string>> = {
  "src/train/runtime/runtime-contract.ts: runtimeContract": "a test suite: one call for each rule of the contract",
  "src/report/example-report.ts: exampleStudy": "data of the report's tests, one literal",
};

/** Folders that may hold more sources, each with the reason. */
const fullFolders: Readonly<Record<string, string>> = {};

/**
 * Folders in which a member is a file (or a folder with an index), and the table that lists the members.
 * `file`: where the table is, if not in the folder's index. `members`: which entries of the folder are members, if not all. `also`: a table of entries that the table takes in.
 * `isDeep`: members lie in subfolders too, which have no index of their own.
 */
const tables: readonly {
  folder: string;
  table: string;
  file?: string;
  isDeep?: boolean;
  members?: RegExp;
  also?: string;
}[] = [
  { folder: "src/nn/layers", table: "layers", isDeep: true, also: "src/nn/activations.ts" },
  { folder: "src/nn/losses", file: "src/nn/losses.ts", table: "losses", members: /-losses\.ts$/ },
  { folder: "src/nn/models", file: "src/nn/models.ts", table: "models", members: /^(?!model|conv-norm)/ },
  {
    folder: "src/nn/initializers",
    file: "src/nn/initializers.ts",
    table: "initializers",
    members: /^(?!fans|gain|initializer|oracle)/,
  },
  {
    folder: "src/nn/augmentations",
    file: "src/nn/augmentations.ts",
    table: "augmentations",
    members: /^(?!augmentation)/,
  },
  { folder: "src/optim/optimizers", table: "optimizers" },
  {
    folder: "src/optim",
    file: "src/optim/schedules.ts",
    table: "schedules",
    members: /^(?!batch-).*schedules\.ts$/,
  },
  { folder: "src/data/published", table: "datasetTable", members: /^(?!definition|idx-images)/ },
  { folder: "src/studies", table: "studies" },
  { folder: "src/figures", table: "figureKinds", members: /-figure\.ts$/ },
];

function sourceFiles(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(?:ts|mts|mjs|svelte)$/.test(path))
    .map((path) => `${folder}/${path}`);
}

const files = ["src", "test", "bench", "examples", "scripts"].flatMap(sourceFiles);
const read = (path: string): string => readFileSync(join(root, path), "utf8");

test("no file is longer than its limit, and no exception is out of date", () => {
  const long = files.filter((path) => read(path).split("\n").length > lineLimit);
  expect(long.filter((path) => !(path in longFiles))).toEqual([]);
  expect(Object.keys(longFiles).filter((path) => !long.includes(path))).toEqual([]);
});

test("no function is longer than its limit, and no exception is out of date", () => {
  const sources = files.filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts") && !(path in longFiles));
  const long = sources.flatMap((path) => functionsOver(functionLimit, path));
  expect(long.filter((name) => !(name in longFunctions))).toEqual([]);
  expect(Object.keys(longFunctions).filter((name) => !long.includes(name))).toEqual([]);
});

test("no folder holds more sources than a reader keeps in mind, and no exception is out of date", () => {
  const counts = new Map<string, number>();
  for (const path of files.filter((path) => path.startsWith("src/") && !path.endsWith(".test.ts")))
    counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  const full = [...counts].filter(([, count]) => count > folderLimit).map(([folder]) => folder);
  expect(full.filter((folder) => !(folder in fullFolders))).toEqual([]);
  expect(Object.keys(fullFolders).filter((folder) => !full.includes(folder))).toEqual([]);
});

/** `file: name` of every function with more lines than the limit. A class is not a function; its methods are. */
function functionsOver(limit: number, path: string): string[] {
  const source = ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true);
  const long: string[] = [];
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && lineOf(node.end) - lineOf(node.getStart(source)) + 1 > limit) {
      const named = ts.isVariableDeclaration(node.parent) || ts.isPropertyAssignment(node.parent) ? node.parent : node;
      long.push(`${path}: ${named.name?.getText(source) ?? (ts.isConstructorDeclaration(node) ? "constructor" : "?")}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return long;
}

test("every file opens with a sentence that says what it is", () => {
  const opening = /^(?:#!.*\n)?(?:\/\/|\/\*|<!--)/;
  // A test's names are its sentences.
  const bare = files.filter((path) => !path.endsWith(".test.ts") && !opening.test(read(path)));
  expect(bare).toEqual([]);
});

test("file names are kebab-case", () => {
  const named = files.filter((path) => !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z]+)+$/.test(basename(path)));
  expect(named.filter((path) => !(path in longFiles))).toEqual([]);
});

test("no folder is a drawer for everything", () => {
  expect(files.filter((path) => /\/(?:utils?|helpers?|common|misc|manager)(?:\/|\.ts)/.test(path))).toEqual([]);
});

test.each(tables)(
  "the table $table holds what lies in $folder",
  async ({
    folder,
    table,
    file = `${folder}/index.ts`,
    isDeep = false,
    members = isDeep ? /\.ts$/ : /(?:^[^.]+|\.ts)$/,
    also,
  }) => {
    const listed = Object.values(((await load(file))[table] ?? {}) as object);
    const found = new Set<unknown>(also === undefined ? [] : Object.values(await load(also)).flatMap(valuesOf));
    const unlisted: string[] = [];
    for (const name of readdirSync(join(root, folder), { recursive: isDeep, encoding: "utf8" })) {
      if (!members.test(name) || name === "index.ts" || name.endsWith(".test.ts")) continue;
      const exported = Object.values(await load(`${folder}/${name.endsWith(".ts") ? name : `${name}/index.ts`}`));
      if (!exported.some((value) => listed.includes(value))) unlisted.push(name);
      for (const value of exported) found.add(value);
    }
    expect(unlisted, `not in the table of ${file}`).toEqual([]);
    expect(
      listed.filter((value) => !found.has(value)),
      `listed, but not in ${folder}`,
    ).toEqual([]);
    expect(listed.length).toBeGreaterThan(0);
  },
);

const load = async (path: string): Promise<Record<string, unknown>> => import(pathToFileURL(join(root, path)).href);
const valuesOf = (value: unknown): unknown[] =>
  typeof value === "object" && value !== null ? Object.values(value) : [];
