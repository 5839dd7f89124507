// Shares of networks with the interval of this study: Wilson at 99 %.
import { type Estimate, proportionEstimate } from "../../core/statistics/intervals.js";

/** Confidence level of every interval of the study: with dozens of cells, 95 % would miss a few by chance. */
export const level = 0.99;

/** `hits / networks` with its Wilson interval. @throws InvalidInputError unless 0 <= hits <= networks and networks > 0 */
export function share(hits: number, networks: number): Estimate {
  return proportionEstimate(hits, networks, level);
}
