// A trial's spec in our own names, so that one training has one hash in whatever words it was written.
import { withOwnNames } from "../../core/definition.js";
import { losses } from "../../nn/losses.js";
import { ownModelNames } from "../../nn/own-names.js";
import { batchSchedules } from "../../optim/batch-schedules.js";
import { optimizers } from "../../optim/optimizers/index.js";
import { ownScheduleNames } from "../../optim/schedules.js";
import type { KindSpec, TrialSpec } from "./trial-spec.js";

/**
 * The same trial with every kind and option that PyTorch or Keras calls otherwise under our own name.
 * @throws UnknownNameError | InvalidInputError
 */
export function ownSpecNames(spec: TrialSpec): TrialSpec {
  const { batchSchedule } = spec;
  return {
    ...spec,
    model: ownModelNames(spec.model) as KindSpec,
    loss: withOwnNames("loss", "loss", losses, spec.loss) as KindSpec,
    optimizer: withOwnNames("optimizer", "optimizer", optimizers, spec.optimizer) as KindSpec,
    schedule: ownScheduleNames(spec.schedule) as KindSpec,
    ...(batchSchedule === undefined
      ? {}
      : { batchSchedule: withOwnNames("batchSchedule", "batch schedule", batchSchedules, batchSchedule) as KindSpec }),
  };
}
