// Every reader that takes a path turns damaged, missing and misplaced files into a value or a TrainscopeError.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ModelProtoSchema } from "../../src/onnx/file/generated/onnx_pb.js";
import { type FolderTarget, folderTargets } from "./folder-targets.js";
import { type Damage, damagedBytes, damagedJson, damages, damageTree } from "./mutations.js";
import { checkWork } from "./reading.js";
import { runs, seed, timeout } from "./series.js";

const choice = fc.nat({ max: 0xffff });

/** Damages bytes, or the decoded content of the file. */
function damagedFile({ files, form }: FolderTarget, name: string, list: Damage[], second: number): Uint8Array {
  const bytes = files[name];
  const others = Object.values(files);
  if (second % 2 === 0) {
    if (form === "json") return new TextEncoder().encode(damagedJson(JSON.parse(Buffer.from(bytes).toString()), list));
    if (form === "onnx" && name.endsWith(".onnx")) return damagedModel(bytes, list);
  }
  return damagedBytes(bytes, list, others[second % others.length]);
}

function damagedModel(bytes: Uint8Array, list: Damage[]): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  // This target is about external values, so half of the damage goes to their locations.
  const tensors = model.graph?.initializer.map(({ externalData }) => externalData) ?? [];
  damageTree(list[0].value % 2 === 0 ? tensors : model, list);
  try {
    return toBinary(ModelProtoSchema, create(ModelProtoSchema, model as object));
  } catch {
    // No file can hold it.
    return bytes;
  }
}

describe.each(folderTargets)("$name", (target) => {
  const names = Object.keys(target.files);
  const work = (folder: string) => checkWork(() => target.read(folder), target.allowedBytes ?? 64_000_000);
  let root: string;
  let folder: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "trainscope-fuzz-"));
    folder = join(root, "folder");
    writeFileSync(join(root, "outside"), "not for you");
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  function restore(): void {
    rmSync(folder, { recursive: true, force: true });
    for (const name of names) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), target.files[name]);
    }
  }

  it(
    "takes damaged files",
    async () => {
      restore();
      expect(await work(folder)).toBe("done");
      let refused = 0;
      const property = fc.asyncProperty(choice, choice, damages, async (which, second, list: Damage[]) => {
        const name = names[which % names.length];
        restore();
        writeFileSync(join(folder, name), damagedFile(target, name, list, second));
        if ((await work(folder)) === "refused") refused++;
      });
      await fc.assert(property, { seed, numRuns: runs(150) });
      expect(refused).toBeGreaterThan(runs(15));
    },
    timeout,
  );

  it.each<[string, (path: string) => void]>([
    ["nothing", () => {}],
    ["a folder", (path) => mkdirSync(path)],
    ["an empty file", (path) => writeFileSync(path, "")],
    ["a link to itself", (path) => symlinkSync(path, path)],
    ["a link to a device", (path) => symlinkSync("/dev/zero", path)],
    ["a link to a file elsewhere", (path) => symlinkSync(join(root, "outside"), path)],
    ["a link to a folder", (path) => symlinkSync(root, path)],
  ])("takes %s in the place of a file", async (what, put) => {
    for (const name of names) {
      restore();
      rmSync(join(folder, name));
      put(join(folder, name));
      const outcome = await work(folder);
      // Every missing or empty file is an error, except for a store, which is then created.
      if (what !== "nothing") expect([name, outcome]).toEqual([name, name.endsWith(".sqlite") ? outcome : "refused"]);
    }
  });
});
