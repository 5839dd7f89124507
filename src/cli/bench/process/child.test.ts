import { expect, test } from "vitest";
import type { Assignment } from "../workloads/workload.js";
import { type Child, startChild } from "./child.js";
import { ownCommand } from "./own-command.js";

/** A child that runs a line of JavaScript for every question `q`. */
function scripted(code: string): Child {
  const script = `require("readline").createInterface({ input: process.stdin }).on("line", (line) => { const q = JSON.parse(line); ${code} })`;
  return startChild({ name: "peer", command: [process.execPath, "-e", script] });
}

test("requests are answered in order despite other output, and a failure leaves the process alive", async () => {
  const child = scripted(`
    console.log("chatter");
    console.log(JSON.stringify(q.do === "memory" ? { error: "cannot tell" } : { steps: q.steps, milliseconds: 2 * q.steps }));
  `);
  const time = (steps: number) => child.ask({ do: "time", setting: "", steps });
  expect(await time(3)).toEqual({ steps: 3, milliseconds: 6 });
  await expect(child.ask({ do: "memory" })).rejects.toThrow("bench > peer: cannot tell");
  expect(await time(4)).toEqual({ steps: 4, milliseconds: 8 });
  await child.close();
  await expect(time(5)).rejects.toThrow("the measured process ended");
});

test("the error of a dead process has its last output; that of a process that cannot start has the reason", async () => {
  const child = scripted(`console.error("first\\nout of memory"); process.exit(1)`);
  await expect(child.ask({ do: "describe" })).rejects.toThrow(
    "bench > peer: the measured process ended: out of memory",
  );
  await child.close();
  const absent = startChild({ name: "peer", command: ["/nowhere/python"] });
  await expect(absent.ask({ do: "describe" })).rejects.toThrow("ENOENT");
  await absent.close();
});

test("our side trains for the requested number of steps and reports the time inside the runtime", async () => {
  const assignment: Assignment = {
    peerModel: "mlp",
    model: { kind: "sequential", layers: [{ kind: "flatten" }, { kind: "dense", units: 3 }] },
    inputShape: [1, 4, 4],
    examples: 40,
    classes: 3,
    batchSize: 16,
    optimizer: { kind: "adam" },
    peerOptimizer: { name: "Adam", options: {} },
    normalization: { scale: 1 / 255, mean: [0.1], deviation: [0.3] },
    threads: 1,
    dropLast: false,
  };
  const child = startChild({
    name: "trainscope",
    command: [...ownCommand("./own-process"), JSON.stringify(assignment)],
  });
  await child.ask({ do: "prepare", setting: "cold" });
  const epoch = await child.ask({ do: "epoch" });
  expect(epoch).toMatchObject({ steps: 3, threads: 1 });
  expect(epoch.insideMilliseconds).toBeLessThan(epoch.milliseconds as number);
  const { steps } = await child.ask({ do: "time", setting: "", steps: 20 });
  expect(steps).toBeGreaterThanOrEqual(20);
  expect((await child.ask({ do: "memory" })).bytes).toBeGreaterThan(1e6);
  await child.close();
});
