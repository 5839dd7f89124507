// How a statement is judged: against numbers that were computed, with the arithmetic as evidence.
import type { Claim } from "../../../core/findings.js";

/** A statement of a source, and the rule that judges it. */
export type Statement = Pick<Claim, "id" | "source" | "text" | "rule">;

/** `supported` where the computed numbers confirm the statement, else `not supported`. */
export function confirmed(statement: Statement, holds: boolean, evidence: string): Claim {
  return { ...statement, verdict: holds ? "supported" : "not supported", evidence };
}

/**
 * `erratum` where the computed numbers show the slip; a statement that they do not refute after all is `supported`.
 * @param isSlip whether what was computed contradicts what the source prints.
 */
export function erratum(statement: Statement, isSlip: boolean, evidence: string): Claim {
  return { ...statement, verdict: isSlip ? "erratum" : "supported", evidence };
}

/** Whether a number, rounded as the source rounds it, is the source's: `19.632` has three decimals. */
export const roundsTo = (value: number, printed: number, decimals: number): boolean =>
  Number(value.toFixed(decimals)) === printed;
