// How long fuzzing goes on, and where its random numbers start: always the same unless the environment says otherwise.

/** Whether this is the long run of `npm run test:full`. */
export const isFull = process.env.TRAINSCOPE_FULL === "1";

/** TRAINSCOPE_FUZZ_SEED: another series of inputs. */
export const seed = Number(process.env.TRAINSCOPE_FUZZ_SEED ?? 20_261_123);

/** Inputs of one property: `count`, twenty times more with TRAINSCOPE_FULL=1, or TRAINSCOPE_FUZZ_FACTOR times. */
export function runs(count: number): number {
  return Math.round(count * Number(process.env.TRAINSCOPE_FUZZ_FACTOR ?? (isFull ? 20 : 1)));
}

/** Milliseconds after which the runner gives up. */
export const timeout = isFull ? 3_600_000 : 120_000;
