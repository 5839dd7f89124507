// Folders are created with their parents, or refused with the true reason.
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeFolder } from "./make-folder.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "trainscope-folder-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test("parents are created, and an existing folder is accepted", async () => {
  const path = join(root, "a", "b", "c");
  await Promise.all([makeFolder(path), makeFolder(path)]);
  await makeFolder(path);
  expect((await stat(path)).isDirectory()).toBe(true);
});

test("a file in the way is named with the reason", async () => {
  const path = join(root, "file");
  await writeFile(path, "");
  await expect(makeFolder(path)).rejects.toThrow(/file: cannot create because a file has this name \(EEXIST\)/);
  await expect(makeFolder(join(path, "below"))).rejects.toThrow("ENOTDIR");
});

test.runIf(process.platform === "linux")("a file system without folders is refused at once", async () => {
  await expect(makeFolder("/proc/none/such")).rejects.toThrow("ENOENT");
});
