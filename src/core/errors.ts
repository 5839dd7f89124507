// Errors that people can act on: where, what was expected, what was received, what to do next.

/** Process exit codes of the command line; every error class carries one. */
export const exitCodes = {
  done: 0,
  /** A trial diverged or a claim's check failed. */
  failed: 1,
  /** Wrong usage or bad input. */
  badInput: 2,
  /** Missing data or an environment that cannot do what was asked. */
  missing: 3,
  /** Interrupted; state was saved. */
  interrupted: 130,
} as const;

/** The parts of a message after its summary, in the order in which they are printed. */
export interface ErrorParts {
  /** Where, in the user's own words and path: `model.layers[2] (dense)`, a file name, a flag. */
  readonly where: string;
  /** What was expected, as a rule. */
  readonly expected?: string;
  /** What was received: the value, or both shapes side by side. */
  readonly received?: string;
  /** What to do: the thing to write, or the valid names. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** Base of every error that a user can cause. Printed as one sentence, never with a stack trace. */
export class TrainscopeError extends Error {
  /** Stable, for programs. */
  readonly code: string;
  readonly exitCode: number;
  readonly parts: ErrorParts;

  constructor(code: string, exitCode: number, summary: string, parts: ErrorParts) {
    super(formatMessage(summary, parts), parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = new.target.name;
    this.code = code;
    this.exitCode = exitCode;
    this.parts = parts;
  }
}

function formatMessage(summary: string, { where, expected, received, remedy }: ErrorParts): string {
  const comparison =
    expected !== undefined && received !== undefined
      ? `expected ${expected}, received ${received}`
      : expected !== undefined
        ? `expected ${expected}`
        : received !== undefined
          ? `received ${received}`
          : "";
  const head = [summary, comparison].filter((part) => part !== "").join(": ");
  return printable(`${where}: ${head}${remedy === undefined ? "" : `. ${remedy}`}`);
}

/** The message on one line without control characters: messages quote names from files. */
function printable(message: string): string {
  return message
    .replace(/\s+/g, (space) => (/[\t\n\v\f\r\u2028\u2029]/.test(space) ? " " : space))
    .replace(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu, "?");
}

/** A name that is not in a table. Offers the nearest valid name, or all of them if fewer than ten. */
export class UnknownNameError extends TrainscopeError {
  /** @param remedy what to write instead, if the name is known to mean something else. */
  constructor(where: string, what: string, received: string, valid: readonly string[], remedy?: string) {
    const nearest = nearestName(received, valid);
    const offer = nearest === undefined ? "" : `Did you mean "${nearest}"? `;
    const list = valid.length < 10 ? `Valid: ${valid.join(", ")}` : `${valid.length} are known`;
    super("unknown-name", exitCodes.badInput, `unknown ${what} "${shortened(received)}"`, {
      where,
      remedy: remedy ?? `${offer}${list}`,
    });
  }
}

/** Names that users type are short; longer ones are cut. */
function shortened(name: string): string {
  return name.length <= 200 ? name : `${name.slice(0, 200)}...`;
}

/** A value, file or spec that breaks a rule. */
export class InvalidInputError extends TrainscopeError {
  constructor(summary: string, parts: ErrorParts) {
    super("invalid-input", exitCodes.badInput, summary, parts);
  }
}

/** Shapes that do not fit together. */
export class ShapeError extends TrainscopeError {
  constructor(summary: string, parts: ErrorParts) {
    super("shape-mismatch", exitCodes.badInput, summary, parts);
  }
}

/** A file that is damaged, truncated or of another kind. */
export class CorruptFileError extends TrainscopeError {
  constructor(summary: string, parts: ErrorParts) {
    super("corrupt-file", exitCodes.badInput, summary, parts);
  }
}

/** Data that is neither present nor reachable. */
export class MissingDataError extends TrainscopeError {
  constructor(summary: string, parts: ErrorParts) {
    super("missing-data", exitCodes.missing, summary, parts);
  }
}

/** A disk, folder, network or runtime that cannot do what was asked. */
export class EnvironmentError extends TrainscopeError {
  constructor(summary: string, parts: ErrorParts) {
    super("environment", exitCodes.missing, summary, parts);
  }
}

/**
 * Something was to be written for a trial by somebody who does not hold its lease (any more): as after a sleep of the
 * machine, when another process has taken the trial over.
 */
export class StaleLeaseError extends TrainscopeError {
  constructor(trial: string) {
    super("stale-lease", exitCodes.missing, "the lease of this trial has passed on or ended", {
      where: `trial ${trial}`,
      remedy: "Run the same command again: what was saved is used",
    });
  }
}

/** Whatever executes the models has ended without having been asked to. What is in a checkpoint is not lost. */
export class RuntimeCrashError extends TrainscopeError {
  /** @param reason what is known of its end. */
  constructor(reason: string) {
    super(
      "runtime-crash",
      exitCodes.missing,
      `its worker thread died (${reason}), and its sessions and tensors with it`,
      { where: "runtime", remedy: "Create a new runtime and resume from the last checkpoint" },
    );
  }
}

/** Work stopped by the user; everything up to the last segment is saved. */
export class InterruptedError extends TrainscopeError {
  constructor(where: string, remedy: string) {
    super("interrupted", exitCodes.interrupted, "interrupted", { where, remedy });
  }
}

/** The valid name with the smallest edit distance, if it is close enough to be a typing error. */
export function nearestName(received: string, valid: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  const slip = Math.max(2, Math.ceil(received.length / 2));
  for (const name of valid) {
    // A larger difference in length is not a typing error; names from files may have millions of letters.
    if (Math.abs(name.length - received.length) > slip) continue;
    const distance = editDistance(received.toLowerCase(), name.toLowerCase());
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  // At least one letter must match: "lr" is not a misspelled "b1".
  return bestDistance < received.length && bestDistance <= slip ? best : undefined;
}

/** Levenshtein distance with unit costs. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, previous[j] + 1, row[j - 1] + 1));
    }
    previous = row;
  }
  return previous[b.length];
}
