import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));

test("the program sets its exit code, uses its streams, and survives a closed pipe", { timeout: 30_000 }, async () => {
  const home = await mkdtemp(join(tmpdir(), "trainscope-main-"));
  const start = (...words: string[]) =>
    spawn(process.execPath, ["--import", "tsx", main, ...words], { env: { ...process.env, TRAINSCOPE_HOME: home } });
  const unknown = start("runz", "--json");
  let [out, err] = ["", ""];
  unknown.stdout.on("data", (chunk) => {
    out += String(chunk);
  });
  unknown.stderr.on("data", (chunk) => {
    err += String(chunk);
  });
  expect(await once(unknown, "close")).toEqual([2, null]);
  expect(err).toMatch(/^error: trainscope: unknown command "runz"\. Did you mean "runs"\? .*\n$/);
  expect(JSON.parse(out).error.code).toBe("unknown-name");

  // As in `trainscope --help | true`: the pipe is closed before anything is written.
  const ignored = start("--help");
  ignored.stdout.destroy();
  err = "";
  ignored.stderr.on("data", (chunk) => {
    err += String(chunk);
  });
  expect([await once(ignored, "close"), err]).toEqual([[0, null], ""]);
  await rm(home, { recursive: true });
});
