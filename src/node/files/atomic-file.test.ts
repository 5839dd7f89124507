import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fileSystemError, removeStaleTemporaryFiles, writeFileAtomic } from "./atomic-file.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "trainscope-atomic-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("writeFileAtomic", () => {
  test("replaces the whole file and leaves no other file", async () => {
    const path = join(folder, "model.onnx");
    await writeFileAtomic(path, "a much longer text than the second one");
    await writeFileAtomic(path, new Uint8Array([1, 2, 3]));
    expect([...(await readFile(path))]).toEqual([1, 2, 3]);
    expect(await readdir(folder)).toEqual(["model.onnx"]);
  });

  test("leaves one complete file after concurrent writes", async () => {
    const path = join(folder, "model.onnx");
    const texts = ["a", "b", "c", "d"].map((letter) => letter.repeat(100_000));
    await Promise.all(texts.map((text) => writeFileAtomic(path, text)));
    expect(texts).toContain(await readFile(path, "utf8"));
    expect(await readdir(folder)).toHaveLength(1);
  });

  test.skipIf(process.platform === "win32")("writes into a pipe without replacing it", async () => {
    const path = join(folder, "pipe");
    execFileSync("mkfifo", [path]);
    const [read] = await Promise.all([readFile(path, "utf8"), writeFileAtomic(path, "weights")]);
    expect(read).toBe("weights");
    expect((await stat(path)).isFIFO()).toBe(true);
    expect(await readdir(folder)).toEqual(["pipe"]);
  });

  test("removes its temporary file if it fails, and names path and remedy", async () => {
    await mkdir(join(folder, "taken", "inside"), { recursive: true });
    await expect(writeFileAtomic(join(folder, "taken"), "x")).rejects.toMatchObject({
      code: "environment",
      exitCode: 3,
    });
    expect(await readdir(folder)).toEqual(["taken"]);
    const missing = await writeFileAtomic(join(folder, "none", "x.onnx"), "x").catch((error: Error) => error.message);
    expect(String(missing).replace(folder, "<folder>")).toMatchInlineSnapshot(
      `"<folder>/none/x.onnx: cannot write because it or its folder does not exist (ENOENT). Create the folder first, or choose another"`,
    );
  });
});

test.each([
  ["ENOSPC", "/d/x: cannot write because the disk is full (ENOSPC). Free some space, or choose another disk"],
  ["EROFS", "/d/x: cannot write because the file system is read-only (EROFS). Choose a folder on another file system"],
  [
    "EACCES",
    "/d/x: cannot write because permission is denied (EACCES). Choose a folder that you may write, or change its permissions",
  ],
  ["EWEIRD", "/d/x: cannot write because odd (EWEIRD)"],
])("%s is reported with one sentence", (code, message) => {
  const error = fileSystemError("/d/x", "write", Object.assign(new Error("odd"), { code }));
  expect(error.message).toBe(message);
  expect(error.exitCode).toBe(3);
});

test("old temporary files of killed processes are removed, and others stay", async () => {
  const dead = ".a.onnx.999999999-00c0ffee.tmp";
  const alive = `.b.onnx.${process.pid}-00c0ffee.tmp`;
  const young = ".c.onnx.999999999-00c0ffee.tmp";
  for (const name of [dead, alive, young, "notes.tmp"]) await writeFile(join(folder, name), "x");
  for (const name of [dead, alive, "notes.tmp"]) await utimes(join(folder, name), 1000, 1000);
  await removeStaleTemporaryFiles(folder);
  expect((await readdir(folder)).sort()).toEqual([alive, young, "notes.tmp"].sort());
});
