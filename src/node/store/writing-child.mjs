// A process for the tests that keeps writing until it is killed: `writing-child.mjs <home> <trial seed>`.
import { measurementPlan } from "../../study/measurement.js";
import { exampleRun, exampleSeries, exampleTensor, exampleTrial } from "../../study/store/contract/store-examples.js";
import { trialId } from "../../train/spec/trial-spec.js";
import { trainscopePaths } from "../files/paths.js";
import { openRunStore } from "./open-store.js";

const [home, seed] = process.argv.slice(2);
const store = await openRunStore(trainscopePaths({ environment: { TRAINSCOPE_HOME: home } }));
const trial = exampleTrial(Number(seed));
const id = trialId(trial.spec);
const run = await store.createRun(exampleRun);
await store.addTrials(run.id, "main", [trial]);
const lease = await store.leaseTrial(id, measurementPlan());
process.stdout.write(`${lease.kind}\n`);
// Part g has 1000 rows and a tensor of value g: a torn write would show another count, or a tensor that lags behind.
for (let part = 0; lease.kind === "leased"; part++) {
  const series = [exampleSeries(id, new Array(1000).fill(part), { first: 1000 * part })];
  await store.append(lease.token, { through: 1000 * (part + 1), series, tensors: [exampleTensor("w", [part])] });
  // SQLite hands out its lock by luck: a writer without a pause would starve the others.
  await new Promise((resolve) => setTimeout(resolve, 2));
  if (part === 2) process.stdout.write("writing\n");
}
await store.close();
