// Numbers in sentences: counts with all their digits, bytes and shares with few.

/** `62,378,344`. */
export const countText = (count: number): string => count.toLocaleString("en-US");

/** `35.62`: with so many decimals. */
export const decimalText = (value: number, decimals: number): string =>
  value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });

/** `34,944 + 614,656 = 649,600`: an addition with its result. */
export const sumText = (terms: readonly number[]): string =>
  `${terms.map(countText).join(" + ")} = ${countText(terms.reduce((sum, term) => sum + term, 0))}`;

/** `55×55×96`: height, width and channels of a feature map; the batch, which is 1, is left out. */
export function mapText(shape: readonly number[] | null): string {
  if (shape === null) return "unknown";
  const [channels, ...places] = shape.slice(1);
  return [...places, channels].join("×");
}

/** Bytes in units of 10^6, as the report counts them, or of 2^20, as others do. */
export const megabytes = (bytes: number): number => bytes / 1e6;
export const mebibytes = (bytes: number): number => bytes / 2 ** 20;
