// The command line in a separate process, as a user starts it, for tests that kill or interrupt it or close its pipe.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

const offline = "data:text/javascript,globalThis.fetch=()=>Promise.reject(new TypeError('no network in tests'))";
/** Compiled by compile-sources.ts before the tests. */
const main = join(process.env.TRAINSCOPE_TEST_BUILD ?? "missing: run under vitest", "cli/main.js");

export interface CliProcess {
  readonly child: ChildProcess;
  /** Its output so far. */
  readonly said: { out: string; err: string };
  /** Resolves when stdout or stderr matches; rejects if the process ends before. */
  until(pattern: RegExp): Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** Starts `trainscope <line>` with its own store, without network and data sets, so that it uses the sample. */
export function startCli(line: string, home: string): CliProcess {
  const child = spawn(process.execPath, ["--import", offline, main, ...line.split(" ")], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home, TRAINSCOPE_HOME: home, TRAINSCOPE_DATA: "", CI: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { out: "", err: "" };
  const waiting = new Set<() => void>();
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    said.out += text;
    for (const look of waiting) look();
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said.err += text;
    for (const look of waiting) look();
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  const until = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!pattern.test(said.out) && !pattern.test(said.err)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
      void ended.then(() => reject(new Error(`ended before ${pattern}: ${said.out.slice(-500)}${said.err}`)));
    });
  return { child, said, until, ended };
}

/** Runs a command to its end. */
export async function runProcess(
  line: string,
  home: string,
): Promise<{ code: number | null; out: string; err: string }> {
  const started = startCli(line, home);
  const { code } = await started.ended;
  return { code, ...started.said };
}

/** The JSON lines of `train --json`: every step, and the last line. A truncated line is left out. */
export function jsonLines(text: string): { step?: number; loss?: number | string; final?: Record<string, unknown> }[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}
