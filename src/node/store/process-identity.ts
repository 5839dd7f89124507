// Who holds something: a process of a machine, told apart from a later process with the same number.
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { isProcessAlive } from "../files/process-alive.js";

export interface ProcessIdentity {
  /** Machine, boot and process-number space: numbers of two containers must not be compared. */
  readonly host: string;
  readonly pid: number;
  /** When the process started, in the unit of the system; null where the system does not say. */
  readonly start: string | null;
}

/** `unknown`: it runs on another machine, or the system does not say when processes started. */
export type Liveness = "alive" | "dead" | "unknown";

export function currentProcess(): ProcessIdentity {
  return { host: hostIdentity(), pid: process.pid, start: processStart(process.pid) };
}

/** Whether a process is alive, as far as `self` can tell. */
export function livenessOf(other: ProcessIdentity, self: ProcessIdentity): Liveness {
  if (other.host !== self.host) return "unknown";
  if (!isProcessAlive(other.pid)) return "dead";
  const start = processStart(other.pid);
  if (start === null || other.start === null) return other.pid === self.pid ? "alive" : "unknown";
  return start === other.start ? "alive" : "dead";
}

function hostIdentity(): string {
  const boot = readOrEmpty(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
  const space = readOrEmpty(() => readlinkSync("/proc/self/ns/pid"));
  return [hostname(), boot, space].filter((part) => part !== "").join(" ");
}

/** Field 22 of `/proc/<pid>/stat` (proc(5)): clock ticks from boot to start, which no clock change can move. */
function processStart(pid: number): string | null {
  const text = readOrEmpty(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The name in field 2 may hold spaces and parentheses, so count from the last one.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return text === "" ? null : (fields[19] ?? null);
}

function readOrEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
