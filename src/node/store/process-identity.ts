// The identity of a process, which distinguishes it from a later process with the same number.
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { isProcessAlive } from "../files/process-alive.js";

export interface ProcessIdentity {
  /** Machine, boot and PID namespace, since process numbers of two containers must not be compared. */
  readonly host: string;
  readonly pid: number;
  /** Start time of the process in the system's unit; null if the system does not report it. */
  readonly start: string | null;
}

/** `unknown`: it runs on another machine, or the system does not report start times. */
export type Liveness = "alive" | "dead" | "unknown";

export function currentProcess(): ProcessIdentity {
  return { host: hostIdentity(), pid: process.pid, start: processStart(process.pid) };
}

/** Whether a process is alive, seen from `self`. */
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

/** Field 22 of `/proc/<pid>/stat` (proc(5)): clock ticks from boot to start, independent of clock changes. */
function processStart(pid: number): string | null {
  const text = readOrEmpty(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The name in field 2 may contain spaces and parentheses, so fields are counted after the last parenthesis.
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
