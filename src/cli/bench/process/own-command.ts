// Command lines that run a file of this program in a separate process, compiled or from TypeScript source.
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Assignment } from "../workloads/workload.js";
import type { ChildCommand } from "./child.js";

const fromSource = import.meta.url.endsWith(".ts");

/** Whether this program runs from TypeScript source, where start-up times mean nothing. */
export const isFromSource: boolean = fromSource;

/** The command line of a module of ours, given without its extension: `./own-process`, `../../main`. */
export function ownCommand(module: string, flags: readonly string[] = []): string[] {
  const file = fileURLToPath(new URL(`${module}${fromSource ? ".ts" : ".js"}`, import.meta.url));
  const loader = fromSource ? ["--import", sourceLoader()] : [];
  return [process.execPath, ...flags, ...loader, file];
}

function sourceLoader(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
}

/** The process of our side. */
export function ownProcess(assignment: Assignment, flags: readonly string[] = []): ChildCommand {
  return { name: "trainscope", command: [...ownCommand("./own-process", flags), JSON.stringify(assignment)] };
}
