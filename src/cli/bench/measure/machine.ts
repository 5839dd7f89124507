// What the figures depend on: processor, cores and versions.
import { availableParallelism, cpus, loadavg } from "node:os";
import { versions } from "../../versions.js";

export interface Machine {
  readonly cpu: string;
  /** That this process may use. */
  readonly cores: number;
  readonly platform: string;
  /** Processes that wanted to run during the last minute before the start; 0 where the system does not tell. */
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
