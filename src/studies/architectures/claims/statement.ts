// Judges a statement by computed numbers, with the arithmetic as evidence.
import type { Claim } from "../../../core/findings.js";

/** A statement of a source, and the rule that judges it. */
export type Statement = Pick<Claim, "id" | "source" | "text" | "rule">;

/** `supported` if the computed numbers confirm the statement, otherwise `not supported`. */
export function confirmed(statement: Statement, holds: boolean, evidence: string): Claim {
  return { ...statement, verdict: holds ? "supported" : "not supported", evidence };
}

/**
 * `erratum` if the computed numbers show the mistake, otherwise `supported`.
 * @param isSlip whether the computed numbers contradict the source.
 */
export function erratum(statement: Statement, isSlip: boolean, evidence: string): Claim {
  return { ...statement, verdict: isSlip ? "erratum" : "supported", evidence };
}

/** Whether a number equals that of the source when rounded to its decimals: `19.632` has three. */
export const roundsTo = (value: number, printed: number, decimals: number): boolean =>
  Number(value.toFixed(decimals)) === printed;
