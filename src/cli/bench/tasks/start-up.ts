// The waiting time of a user after pressing Enter: for the help, and for the loss of the first training step.
import { spawn } from "node:child_process";
import { EnvironmentError } from "../../../core/errors.js";
import { type Measurement, spreadOf } from "../measure/measurement.js";
import { isFromSource, ownCommand } from "../process/own-command.js";
import { lastLine } from "../process/protocol.js";
import type { BenchTask, TaskContext } from "../task.js";

interface StartUp {
  readonly arguments: readonly string[];
  /** The output that ends the wait. */
  readonly until: RegExp;
  readonly mostSeconds: number;
}

export const firstStep: StartUp = {
  arguments: ["train", "lenet5", "--data", "mnist", "--steps", "1", "--json", "--quiet"],
  until: /"step":\s*0/,
  mostSeconds: 2,
};

export const help: StartUp = { arguments: ["--help"], until: /Commands:/, mostSeconds: 0.15 };

/** Starts the command repeatedly. The first start fills the disk cache and does not count. */
export async function measureStartUp(
  task: BenchTask,
  startUp: StartUp,
  { rounds, say }: TaskContext,
): Promise<Measurement> {
  const seconds: number[] = [];
  say(`${task.id}: ${rounds} times trainscope ${startUp.arguments.join(" ")}`);
  for (let round = 0; round <= rounds; round++) {
    const time = await secondsUntil(startUp);
    if (round > 0) seconds.push(time);
  }
  return {
    task: task.id,
    unit: "s",
    ours: { ...spreadOf(seconds), setting: "" },
    must: { of: "ours", bound: "at most", value: startUp.mostSeconds },
    remarks: isFromSource ? [`${task.id} was measured from TypeScript source, which is compiled at every start`] : [],
  };
}

function secondsUntil({ arguments: words, until }: StartUp): Promise<number> {
  const [file, ...args] = [...ownCommand("../../main"), ...words];
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let [out, err] = ["", ""];
    let seconds: number | undefined;
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString("utf8");
      if (seconds === undefined && until.test(out)) seconds = (performance.now() - start) / 1000;
    });
    child.stderr.on("data", (chunk: Buffer) => {
      err += chunk.toString("utf8");
    });
    child.once("error", reject);
    // Resolved when the process exits, so that the rest of one run does not disturb the next.
    child.once("close", () => {
      if (seconds !== undefined) resolve(seconds);
      else reject(new EnvironmentError(lastLine(err) || "said nothing", { where: `trainscope ${words.join(" ")}` }));
    });
  });
}
