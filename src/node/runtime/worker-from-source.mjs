// Starts worker.ts when the program runs from source; not part of the package.
import { register } from "tsx/esm/api";

register();
await import("./worker.ts");
