// The answer of the study: dead networks of the base case before and after training, and what prevents them.
import type { Finding } from "../../core/findings.js";
import { countText, percentText } from "../../study/analysis/number-text.js";

/** The target, the initializer and the epochs of an answer are those of the first finding: the base case. */
export function answer(findings: readonly Finding[]): string {
  const base = findings.find(({ id }) => id === "dead");
  if (base === undefined) return "No network has finished, so there is no answer yet.";
  const [target, , initializer, network, epochs] = base.variant.split("/");
  const [layers, units] = network.split("x");
  const of = (id: string, activation: string, start = initializer): Finding | undefined =>
    findings.find(
      (finding) => finding.id === id && finding.variant === [target, activation, start, network, epochs].join("/"),
    );
  const text = (finding: Finding | undefined): string => (finding === undefined ? "unknown" : percentText(finding));
  const exact = of("bornDeadExact", "relu");
  const sentences = [
    `Of ${countText(base.n)} ReLU networks of ${countText(Number(layers), "hidden layer")} of ${countText(Number(units), "unit")}, ${text(of("bornDead", "relu"))} are dead before training${exact === undefined ? "" : ` (exact: ${percentText({ value: exact.value })})`} and ${text(base)} after ${countText(Number(epochs), "epoch")}.`,
  ];
  const leaky = of("dead", "leakyRelu0.01");
  const flat = of("flat", "leakyRelu0.01");
  if (leaky !== undefined && flat !== undefined)
    sentences.push(
      `With leaky ReLU (0.01) ${text(leaky)} have a dead layer, but the output of ${text(flat)} is flat all the same.`,
    );
  const asymmetric = of("dead", "relu", "randomizedAsymmetric");
  if (asymmetric !== undefined)
    sentences.push(`Randomized asymmetric initialization lowers the share of dead networks to ${text(asymmetric)}.`);
  return sentences.join(" ");
}
