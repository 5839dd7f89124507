// Values that cannot be drawn are left out, and the caption says how many, of what, and why.

/** Keeps a tally of values left out of a figure. */
export interface LeftOut {
  /** True if the value can be drawn; otherwise it is counted. */
  keeps(value: number, group: string): boolean;
  /** As `keeps`, for a logarithmic axis: zero and below are left out too. */
  keepsPositive(value: number, group: string): boolean;
  /** Sentences for the caption; empty if nothing was left out. */
  sentences(): string[];
}

export function leftOut(): LeftOut {
  const counts = new Map<string, Map<string, number>>();
  const count = (reason: string, group: string): false => {
    const groups = counts.get(reason) ?? new Map<string, number>();
    groups.set(group, (groups.get(group) ?? 0) + 1);
    counts.set(reason, groups);
    return false;
  };
  const keeps = (value: number, group: string): boolean =>
    Number.isFinite(value) || count("not finite: training diverged", group);
  return {
    keeps,
    keepsPositive: (value, group) =>
      keeps(value, group) && (value > 0 || count("zero or below, on a logarithmic axis", group)),
    sentences: () => [...counts].map(([reason, groups]) => sentence(reason, groups)),
  };
}

function sentence(reason: string, groups: ReadonlyMap<string, number>): string {
  const total = [...groups.values()].reduce((sum, count) => sum + count, 0);
  const where = [...groups].map(([group, count]) => `${group}: ${count}`).join(", ");
  return `Left out: ${total} ${total === 1 ? "value" : "values"} (${reason}; ${where}).`;
}

/** Joins the parts of a caption into one text. */
export function captionText(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== "").join(" ");
}

/** `5 seeds`, `1 seed`, or `3 to 5 seeds` where groups differ. */
export function seedsText(counts: Iterable<number>): string {
  const all = [...counts];
  const low = Math.min(...all);
  const high = Math.max(...all);
  if (low === high) return `${low} ${low === 1 ? "seed" : "seeds"}`;
  return `${low} to ${high} seeds`;
}
