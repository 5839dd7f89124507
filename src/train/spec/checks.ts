// What can be said to be wrong with a trial before anything runs.

import { InvalidInputError } from "../../core/errors.js";
import { dtypeTable } from "../../core/numbers/dtype.js";
import { sameShape, shapeText, sizeOf } from "../../core/numbers/shape.js";
import type { Dataset } from "../../data/dataset.js";
import { nodesOf } from "../../graph/order.js";
import { fitsOutput, targetForm } from "../../nn/losses/loss.js";
import type { Loss } from "../../nn/losses.js";
import type { Network } from "../../nn/network.js";
import type { Packing } from "../program/packing.js";
import type { StateLayout } from "../program/state-layout.js";
import type { TrialSpec } from "./trial-spec.js";

/** What a browser's 32-bit WebAssembly can address. */
const smallestMemory = 2 ** 32;

/**
 * Throws InvalidInputError when state and gradients, or the values of one layer, cannot fit the memory: before anything
 * is allocated. State is held twice, before and after a segment.
 */
export function checkMemory(network: Network, layout: StateLayout, memoryBytes = smallestMemory): void {
  const size = (packing: Packing): number => packing.reduce((sum, { length }) => sum + length, 0);
  const [trained, held] = [size(layout.parameters), size(layout.buffers)];
  const bytes = 4 * (2 * (trained * (1 + Object.keys(layout.slots).length) + held) + trained);
  const limit = `at most ${gigabytes(memoryBytes)}, the memory of this machine`;
  if (!(bytes <= memoryBytes)) {
    throw new InvalidInputError("the model is too large to be trained here", {
      where: "model",
      expected: limit,
      received: `${countText(trained)} parameters, which need ${gigabytes(bytes)} with gradients and optimizer state`,
      remedy: "Use a smaller model",
    });
  }
  for (const { op, scope, outputs } of nodesOf({
    inputs: network.inputs,
    outputs: [{ name: "", tensor: network.output }],
  })) {
    const values = outputs.reduce((sum, { dtype, shape }) => sum + dtypeTable[dtype].bytes * sizeOf(shape), 0);
    if (values <= memoryBytes) continue;
    throw new InvalidInputError("the values of one layer need too much memory", {
      where: scope ?? `model (${op.name})`,
      expected: limit,
      received: `${gigabytes(values)} for ${shapeText(outputs[0].shape)}`,
      remedy: "Use a smaller model or batch",
    });
  }
}

const gigabytes = (bytes: number): string => `${countText(bytes / 1e9)} GB`;
const countText = (count: number): string => count.toLocaleString("en-US", { maximumSignificantDigits: 4 });

/**
 * Throws InvalidInputError when data that a layer reads as tokens hold other numbers: ONNX counts negative ones from the
 * end and cuts fractions off, so that nothing else would tell. Data that are streamed are not looked through.
 */
export function checkTokens({ tokens }: Network, data: Dataset, scaling: TrialSpec["data"]["scaling"]): void {
  if (tokens === undefined || scaling !== "raw") return;
  for (const [name, { inputs }] of splits(data)) {
    if (!("data" in inputs)) continue;
    const values = inputs.data as ArrayLike<number | bigint>;
    const isToken = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < tokens.count;
    for (let i = 0; i < values.length; i++) {
      if (isToken(Number(values[i]))) continue;
      throw new InvalidInputError("not a token", {
        where: `${name} example ${Math.floor(i / (values.length / inputs.shape[0]))} of ${data.title}`,
        expected: `whole numbers from 0 to ${tokens.count - 1} for ${tokens.where}`,
        received: `${values[i]}`,
      });
    }
  }
}

/** Throws InvalidInputError unless the data's targets are what the loss wants and the model's output reaches them. */
export function checkTargets({ output }: Network, loss: Loss, data: Dataset): void {
  if (targetForm(loss.targets).dataKind === "class") checkClasses(output.shape, loss, data);
  else checkValues(output.shape, loss, data);
}

