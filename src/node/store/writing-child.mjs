// A process for the tests that keeps writing until it is killed: `writing-child.mjs <home> <trial seed>`.
import { exampleRows, exampleRun, exampleTrial } from "../../study/store/store-contract.js";
import { trialId } from "../../train/spec/trial-spec.js";
import { trainscopePaths } from "../files/paths.js";
import { openRunStore } from "./open-store.js";

const [home, seed] = process.argv.slice(2);
const store = await openRunStore(trainscopePaths({ environment: { TRAINSCOPE_HOME: home } }));
const trial = exampleTrial(Number(seed));
const id = trialId(trial.spec);
const run = await store.createRun(exampleRun);
await store.addTrials(run.id, [trial]);
const lease = await store.leaseTrial(id);
process.stdout.write(`${lease.kind}\n`);
// Generation g replaces everything by 1000 rows of value g: a torn write would show two values or another count.
for (let generation = 0; lease.kind === "leased"; generation++) {
  await store.saveRows(id, exampleRows(id, new Array(1000).fill(generation)), 0);
  // SQLite hands out its lock by luck: a writer without a pause would starve the others.
  await new Promise((resolve) => setTimeout(resolve, 2));
  if (generation === 2) process.stdout.write("writing\n");
}
await store.close();
