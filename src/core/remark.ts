// Something that a user should know although the work goes on.

export interface Remark {
  /** Stable, for programs: `checkpoint-not-saved`. */
  readonly code: string;
  /** Where, in the user's own words and path: `trial 0123abcd`, a file name. */
  readonly where: string;
  /** What happened, and what becomes of the work. */
  readonly text: string;
  /** What to do, where something can be done. */
  readonly remedy?: string;
}

/** A remark as one line. */
export function remarkText({ where, text, remedy }: Remark): string {
  return `${where}: ${text}${remedy === undefined ? "" : `. ${remedy}`}`;
}
