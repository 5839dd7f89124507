// Everything that moves parameters; users write it as `optim.adam(...)`.

// Optimizers: each a function from options to a spec, plain JSON with defaults filled in. `optimizers` is the table of all.
export { adam } from "./optimizers/adam.js";
export { sgd } from "./optimizers/sgd.js";
export { optimizers } from "./optimizers/index.js";

// Schedules: the learning rate as a function of the step. `schedules` is the table of all.
export { constant, schedules, step } from "./schedules.js";
