// The machine in words, for run records.
import { cpus, type as osType, release, totalmem } from "node:os";

/** `AMD EPYC, 2 cores, 24 GB, Linux 6.1`. */
export function machineText(): string {
  const [first] = cpus();
  return `${first?.model.trim() ?? "unknown processor"}, ${cpus().length} cores, ${Math.round(totalmem() / 1e9)} GB, ${osType()} ${release()}`;
}
