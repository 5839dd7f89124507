// Shapes and sizes in sentences.

/** `55×55×96`: height, width and channels of a feature map, without the batch of 1. */
export function mapText(shape: readonly number[] | null): string {
  if (shape === null) return "unknown";
  const [channels, ...places] = shape.slice(1);
  return [...places, channels].join("×");
}

/** Bytes in units of 10^6, as in the report, or of 2^20, as elsewhere. */
export const megabytes = (bytes: number): number => bytes / 1e6;
export const mebibytes = (bytes: number): number => bytes / 2 ** 20;
