import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { trainscopePaths } from "../files/paths.js";
import { checkpointFiles } from "./checkpoint-files.js";

test("a checkpoint is found until it is removed, and errors name the file", async () => {
  const home = await mkdtemp(join(tmpdir(), "trainscope-checkpoints-"));
  const paths = trainscopePaths({ environment: { TRAINSCOPE_HOME: home } });
  const files = checkpointFiles(paths);
  await expect(files.write("0123abcd", new Uint8Array(1))).rejects.toMatchObject({ exitCode: 3 });
  await mkdir(join(paths.checkpoints, "89abcdef.safetensors"), { recursive: true });
  await files.write("0123abcd", new Uint8Array([1, 2]));
  await files.write("0123abcd", new Uint8Array([3]));
  const found = await files.read("0123abcd");
  expect([found?.where, [...(found?.bytes ?? [])]]).toEqual([join(paths.checkpoints, "0123abcd.safetensors"), [3]]);
  await expect(files.read("89abcdef")).rejects.toThrow(
    "89abcdef.safetensors: cannot read because it is a folder (EISDIR)",
  );
  await files.remove("0123abcd");
  await files.remove("0123abcd");
  expect([await files.read("0123abcd"), await readdir(paths.checkpoints)]).toEqual([
    undefined,
    ["89abcdef.safetensors"],
  ]);
  await rm(home, { recursive: true });
});