/** One number for each class in the place of the class's number. @throws InvalidInputError that names the option. */
function checkNotEncoded(output: readonly number[], data: Dataset): void {
  const [, classes = 1] = output;
  for (const [name, { targets }] of splits(data)) {
    if (classes < 2 || !sameShape(output.slice(1), targets.shape.slice(1))) continue;
    throw new InvalidInputError("this loss needs class numbers", {
      where: `${name} targets of ${data.title}`,
      expected: `int32 [${["examples", ...output.slice(2)].join(", ")}]`,
      received: `${targets.dtype} ${shapeText(targets.shape)}, one number for each class`,
      remedy:
        "For one-hot targets, or probabilities of classes, give crossEntropy or categoricalCrossEntropy probabilities: true (--probabilities)",
    });
  }
}

function checkClasses(output: readonly number[], loss: Loss, data: Dataset): void {
  checkNotEncoded(output, data);
  for (const [name, { targets }] of splits(data)) {
    if (targets.dtype === "int32") continue;
    throw new InvalidInputError("this loss needs class numbers", {
      where: `${name} targets of ${data.title}`,
      expected: "int32 [examples]",
      received: `${targets.dtype} ${shapeText(targets.shape)}`,
      remedy: 'Use { "kind": "meanSquaredError" } for values',
    });
  }
  const classes = data.classes?.length ?? 1;
  const positions = data.train.targets.shape.slice(1);
  const fits = output.length >= 2 && output[1] >= classes && sameShape(output.slice(2), positions);
  if (!fits) {
    const wanted = `${data.classes?.length ?? "classes"}`;
    throw new InvalidInputError(`the model's output does not fit ${data.title}`, {
      where: "model",
      expected: `an output of shape [${["batch", wanted, ...positions].join(", ")}]`,
      received: shapeText(output),
      ...(positions.length === 0 ? { remedy: `End the model with dense({ units: ${wanted} })` } : {}),
    });
  }
  checkRange(
    data,
    [0, output[1] - 1],
    "a class number is out of range",
    ", the outputs of the model",
    loss.ignoreIndex,
  );
}

function checkValues(output: readonly number[], loss: Loss, data: Dataset): void {
  const { dataKind, range, about } = targetForm(loss.targets);
  for (const [name, { targets }] of splits(data)) {
    const isReadable = targets.dtype === "float32" || (targets.dtype === "int32" && dataKind === undefined);
    if (isReadable && fitsOutput(output.slice(1), targets.shape.slice(1))) continue;
    throw new InvalidInputError("the model's output does not fit the targets", {
      where: `${name} targets of ${data.title}`,
      expected: `float32 [${["examples", ...output.slice(1)].join(", ")}], as the model's output`,
      received: `${targets.dtype} ${shapeText(targets.shape)}`,
    });
  }
  if (range !== undefined) checkRange(data, range, "a target is out of range", `: ${about}`);
}

/** A class beyond the logits would count as a loss of zero, a label beyond 1 as one without a bound. */
function checkRange(
  data: Dataset,
  [least, most]: readonly [number, number],
  problem: string,
  what: string,
  ignored?: number,
): void {
  for (const [name, { targets }] of splits(data)) {
    const values = targets.data as Int32Array | Float32Array;
    const at = values.findIndex((value) => !(value >= least && value <= most) && value !== ignored);
    if (at === -1) continue;
    const size = values.length / targets.shape[0];
    throw new InvalidInputError(problem, {
      where: `${name} target ${Math.floor(at / size)} of ${data.title}`,
      expected: `${least} to ${most}${what}`,
      received: `${values[at]}`,
    });
  }
}

const splits = ({ train, validation, test }: Dataset) =>
  Object.entries({ train, validation, test }).flatMap(([name, split]) =>
    split === undefined ? [] : [[name, split] as const],
  );
