import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { benchTasks } from "../tasks.js";
import type { Assignment } from "../workloads/workload.js";
import { peerScript } from "./peer-command.js";
import { findPyTorch, pytorchCommand } from "./pytorch-peer.js";

test("without PyTorch, the reason is one phrase", async () => {
  expect(await findPyTorch({ TRAINSCOPE_PYTHON: "/nowhere/python" })).toBe(
    "the Python that TRAINSCOPE_PYTHON names cannot be started",
  );
  // A program other than Python acts like a Python without torch.
  expect(await findPyTorch({ TRAINSCOPE_PYTHON: process.execPath })).toMatch(
    /^the Python that TRAINSCOPE_PYTHON names cannot import torch \(.+\)$/,
  );
});

test("the peer gets the same work, and its number of threads through every variable", () => {
  const work: Omit<Assignment, "model" | "optimizer"> = {
    peerModel: "mlp",
    inputShape: [3, 32, 32],
    examples: 10,
    classes: 10,
    batchSize: 2,
    peerOptimizer: { name: "Adam", options: { lr: 0.001 } },
    normalization: { scale: 1, mean: [0], deviation: [1] },
    dropLast: true,
  };
  const { command, environment } = pytorchCommand(
    { python: "python3", version: "2.13.0" },
    { ...work, model: { kind: "mlp" }, optimizer: { kind: "adam" } },
    2,
  );
  expect(command.slice(0, -1)).toEqual(["python3", "-u", peerScript("pytorch_peer")]);
  expect(JSON.parse(command.at(-1) as string)).toEqual({ ...work, threads: 2 });
  expect(environment).toEqual({ OMP_NUM_THREADS: "2", MKL_NUM_THREADS: "2", OPENBLAS_NUM_THREADS: "2" });
  for (const name of ["lenet5", "lenet5-batch-norm", "mlp", "mlp-dropout", "mini-googlenet"])
    expect(readFileSync(command[2], "utf8")).toContain(`"${name}": `);
});

test("every task has a unique name", () => {
  expect(new Set(benchTasks.map(({ id }) => id)).size).toBe(benchTasks.length);
});
