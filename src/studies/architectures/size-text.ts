// Shapes and sizes in sentences.

/** `55×55×96`: height, width and channels of a feature map; the batch, which is 1, is left out. */
export function mapText(shape: readonly number[] | null): string {
  if (shape === null) return "unknown";
  const [channels, ...places] = shape.slice(1);
  return [...places, channels].join("×");
}

/** Bytes in units of 10^6, as the report counts them, or of 2^20, as others do. */
export const megabytes = (bytes: number): number => bytes / 1e6;
export const mebibytes = (bytes: number): number => bytes / 2 ** 20;
