// A queue instead of the local executor: workers on other hosts get jobs as JSON and send back copies, over the same port.
import { expect, test } from "vitest";
import { loadedData } from "../../src/data/resolver.js";
import { nodeRuntime } from "../../src/node/runtime/node-runtime.js";
import type { ExecutionEvent, Executor } from "../../src/study/execution/executor.js";
import { readTrialJob, type TrialJob, trialJobs } from "../../src/study/execution/job.js";
import { localExecutor } from "../../src/study/execution/local-executor.js";
import { runTrialJob } from "../../src/study/execution/run-trial-job.js";
import type { CheckpointPort, TrialHost, TrialOutcome } from "../../src/study/execution/trial-host.js";
import { measurementPlan } from "../../src/study/measurement.js";
import { seriesIn } from "../../src/study/store/contract/contract-case.js";
import { exampleRun } from "../../src/study/store/contract/store-examples.js";
import type { LeaseToken, MeasuredPart, RunStore } from "../../src/study/store/store.js";
import { memoryStore } from "../support/memory-store.js";
import { patches, trialSpec } from "../support/small-trials.js";

const data = patches(64);
const noCheckpoints: CheckpointPort = {
  read: async () => undefined,
  write: async () => undefined,
  remove: async () => undefined,
};

/** The coordinator's handlers for messages of a worker. */
interface Coordinator {
  append(token: LeaseToken, part: MeasuredPart): Promise<void>;
  dropAfter(token: LeaseToken, step: number): Promise<void>;
}

interface Message {
  readonly job: TrialJob;
  readonly token: LeaseToken;
  readonly through: number;
}

/** A worker on another host, without the store and the objects of the coordinator. */
async function worker(text: string, send: Coordinator): Promise<TrialOutcome> {
  const { job, token, through } = JSON.parse(text) as Message;
  const runtime = nodeRuntime({ cores: 1 });
  const rows: TrialHost["rows"] = {
    through,
    append: (part) => send.append(structuredClone(token), structuredClone(part)),
    dropAfter: (step) => send.dropAfter(structuredClone(token), step),
  };
  const host: TrialHost = {
    ...{ runtime, data: loadedData([data]), checkpoints: noCheckpoints, rows },
    now: () => 0,
  };
  try {
    return structuredClone(await runTrialJob(readTrialJob(job), host, new AbortController().signal));
  } finally {
    await runtime.dispose();
  }
}

/** The coordinator, which alone has the store, holds the leases and ends the trials. */
function queueExecutor(store: RunStore): Executor {
  return {
    async *run(jobs): AsyncGenerator<ExecutionEvent> {
      for (const job of jobs) {
        const event = { trial: job.trial, worker: "a host" };
        const lease = await store.leaseTrial(job.trial, job.measure);
        if (lease.kind === "finished") yield { ...event, kind: "found" };
        if (lease.kind !== "leased") continue;
        const { token, through, measure } = lease;
        const message = JSON.stringify({ job: { ...job, measure }, token, through } satisfies Message);
        const outcome = await worker(message, store);
        if (outcome.kind !== "ended") continue;
        await store.finishTrial(token, outcome.end);
        yield { ...event, kind: "ended", status: outcome.end.status, timings: outcome.end.timings };
      }
    },
  };
}

/** The executor of this process. */
function local(store: RunStore): Executor {
  return localExecutor({
    ...{ store, data: loadedData([data]), checkpoints: noCheckpoints, workers: 1, threads: 1 },
    openRuntime: (cores) => nodeRuntime({ cores }),
    now: () => 0,
    timer: { every: () => () => undefined },
    wait: async () => undefined,
  });
}

test("a job sent as JSON to a worker without the store has the same results as a job in this process", async () => {
  const measure = measurementPlan({ steps: {}, probes: { every: 2 }, tensors: [{ of: "*", at: "end" }] });
  const planned = [1, 2].map((seed) => {
    const spec = trialSpec(data, { epochs: 1, seed });
    return { factors: {}, replicate: seed, spec, measure };
  });
  const jobs = trialJobs(planned, () => data);
  const openStore = async (): Promise<RunStore> => {
    const store = memoryStore();
    await store.addTrials((await store.createRun(exampleRun)).id, "main", planned);
    return store;
  };
  const run = async (executor: Executor): Promise<string[]> => {
    const kinds: string[] = [];
    for await (const { kind } of executor.run(jobs, new AbortController().signal))
      if (kind !== "started" && kind !== "progress") kinds.push(kind);
    return kinds;
  };
  const [queued, here] = [await openStore(), await openStore()];
  expect(await run(queueExecutor(queued))).toEqual(["ended", "ended"]);
  expect(await run(queueExecutor(queued))).toEqual(["found", "found"]);
  expect(await run(local(here))).toEqual(["ended", "ended"]);
  for (const { trial } of jobs) {
    expect(await seriesIn(queued, trial)).toEqual(await seriesIn(here, trial));
    expect(await queued.readTensors(trial)).toEqual(await here.readTensors(trial));
  }
});
