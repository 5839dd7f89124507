// The unfinished file of a download has one writer and survives killed processes.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { claimPart } from "./part-file.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trainscope-part-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the part of a download", () => {
  it("belongs to the first claimant; a second one gets its own file, which is not kept", async () => {
    const first = await claimPart(folder, "a.gz");
    const second = await claimPart(folder, "a.gz");
    expect(first.path).toBe(join(folder, "a.gz.part"));
    expect(second.path).not.toBe(first.path);
    for (const { path } of [first, second]) writeFileSync(path, "bytes");
    await second.release({ keep: true });
    await first.release({ keep: true });
    expect(readdirSync(folder)).toEqual(["a.gz.part"]);
  });

  it("is taken over from a killed process", async () => {
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    writeFileSync(join(folder, "a.gz.part"), "bytes");
    writeFileSync(join(folder, "a.gz.part.lock"), `${dead}`);
    const part = await claimPart(folder, "a.gz");
    expect(part.path).toBe(join(folder, "a.gz.part"));
    await part.release({ keep: false });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is not kept if it is empty", async () => {
    const part = await claimPart(folder, "a.gz");
    writeFileSync(part.path, "");
    await part.release({ keep: true });
    expect(existsSync(part.path)).toBe(false);
  });
});
