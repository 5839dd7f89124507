// What the user says about the parameters of a file: `+name` is trained, `-pattern` is held, the last that matches counts.
import { InvalidInputError } from "../../core/errors.js";
import { checkPatterns, pathMatcher } from "../../nn/path-patterns.js";
import type { JudgedTensors } from "../../onnx/recover/parameters.js";

/** Whether a name is to be a parameter; `undefined` if no entry matches it. */
export type ParameterChoice = (name: string) => boolean | undefined;

/** Reads entries like `+head.scale` and `-*.mean`. @throws InvalidInputError for one without a sign. */
export function readParameterChoice(entries: readonly string[]): ParameterChoice {
  const choices = entries.map((entry) => {
    const [sign, pattern] = [entry[0], entry.slice(1)];
    if ((sign !== "+" && sign !== "-") || pattern === "") {
      throw new InvalidInputError("neither trained nor held", {
        where: `parameters "${entry}"`,
        expected: "a name or pattern after + (train it) or - (hold it)",
        received: `"${entry}"`,
        remedy: `Write "+${entry}" or "-${entry}"`,
      });
    }
    return { isTrained: sign === "+", matches: pathMatcher([pattern]) };
  });
  return (name) => choices.findLast(({ matches }) => matches(name))?.isTrained;
}

/** Throws InvalidInputError for an entry that matches nothing that it could change. */
export function checkParameterChoice(
  entries: readonly string[],
  { trainable }: Pick<JudgedTensors, "trainable">,
): void {
  checkPatterns(
    entries.map((entry) => entry.slice(1)),
    trainable,
    "parameters",
  );
}
