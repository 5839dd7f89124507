// Entry of the child process in which our side of a race runs: JSON lines in, JSON lines out (protocol.ts).
import { createInterface } from "node:readline";
import type { Assignment } from "../workloads/workload.js";
import { OwnTrial } from "./own-trial.js";
import type { Answer, Question } from "./protocol.js";

async function answer(trial: OwnTrial, question: Question): Promise<Answer> {
  switch (question.do) {
    case "describe":
      return { version: "", settings: ["Loop program"], remarks: [] };
    case "prepare":
      await trial.open();
      return question.setting === "cold" ? {} : { ...(await trial.warmUp()) };
    case "time":
      return { ...(await trial.time(question.steps)) };
    case "epoch":
      return { ...(await trial.epoch()) };
    case "memory":
      // Available with --expose-gc: uncollected garbage does not count as growth.
      (globalThis as { gc?: () => void }).gc?.();
      return { bytes: process.memoryUsage.rss() };
  }
}

const trial = new OwnTrial(JSON.parse(process.argv[2]) as Assignment);
for await (const line of createInterface({ input: process.stdin })) {
  let reply: Answer;
  try {
    reply = await answer(trial, JSON.parse(line) as Question);
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
await trial.dispose();
