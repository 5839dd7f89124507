// What somebody should hear whose training compares epochs, where no split is held out for that.
import { monitoredBy } from "../../optim/schedules.js";
import type { Trial } from "../../train/trial/trial.js";
import type { TrainCommandOptions } from "./options.js";

/** Undefined where a validation split is there for the choice, or nothing is chosen. */
export function comparisonRemark(
  { stop, keep, schedule }: Pick<TrainCommandOptions, "stop" | "keep" | "schedule">,
  everyEpoch: Trial["everyEpoch"],
): string | undefined {
  if (everyEpoch === "validation") return undefined;
  const isComparing = stop?.kind === "noImprovement" || keep !== undefined || isWatching(schedule);
  if (!isComparing) return undefined;
  return everyEpoch === undefined
    ? "epochs are compared by the training split, since no examples are held out; see --validation-split"
    : "epochs are compared by the test split, whose numbers are then too good; --validation-split holds examples out for that";
}

const isWatching = (schedule: TrainCommandOptions["schedule"] | undefined): boolean =>
  schedule !== undefined && monitoredBy(schedule) !== undefined;
