// Blocks of channels, as runtimes with blocked convolutions want them: see ../blocked-operators.ts.

// Filters that only fill a block are computed for nothing.
const mostFilling = 1.5;

/** Filters, and those that fill the last block; `null` if too many would be wanted. */
export function filledBlocks(filters: number, block: number): number | null {
  const filled = Math.ceil(filters / block) * block;
  return filled <= mostFilling * filters ? filled : null;
}
