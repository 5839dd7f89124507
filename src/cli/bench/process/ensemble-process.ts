// Entry of the child process in which our side of the race of ensembles runs: JSON lines in, JSON lines out
// (protocol.ts).
import { createInterface } from "node:readline";
import { nodeRuntime } from "../../../node/runtime/node-runtime.js";
import { dataUse } from "../../../train/spec/data-use.js";
import { openTrial } from "../../../train/trial/trial.js";
import { type EnsembleAssignment, ensembleData, ensembleModel } from "../workloads/ensemble-workload.js";
import type { Answer, Question } from "./protocol.js";

const work = JSON.parse(process.argv[2]) as EnsembleAssignment;
const data = ensembleData(work);
const runtime = nodeRuntime();
let seed = 0;

/**
 * A whole training: initial weights, orders, steps and the final state. Building and loading the programs is not part
 * of the time, as in every other race; the reply reports it separately.
 */
async function train(): Promise<{ milliseconds: number; compileMs: number; insideMilliseconds: number }> {
  const { networks, batchSize, epochs, learningRate, threads } = work;
  const trial = openTrial({
    spec: {
      model: ensembleModel(work),
      data: dataUse(data),
      loss: { kind: "meanSquaredError" },
      optimizer: { kind: "adam", learningRate },
      batchSize,
      epochs,
      seed: seed++,
      ensemble: networks,
    },
    data,
    runtime,
    threads,
    evaluate: false,
    checkpointEveryMs: Number.POSITIVE_INFINITY,
    now: () => performance.now(),
  });
  let [compileMs, insideMilliseconds] = [0, 0];
  const start = performance.now();
  for await (const event of trial.run()) {
    if (event.kind === "ready") compileMs = event.compileMs;
    if (event.kind === "steps") insideMilliseconds += event.durationMs;
  }
  const milliseconds = performance.now() - start - compileMs;
  await trial.dispose();
  return { milliseconds, compileMs, insideMilliseconds };
}

async function answer(question: Question): Promise<Answer> {
  if (question.do === "describe") return { version: "", settings: ["Loop program"], remarks: [] };
  if (question.do !== "prepare" && question.do !== "time") throw new Error(`unknown question ${question.do}`);
  const steps = question.do === "time" ? question.steps : 1;
  let [milliseconds, insideMilliseconds] = [0, 0];
  for (let i = 0; i < steps; i++) {
    const result = await train();
    milliseconds += result.milliseconds;
    insideMilliseconds += result.insideMilliseconds;
  }
  return { steps, milliseconds, insideMilliseconds };
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply: Answer;
  try {
    reply = await answer(JSON.parse(line) as Question);
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
await runtime.dispose();
