// Counts for people: three digits and a power of 1000, or every digit.

/** `11.7 M`: three digits and a power of 1000; small counts as they are. */
export function scaledCount(value: number, exact = false): string {
  if (exact || value < 10_000) return value.toLocaleString("en-US");
  const units = ["", "k", "M", "G", "T", "P", "E"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  const scaled = Number((value / 1000 ** power).toPrecision(3));
  // 999.9 k rounds up to the next unit.
  return scaled >= 1000 && power < units.length - 1
    ? `1.00 ${units[power + 1]}`
    : `${(value / 1000 ** power).toPrecision(3)} ${units[power]}`;
}

/** `1,814,073,344 (1.81 G)` */
export function exactly(value: number): string {
  const exact = value.toLocaleString("en-US");
  return value < 10_000 ? exact : `${exact} (${scaledCount(value)})`;
}
