// The executor with failing workers, and with trials that other processes run.
import { hostname } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { data, ExecutorPlace, idOf, kinds, longTrial, trials } from "../../../test/support/executions.js";
import { trialSpec } from "../../../test/support/small-trials.js";
import { CorruptFileError, RuntimeCrashError } from "../../core/errors.js";
import { nodeRuntime } from "../../node/runtime/node-runtime.js";
import { currentProcess } from "../../node/store/process-identity.js";
import type { Runtime } from "../../train/runtime/runtime.js";
import type { PlannedTrial } from "../definition.js";
import { measurementPlan } from "../measurement.js";
import { tokenOf } from "../store/contract/contract-case.js";
import { exampleEnd, exampleRun } from "../store/contract/store-examples.js";
import type { RunStore } from "../store/store.js";
import type { ExecutionEvent } from "./executor.js";
import type { LocalExecutorOptions } from "./local-executor.js";

let place: ExecutorPlace;
beforeEach(() => {
  place = new ExecutorPlace();
});
afterEach(() => place.dispose());

/** A runtime whose worker dies in its n-th run. */
function dying(runtime: Runtime, runs: number): Runtime {
  let left = runs;
  return {
    ...runtime,
    async load(model, options) {
      const session = await runtime.load(model, options);
      return {
        ...session,
        run: (request) => (left-- > 0 ? session.run(request) : Promise.reject(new RuntimeCrashError("it exited"))),
      };
    },
  };
}

describe("workers that fail", () => {
  test("a trial whose runtime dies continues once from its checkpoint in another runtime", async () => {
    const whole = await place.execute({ trials: [longTrial] });
    let runtimes = 0;
    const { events, series } = await place.execute({
      ...{ trials: [longTrial], checkpointEveryMs: 0 },
      openRuntime: (cores) => (runtimes++ === 0 ? dying(nodeRuntime({ cores }), 6) : nodeRuntime({ cores })),
    });
    expect(kinds(events)).toEqual(["started", "failed", "ended"]);
    expect(events.find((event) => event.kind === "failed")).toMatchObject({
      willRetry: true,
      reason: expect.stringContaining("its worker thread died (it exited)"),
    });
    expect([runtimes, series]).toEqual([2, whole.series]);
  });

  test("a trial that its stop rule ended has the same rows, whenever its runtime dies", async () => {
    const optimizer = { kind: "sgd", learningRate: 0.01 };
    const stop = { kind: "lossAbove", factor: 1.5, smoothing: 0.5 } as const;
    const schedule = { kind: "exponential", factor: 1.5, unit: "step" };
    const trial: PlannedTrial = {
      ...{ factors: {}, replicate: 0, spec: trialSpec(data, { steps: 60, stop, optimizer, schedule }) },
      measure: measurementPlan({
        steps: { metrics: ["loss"] },
        probes: { every: 1, at: ["end"], of: ["weights"], statistics: ["norm"], histogramBins: 0 },
        tensors: [{ of: "0.*", at: "end" }],
      }),
    };
    const whole = await place.execute({ trials: [trial] });
    for (const block of whole.series[0]) expect([...new Set(block.steps)], block.metric).toEqual([...block.steps]);
    let died = 0;
    for (let runs = 0, hasDied = true; hasDied; runs++) {
      let runtimes = 0;
      const { series } = await place.execute({
        ...{ trials: [trial], checkpointEveryMs: 0 },
        openRuntime: (cores) => (runtimes++ === 0 ? dying(nodeRuntime({ cores }), runs) : nodeRuntime({ cores })),
      });
      hasDied = runtimes === 2;
      died += Number(hasDied);
      expect(series, `after ${runs} runs`).toEqual(whole.series);
    }
    expect(died).toBeGreaterThan(10);
  }, 120_000);

  test("a trial whose runtime dies twice fails with the reason and stops the others", async () => {
    const store = await place.storeWith();
    const told: ExecutionEvent[] = [];
    const failing = place.execute({
      store,
      openRuntime: (cores) => dying(nodeRuntime({ cores }), 1),
      onEvent: (event) => told.push(event),
    });
    await expect(failing).rejects.toThrow(RuntimeCrashError);
    expect(told.flatMap((event) => (event.kind === "failed" ? [event.willRetry] : []))).toEqual([true, false]);
    const found = await Promise.all(trials.map((trial) => store.findTrial(idOf(trial))));
    expect(found.map((trial) => trial?.status)).toEqual(["failed", "pending", "pending"]);
    expect(found[0]?.failure).toContain("its worker thread died");
  });

  test("a failing worker stops the others, and its own error is thrown even if the store fails too", async () => {
    const store = await place.storeWith();
    let count = 0;
    const failing: LocalExecutorOptions["openRuntime"] = (cores) => {
      if (count++ === 0) throw new CorruptFileError("the library is damaged", { where: "runtime" });
      return nodeRuntime({ cores });
    };
    const broken: RunStore = { ...store, failTrial: () => Promise.reject(new Error("the store is gone")) };
    await expect(place.execute({ store: broken, openRuntime: failing, workers: 2, threads: 2 })).rejects.toThrow(
      "the library is damaged",
    );
    const done = await Promise.all(trials.map(async (trial) => (await store.findTrial(idOf(trial)))?.status));
    expect(done.filter((status) => status === "done").length).toBeLessThan(2);
  });
});

