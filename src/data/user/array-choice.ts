// Which arrays of a file are inputs and which are targets: as the user says, or by their names.
import { InvalidInputError, UnknownNameError } from "../../core/errors.js";

/** What the user says; left out, the names decide. */
export interface ArrayChoice {
  readonly inputs?: readonly string[];
  readonly targets?: string;
}

/** Names that are understood without being given, in lower case; for arrays with `_train` or `train_` as well. */
const inputNames = ["x", "inputs", "input", "data", "images", "image", "features"];

/** The same for targets, of arrays and columns. */
export const usualTargets: readonly string[] = ["y", "targets", "target", "labels", "label", "classes", "class"];

/**
 * Chooses arrays. A name that is not given is taken from the usual ones, if exactly one array has such a name; else it
 * is the only array that is left, if there is only one.
 * @param where the file, for messages.
 * @throws UnknownNameError for a name that is not there; InvalidInputError when the choice is not clear.
 */
export function chooseArrays(
  where: string,
  names: readonly string[],
  { inputs, targets }: ArrayChoice,
): { inputs: readonly string[]; targets: string } {
  for (const name of [...(inputs ?? []), ...(targets === undefined ? [] : [targets])]) {
    if (!names.includes(name)) throw new UnknownNameError(where, "array", name, names);
  }
  const doubled = inputs?.find((name, i) => inputs.indexOf(name) !== i || name === targets);
  if (doubled !== undefined) {
    throw new InvalidInputError(`array "${doubled}" is named twice`, { where: "--inputs, --targets" });
  }
  const chosenTargets =
    targets ??
    only(
      where,
      "--targets",
      names.filter((name) => inputs?.includes(name) !== true),
      usualTargets,
    );
  const chosenInputs = inputs ?? [
    only(
      where,
      "--inputs",
      names.filter((name) => name !== chosenTargets),
      inputNames,
    ),
  ];
  return { inputs: chosenInputs, targets: chosenTargets };
}

function only(where: string, flag: string, candidates: readonly string[], usual: readonly string[]): string {
  const matching = candidates.filter((name) => usual.includes(name.toLowerCase().replace(/^train_|_train$/g, "")));
  if (matching.length === 1) return matching[0];
  if (candidates.length === 1) return candidates[0];
  throw new InvalidInputError(candidates.length === 0 ? "no array is left" : "several arrays could be meant", {
    where,
    expected: `the name of one with ${flag}`,
    received: candidates.length === 0 ? "nothing" : listed(matching.length === 0 ? candidates : matching),
  });
}

function listed(names: readonly string[]): string {
  return names.length <= 20 ? names.join(", ") : `${names.slice(0, 20).join(", ")} and ${names.length - 20} more`;
}
