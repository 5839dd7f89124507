// The public entry point: host-free.
export { TrainscopeError } from "./core/errors.js";
