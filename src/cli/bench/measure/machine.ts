// The environment of the measurements: processor, cores and versions.
import { availableParallelism, cpus, loadavg } from "node:os";
import { versions } from "../../versions.js";

export interface Machine {
  readonly cpu: string;
  /** Number of cores available to this process. */
  readonly cores: number;
  readonly platform: string;
  /** Load average of the minute before the start; 0 if the system does not report it. */
  readonly load: number;
  readonly versions: Readonly<Record<string, string>>;
}

export function describeMachine(torch: string | undefined): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown processor",
    cores: availableParallelism(),
    platform: `${process.platform} ${process.arch}`,
    load: loadavg()[0],
    versions: { ...versions(), ...(torch === undefined ? {} : { torch }) },
  };
}
