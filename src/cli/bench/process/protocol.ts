// What the benchmark says to the processes that it measures: one JSON object a line, one answer to each question.
//
//   bench --- {"do":"describe"} -------------------> child (ours: own-process.ts; PyTorch: pytorch-peer.ts)
//         <-- {"version":..,"settings":[..]} ------
//         --- {"do":"prepare","setting":s} -------->   builds and warms up; the answer is a first timing
//         --- {"do":"time","setting":s,"steps":n} ->
//         <-- {"steps":n,"milliseconds":m} --------
import { EnvironmentError } from "../../../core/errors.js";

export type Question =
  | { readonly do: "describe" }
  | { readonly do: "prepare"; readonly setting: string }
  | { readonly do: "time"; readonly setting: string; readonly steps: number }
  /** Ours only: one whole epoch; the resident memory. */
  | { readonly do: "epoch" }
  | { readonly do: "memory" };

/** Which fields are there depends on the question. */
export interface Answer {
  readonly version?: string;
  readonly settings?: readonly string[];
  readonly remarks?: readonly string[];
  readonly steps?: number;
  readonly milliseconds?: number;
  readonly insideMilliseconds?: number;
  readonly threads?: number;
  readonly bytes?: number;
  /** The question failed; the process goes on. */
  readonly error?: string;
}

/**
 * Reads one line of a child's output; undefined for a line that is no answer (a library's chatter).
 * @throws EnvironmentError when the answer is an error.
 */
export function readAnswer(who: string, line: string): Answer | undefined {
  if (!line.trimStart().startsWith("{")) return undefined;
  let answer: Answer;
  try {
    answer = JSON.parse(line) as Answer;
  } catch {
    return undefined;
  }
  if (answer.error !== undefined) throw new EnvironmentError(lastLine(answer.error), { where: `bench > ${who}` });
  return answer;
}

/** Milliseconds a step. @throws EnvironmentError when the answer holds no timing. */
export function stepMilliseconds(who: string, { steps, milliseconds }: Answer): number {
  const perStep = (milliseconds ?? Number.NaN) / (steps ?? Number.NaN);
  if (Number.isFinite(perStep) && perStep > 0) return perStep;
  throw new EnvironmentError("answered without a time", { where: `bench > ${who}` });
}

/** The line of a message or traceback that says most. */
export function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.trim() ?? "";
}
