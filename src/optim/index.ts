// Everything that updates parameters; users write it as `optim.adam(...)`.

// Optimizers: each a function from options to a spec, plain JSON with defaults filled in. `optimizers` is the table of
// all.
export { adadelta } from "./optimizers/adadelta.js";
export { adagrad } from "./optimizers/adagrad.js";
export { adam } from "./optimizers/adam.js";
export { adamW } from "./optimizers/adam-w.js";
export { adamax } from "./optimizers/adamax.js";
export { lion } from "./optimizers/lion.js";
export { nadam } from "./optimizers/nadam.js";
export { radam } from "./optimizers/radam.js";
export { rmsprop } from "./optimizers/rmsprop.js";
export { rmspropNesterov } from "./optimizers/rmsprop-nesterov.js";
export { rprop } from "./optimizers/rprop.js";
export { sgd } from "./optimizers/sgd.js";
export { optimizers } from "./optimizers/index.js";

// Schedules: learning rate and momentum as functions of the step. `schedules` is the table of all; `scheduleFunction`
// returns the function itself.
export { constant, cosine, exponential, multiStep, polynomial, step } from "./decay-schedules.js";
export {
  expRange,
  oneCycle,
  rangeTestExponential,
  rangeTestLinear,
  triangular,
  triangular2,
} from "./cyclic-schedules.js";
export { reduceOnPlateau } from "./plateau-schedules.js";
export type { MeasuredEpoch, ScheduleContext, ScheduleFunction, ScheduleValue } from "./schedule.js";
export { scheduleFunction, schedules, warmUp } from "./schedules.js";

// Batch sizes as functions of the epoch. `batchSchedules` is the table of all.
export {
  type BatchContext,
  batchSchedules,
  batchSizeFunction,
  constantBatch,
  cyclicalBatch,
  growingBatch,
  milestoneBatch,
} from "./batch-schedules.js";
