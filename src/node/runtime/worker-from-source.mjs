// Starts worker.ts when the program runs from source; not part of the package.
import { pathToFileURL } from "node:url";

// Tests compile the sources once; tsx would compile them in every worker.
const compiled = process.env.TRAINSCOPE_TEST_BUILD;
if (compiled === undefined) {
  const { register } = await import("tsx/esm/api");
  register();
  await import("./worker.ts");
} else {
  await import(pathToFileURL(`${compiled}/node/runtime/worker.js`).href);
}
