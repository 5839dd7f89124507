// Names of steps: the module's path, followed by the operator if a module has several steps.
import type { Step } from "./subject.js";

/** Gives every step a unique name. */
export function stepNames(steps: readonly Omit<Step, "name">[]): Step[] {
  const inModule = counts(steps.map(({ module }) => module));
  const plain = steps.map(({ module, operator }) =>
    module !== "" && inModule.get(module) === 1 ? module : `${module}${module === "" ? "" : "/"}${shortName(operator)}`,
  );
  const taken = counts(plain);
  const numbers = new Map<string, number>();
  return steps.map((step, i) => {
    const name = plain[i];
    if (taken.get(name) === 1) return { ...step, name };
    const number = numbers.get(name) ?? 0;
    numbers.set(name, number + 1);
    return { ...step, name: number === 0 ? name : `${name}_${number}` };
  });
}

/** The operator without its domain: `Gelu` for `com.microsoft.Gelu`. */
const shortName = (operator: string): string => operator.slice(operator.lastIndexOf(".") + 1);

function counts(names: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const name of names) found.set(name, (found.get(name) ?? 0) + 1);
  return found;
}
