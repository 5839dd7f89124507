// The number of fuzzing cases and their seed: fixed, unless environment variables change them.

/** Whether this is the long run of `npm run test:full`. */
export const isFull = process.env.TRAINSCOPE_FULL === "1";

/** TRAINSCOPE_FUZZ_SEED selects another series of inputs. */
export const seed = Number(process.env.TRAINSCOPE_FUZZ_SEED ?? 20_261_123);

/** Number of cases of one property: `count`, times 20 with TRAINSCOPE_FULL=1, or times TRAINSCOPE_FUZZ_FACTOR. */
export function runs(count: number): number {
  return Math.round(count * Number(process.env.TRAINSCOPE_FUZZ_FACTOR ?? (isFull ? 20 : 1)));
}

/** Milliseconds after which the runner gives up. */
export const timeout = isFull ? 3_600_000 : 120_000;