describe("trials of several processes", () => {
  test("a trial that another process runs is postponed, and its result is used", async () => {
    const other = await place.storeWith();
    const token = await tokenOf(other, idOf(trials[0]));
    let waits = 0;
    const { events, remarks } = await place.execute({
      store: await place.openStore(),
      wait: async () => {
        waits++;
        await other.finishTrial(token, exampleEnd);
      },
    });
    expect([waits, kinds(events)]).toEqual([1, ["started", "ended", "started", "ended", "found"]]);
    expect(remarks).toEqual([
      {
        code: "trial-elsewhere",
        where: `process ${process.pid} on ${hostname()}`,
        text: "works on some of these trials; its results are used",
      },
    ]);
  });

  /** Two stores as on two hosts that cannot see each other's processes. */
  const strangers = async (nowMs: () => number): Promise<RunStore[]> => {
    const options = { silenceMs: 60_000, monotonicMs: nowMs };
    const open = (host: string) => place.openStore({ ...options, identity: { ...currentProcess(), host } });
    const here = await open("here");
    await here.addTrials((await here.createRun(exampleRun)).id, "main", [trials[0]]);
    return [here, await open("there")];
  };

  test("a compilation that takes minutes does not lose the lease", async () => {
    let nowMs = 0;
    const [here, there] = await strangers(() => nowMs);
    const ticks = new Set<() => void>();
    const seen: string[] = [];
    const slow = (runtime: Runtime): Runtime => ({
      ...runtime,
      async load(model, options) {
        for (let minute = 0; minute < 3; minute++) {
          seen.push((await there.leaseTrial(idOf(trials[0]), trials[0].measure)).kind);
          nowMs += 60_000;
          for (const tick of ticks) tick();
          // The heartbeat is written before the other host checks it.
          await new Promise((resolve) => setTimeout(resolve, 0));
        }
        return runtime.load(model, options);
      },
    });
    const { events } = await place.execute({
      ...{ trials: [trials[0]], store: here },
      openRuntime: (cores) => slow(nodeRuntime({ cores })),
      timer: {
        every: (_, tick) => {
          ticks.add(tick);
          return () => ticks.delete(tick);
        },
      },
    });
    expect(kinds(events)).toEqual(["started", "ended"]);
    expect(new Set(seen)).toEqual(new Set(["busy"]));
    expect(ticks.size).toBe(0);
  });

  test("a trial that another host took over is no longer written, and the other host's result is used", async () => {
    let nowMs = 0;
    const [here, there] = await strangers(() => nowMs);
    const id = idOf(trials[0]);
    const stealing = (runtime: Runtime): Runtime => ({
      ...runtime,
      async load(model, options) {
        // Nobody renews the lease: the timer of this test never ticks.
        await there.leaseTrial(id, trials[0].measure);
        nowMs += 61_000;
        const lease = await there.leaseTrial(id, trials[0].measure);
        if (lease.kind === "leased") await there.finishTrial(lease.token, exampleEnd);
        return runtime.load(model, options);
      },
    });
    const { events, series, remarks } = await place.execute({
      ...{ trials: [trials[0]], store: here },
      openRuntime: (cores) => stealing(nodeRuntime({ cores })),
    });
    expect(kinds(events)).toEqual(["started", "found"]);
    expect(remarks.map(({ code }) => code)).toEqual(["trial-elsewhere"]);
    expect(series).toEqual([[]]);
  });
});
