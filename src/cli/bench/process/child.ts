// A measured process, which answers one request at a time and otherwise waits.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { EnvironmentError } from "../../../core/errors.js";
import { type Answer, lastLine, type Question, readAnswer } from "./protocol.js";

export interface ChildCommand {
  /** For messages: `PyTorch`. */
  readonly name: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Child {
  ask(question: Question): Promise<Answer>;
  /** Ends the process and waits until it has exited. */
  close(): Promise<void>;
}

// The last output of a failing process suffices for a message.
const keptErrorText = 4000;

export function startChild({ name, command: [file, ...args], environment }: ChildCommand): Child {
  const child = spawn(file, args, { env: { ...process.env, ...environment } });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  const { waitForAnswer } = readAnswers(name, child);
  return {
    ask(question) {
      const answer = waitForAnswer();
      child.stdin.write(`${JSON.stringify(question)}\n`);
      return answer;
    },
    async close() {
      child.stdin.end();
      // A process that hangs on exit can be killed.
      const impatience = setTimeout(() => child.kill("SIGKILL"), 3000);
      await ended;
      clearTimeout(impatience);
    },
  };
}

function readAnswers(name: string, child: ChildProcessWithoutNullStreams) {
  let errorText = "";
  let death: EnvironmentError | undefined;
  let pending: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;
  const die = (reason: string): void => {
    death ??= new EnvironmentError(`the measured process ended: ${reason}`, { where: `bench > ${name}` });
    pending?.reject(death);
    pending = undefined;
  };
  child.stderr.on("data", (chunk: Buffer) => {
    errorText = (errorText + chunk.toString("utf8")).slice(-keptErrorText);
  });
  // Writing to a process that just died; its end is reported below.
  child.stdin.on("error", () => undefined);
  child.once("error", (error) => die(error.message));
  child.once("close", (code) => die(lastLine(errorText) || `exit code ${code}`));
  createInterface({ input: child.stdout }).on("line", (line) => {
    try {
      const answer = readAnswer(name, line);
      if (answer === undefined) return;
      pending?.resolve(answer);
    } catch (error) {
      pending?.reject(error as Error);
    }
    pending = undefined;
  });
  const waitForAnswer = (): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (death === undefined) pending = { resolve, reject };
      else reject(death);
    });
  return { waitForAnswer };
}
