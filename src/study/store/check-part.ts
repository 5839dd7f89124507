// Refuses inconsistent columns and measurements of another trial before they are stored.
import { InvalidInputError } from "../../core/errors.js";
import type { SeriesBlock } from "../../core/rows.js";
import type { MeasuredPart } from "./store.js";

/**
 * Checks a part before anything of it is stored.
 * @param through that of the previous part.
 * @throws InvalidInputError
 */
export function checkPart(trial: string, part: MeasuredPart, through: number): void {
  const where = `trial ${trial}`;
  if (!Number.isSafeInteger(part.through) || part.through < through) {
    throw new InvalidInputError("parts come in the order of their steps", {
      where,
      expected: `${through} or more`,
      received: `${part.through}`,
    });
  }
  for (const block of part.series) checkBlock(trial, block);
}

function checkBlock(trial: string, { trial: of, phase, metric, path, networks, ...columns }: SeriesBlock): void {
  const where = `trial ${trial} > ${[phase, metric, path].filter((name) => name !== "").join(" ")}`;
  if (of !== trial) throw new InvalidInputError("a series of another trial", { where, expected: trial, received: of });
  if (!Number.isSafeInteger(networks) || networks < 1) {
    throw new InvalidInputError("not a number of networks", {
      where,
      expected: "an integer from 1",
      received: `${networks}`,
    });
  }
  const [rows, epochs, values] = [columns.steps, columns.epochs, columns.values].map(({ length }) => length);
  if (epochs === rows && values === rows * networks) return;
  throw new InvalidInputError("columns do not fit", {
    where,
    expected: `${rows} epochs and ${rows * networks} values`,
    received: `${epochs} and ${values}`,
  });
}

/** Checks that all blocks of a series have the same number of networks. @throws InvalidInputError */
export function checkNetworks(where: string, known: number, networks: number): void {
  if (networks === known) return;
  throw new InvalidInputError("a series has one number of networks", {
    where,
    expected: `${known}`,
    received: `${networks}`,
  });
}
