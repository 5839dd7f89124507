// A race: both sides find their best setting, then take turns; one waits while the other is measured.
import { type Figure, ratioOfMedians, type Spread, spreadOf } from "./measurement.js";

/** One side in one setting. */
export interface Contestant {
  /** For people: `2 threads, fused`. */
  readonly setting: string;
  /** Builds and warms up. */
  prepare(): Promise<void>;
  /** Trains for about this long and returns milliseconds per step. */
  time(milliseconds: number): Promise<number>;
}

export interface RaceOptions {
  readonly rounds: number;
  /** Of one turn. */
  readonly turnMs?: number;
  readonly calibrationRounds?: number;
  readonly calibrationTurnMs?: number;
  /** Receives progress messages. */
  readonly say?: (text: string) => void;
  /** Waits between two turns, until idle threads of the last one have stopped spinning. */
  readonly pause?: () => Promise<void>;
}

export interface Calibration {
  readonly best: Contestant;
  readonly tried: number;
  /** Settings that failed, with the reason. */
  readonly failures: readonly string[];
}

export interface RaceResult {
  readonly ours: Figure;
  readonly theirs?: Figure;
  /** Their time over ours. */
  readonly ratio?: Spread;
}

// Settings within this factor of the fastest are measured again.
const nearTheFront = 1.2;

/** Idle workers of ONNX Runtime and GNU OpenMP spin for milliseconds, those of Intel's OpenMP for 200 ms. */
const spinMs = 250;

export const waitForSpinning = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, spinMs));

/**
 * The fastest of several settings. All are measured in turn, then those close to the fastest again; the best time of
 * each counts, since noise only adds time.
 * @throws the first failure if every setting fails.
 */
export async function calibrate(
  contestants: readonly Contestant[],
  options: Omit<RaceOptions, "rounds">,
): Promise<Calibration> {
  const { calibrationRounds = 2, calibrationTurnMs = 300, say = () => undefined, pause = waitForSpinning } = options;
  const { ready, failures } = await prepareAll(contestants);
  if (ready.length === 1) return { best: ready[0], tried: 1, failures };
  const best = new Map(ready.map((contestant) => [contestant, Number.POSITIVE_INFINITY]));
  const ranking = () => [...best].sort(([, a], [, b]) => a - b);
  const measure = async (some: readonly Contestant[]): Promise<void> => {
    for (let round = 0; round < calibrationRounds; round++) {
      for (const contestant of some) {
        await pause();
        const time = await contestant.time(calibrationTurnMs);
        best.set(contestant, Math.min(time, best.get(contestant) as number));
      }
    }
  };
  await measure(ready);
  const front = ranking().filter(([, time], _, [[, fastest]]) => time <= fastest * nearTheFront);
  if (front.length > 1) await measure(front.map(([contestant]) => contestant));
  say(
    ranking()
      .map(([{ setting }, time]) => `  ${time.toFixed(3)} ms/step  ${setting}`)
      .join("\n"),
  );
  return { best: ranking()[0][0], tried: ready.length, failures };
}

async function prepareAll(contestants: readonly Contestant[]) {
  const ready: Contestant[] = [];
  const failures: string[] = [];
  let firstFailure: unknown;
  for (const contestant of contestants) {
    try {
      await contestant.prepare();
      ready.push(contestant);
    } catch (error) {
      firstFailure ??= error;
      failures.push(`${contestant.setting}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (ready.length === 0) throw firstFailure ?? new Error("no contestants");
  return { ready, failures };
}

/** Ours, theirs, ours, theirs ... Without a peer, ours alone. */
export async function race(
  ours: Contestant,
  theirs: Contestant | undefined,
  { rounds, turnMs = 1000, say = () => undefined, pause = waitForSpinning }: RaceOptions,
): Promise<RaceResult> {
  const [ourTimes, theirTimes]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    await pause();
    ourTimes.push(await ours.time(turnMs));
    if (theirs === undefined) continue;
    await pause();
    theirTimes.push(await theirs.time(turnMs));
    say(
      `  round ${round + 1} of ${rounds}: ${ourTimes[round].toFixed(3)} against ${theirTimes[round].toFixed(3)} ms/step`,
    );
  }
  const figure = { ...spreadOf(ourTimes), setting: ours.setting };
  if (theirs === undefined) return { ours: figure };
  return {
    ours: figure,
    theirs: { ...spreadOf(theirTimes), setting: theirs.setting },
    ratio: ratioOfMedians(ourTimes, theirTimes),
  };
}
