// Fields of the schema that no training follows yet: refused, so that none is ignored in silence.
import { InvalidInputError } from "../../core/errors.js";
import type { DataUseInput } from "./data-use.js";

interface Asked {
  readonly data: Pick<DataUseInput, "augment" | "validation" | "examples">;
}

/** @throws InvalidInputError that names the first of these fields that is given. */
export function checkImplemented({ data }: Asked, where: string): void {
  const asked: Readonly<Record<string, unknown>> = {
    "data.augment": data.augment?.[0],
    "data.validation": data.validation,
    "data.examples.validation": data.examples?.validation,
  };
  const field = Object.keys(asked).find((name) => asked[name] !== undefined);
  if (field === undefined) return;
  throw new InvalidInputError("this version cannot train with it", {
    where: `${where}.${field}`,
    remedy: "Leave it out",
  });
}
