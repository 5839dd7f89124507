// What `trainscope train` trains on: a data set of the table or a user's own, and the order of its rows.

import { InvalidInputError } from "../../core/errors.js";
import { kebabCase } from "../../core/names.js";
import type { Dataset } from "../../data/dataset.js";
import { readNpy } from "../../data/formats/npy.js";
import { isSyntheticName, syntheticDataset } from "../../data/synthetic.js";
import { targetForm } from "../../nn/losses/loss.js";
import type { Loss } from "../../nn/losses.js";
import { isDataPath, loadUserData } from "../../node/data/user-data.js";
import type { DataUse } from "../../train/spec/data-use.js";
import { rowOrders, type TrialSpec } from "../../train/spec/trial-spec.js";
import type { CommandContext } from "../command-context.js";
import { loadForCommand } from "../load-data.js";
import { readLimited } from "./files.js";
import type { TrainCommandOptions } from "./options.js";

/** Options that only a user's own data has a use for. */
const ownDataOptions = ["inputs", "targets", "test", "testInputs", "testTargets", "imageSize"] as const;

/**
 * The data set that `--data` and what belongs to it stand for, with targets in the form that a loss takes, or without one
 * by their types.
 */
export async function readData(
  options: TrainCommandOptions,
  { targets, ignoreIndex }: Partial<Pick<Loss, "targets" | "ignoreIndex">>,
  context: CommandContext,
  signal: AbortSignal,
): Promise<Dataset> {
  const dataKind = targets === undefined ? undefined : targetForm(targets).dataKind;
  if (!isDataPath(options.data)) {
    const unused = ownDataOptions.find((name) => options[name] !== undefined);
    if (unused === undefined && isSyntheticName(options.data)) return syntheticDataset(options.data, dataKind);
    if (unused === undefined) return loadForCommand(options.data, { ...options, signal }, context);
    throw new InvalidInputError(`has no meaning for the data set "${options.data}"`, {
      where: `--${kebabCase(unused)}`,
      remedy: "Leave it out, or name a file with --data",
    });
  }
  const own = Object.fromEntries(
    ownDataOptions.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  );
  const { validationSplit } = options;
  return loadUserData(options.data, {
    ...own,
    ...(validationSplit === undefined || drawnValidation(options) !== undefined ? {} : { validationSplit }),
    ...(dataKind === undefined ? {} : { targetKind: dataKind }),
    ...(ignoreIndex === undefined ? {} : { ignoredClass: ignoreIndex }),
  });
}

/**
 * The validation split that is drawn from the training examples. Of files the last rows are taken instead, which may be
 * the latest, unless a seed is given.
 */
export function drawnValidation({ data, validationSplit, validationSeed }: TrainCommandOptions): DataUse["validation"] {
  if (validationSplit === undefined && validationSeed !== undefined) {
    throw new InvalidInputError("a seed without a share", {
      where: "--validation-seed",
      expected: "--validation-split as well",
      received: `${validationSeed}`,
    });
  }
  if (validationSplit === undefined || (isDataPath(data) && validationSeed === undefined)) return undefined;
  return { fraction: validationSplit, seed: validationSeed ?? 0 };
}

const orderBytes = 2 ** 31;

/** The order of the rows: by name, or row numbers from a file. */
export async function readOrder(order: string): Promise<{ order: TrialSpec["order"]; rows?: Int32Array }> {
  const named = rowOrders.find((name) => name === order);
  if (named !== undefined) return { order: named };
  if (!/\.npy$/i.test(order)) {
    throw new InvalidInputError("unknown order", {
      where: "--order",
      expected: `${rowOrders.join(", ")}, or a path that ends in .npy`,
      received: order,
    });
  }
  const { shape, data } = readNpy(await readLimited(order, orderBytes), order);
  const rows = new Int32Array(data.length);
  let wrong = -1;
  // Not as a list of numbers, which would take several times the memory of the file.
  for (let i = 0; i < data.length && wrong === -1; i++) {
    rows[i] = Number(data[i]);
    if (rows[i] < 0 || rows[i] !== Number(data[i])) wrong = i;
  }
  if (wrong !== -1 || rows.length === 0) {
    throw new InvalidInputError("not a list of row numbers", {
      where: wrong === -1 ? order : `${order}[${wrong}]`,
      expected: "integers from 0",
      received: wrong === -1 ? `an array of shape [${shape.join(", ")}]` : `${data[wrong]}`,
    });
  }
  return { order: "wrapping", rows };
}
