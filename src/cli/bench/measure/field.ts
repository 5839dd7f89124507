// The processes of a race: every setting of either side, of which the fastest are kept.
import { availableParallelism } from "node:os";
import { threadCandidates } from "../../../node/runtime/threads.js";
import { type Child, type ChildCommand, startChild } from "../process/child.js";
import { stepMilliseconds } from "../process/protocol.js";
import type { PyTorch } from "../process/pytorch-peer.js";
import { type Calibration, type Contestant, calibrate } from "./race.js";

export function threadsText(threads: number): string {
  return threads === 1 ? "1 thread" : `${threads} threads`;
}

export function remarksOn(pytorch: PyTorch | undefined, calibration: Calibration | undefined): string[] {
  if (pytorch === undefined || calibration === undefined) return [];
  const { tried, best, failures } = calibration;
  const found = `PyTorch ${pytorch.version} at its best of ${tried} settings: ${best.setting}`;
  return [found, ...failures.map((failure) => `PyTorch setting left out: ${failure}`)];
}

/** The processes of a race. Eliminated ones are ended before it starts, so that they cannot interfere. */
export class Field {
  readonly #children = new Set<Child>();
  readonly #fewestSteps: number;
  /** Remarks of the processes, without duplicates. */
  readonly remarks = new Set<string>();

  /** @param fewestSteps in one turn. */
  constructor(fewestSteps = 3) {
    this.#fewestSteps = fewestSteps;
  }

  /** Starts one process per number of threads, tries all settings of each, and keeps the fastest. */
  async best(commandFor: (threads: number) => ChildCommand, say: (text: string) => void): Promise<Calibration> {
    const contestants = new Map<Contestant, Child>();
    for (const threads of threadCandidates(availableParallelism())) {
      const command = commandFor(threads);
      const child = startChild(command);
      this.#children.add(child);
      const { settings = [], remarks = [] } = await child.ask({ do: "describe" });
      for (const remark of remarks) this.remarks.add(remark);
      for (const setting of settings) {
        contestants.set(this.#contestant(command.name, child, setting, threadsText(threads)), child);
      }
    }
    const calibration = await calibrate([...contestants.keys()], { say });
    const kept = contestants.get(calibration.best);
    for (const child of new Set(contestants.values())) if (child !== kept) await this.#end(child);
    return calibration;
  }

  async close(): Promise<void> {
    for (const child of [...this.#children]) await this.#end(child);
  }

  async #end(child: Child): Promise<void> {
    this.#children.delete(child);
    await child.close();
  }

  #contestant(name: string, child: Child, setting: string, threads: string): Contestant {
    const fewest = this.#fewestSteps;
    let stepMs = 1;
    const timed = async (question: Parameters<Child["ask"]>[0]): Promise<number> => {
      stepMs = stepMilliseconds(name, await child.ask(question));
      return stepMs;
    };
    return {
      setting: `${threads}, ${setting}`,
      prepare: async () => void (await timed({ do: "prepare", setting })),
      time: (milliseconds) =>
        timed({ do: "time", setting, steps: Math.max(fewest, Math.round(milliseconds / stepMs)) }),
    };
  }
}
