// Ends a full run if one case takes minutes, because an endless loop cannot be stopped from its own thread.
import { Worker } from "node:worker_threads";
import { isFull } from "./series.js";

const patienceSeconds = 120;
const beats = new BigInt64Array(new SharedArrayBuffer(8));

// It kills the process; the runner then names the file, and the output above names the seed and number of the case.
const source = `
const { workerData: { beats, patienceSeconds } } = require("node:worker_threads");
let [last, still] = [0n, 0];
setInterval(() => {
  const now = Atomics.load(beats, 0);
  still = now === last ? still + 1 : 0;
  last = now;
  if (now === 0n || still < patienceSeconds) return;
  require("node:fs").writeSync(2, "fuzzing: input " + now + " of this file does not end\\n");
  process.kill(process.pid, "SIGKILL");
}, 1000);
`;

if (isFull) new Worker(source, { eval: true, workerData: { beats, patienceSeconds } }).unref();

/** Reports the start of the next case. */
export function beat(): void {
  Atomics.add(beats, 0, 1n);
}
