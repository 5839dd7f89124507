// Blocks of channels, as runtimes with blocked convolutions want them: see ../blocked-operators.ts.

// Filters that only fill a block are wasted work.
const mostFilling = 1.5;

/** Number of filters rounded up to whole blocks; `null` if too many would be wasted. */
export function filledBlocks(filters: number, block: number): number | null {
  const filled = Math.ceil(filters / block) * block;
  return filled <= mostFilling * filters ? filled : null;
}
