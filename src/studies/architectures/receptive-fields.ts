// Receptive fields of plain stacks of convolutions: by inspection, by shape rules alone, and by formulas.
import { ShapeError } from "../../core/errors.js";
import { receptiveFields } from "../../inspect/field/receptive-field.js";
import { layerSubject } from "../../inspect/subject/layer-subject.js";
import { isKnown } from "../../inspect/subject/values.js";
import { conv1d, sequential } from "../../nn/index.js";
import type { LayerSpec } from "../../nn/layer.js";
import { buildNetwork } from "../../nn/network.js";
import { fieldOf } from "./accounted.js";

/** One convolution of a stack. */
export interface Window {
  readonly kernel: number;
  /** Default 1. */
  readonly stride?: number;
  /** Default 1. */
  readonly dilation?: number;
}

/** N equal convolutions. */
export const stackOf = (layers: number, kernel: number, stride = 1): Window[] =>
  Array.from({ length: layers }, () => ({ kernel, stride }));

/** Longer than any field here. Only shapes are computed, so the length is free. */
const ample = 4096;

/** The inspection of a stack's last convolution: receptive field, and distance between the fields of neighbors. */
export function stackField(windows: readonly Window[]): { size: number; stride: number } {
  const subject = layerSubject(sequential(stackLayers(windows)), { inputShape: [1, ample] });
  const [{ value }] = subject.outputs;
  const field = isKnown(value) ? receptiveFields(subject).get(value) : undefined;
  return fieldOf({ receptiveField: field ?? null });
}

/**
 * The smallest input that the stack accepts without padding, found by its shape rules alone, which know nothing about
 * receptive fields. One output element reads exactly its receptive field, so the two numbers are equal. A stack that accepts
 * an input also accepts longer ones, so binary search finds the smallest.
 */
export function smallestInput(windows: readonly Window[]): number {
  let [refused, read] = [0, 1];
  while (!reads(windows, read)) [refused, read] = [read, 2 * read];
  while (read - refused > 1) {
    const middle = Math.floor((refused + read) / 2);
    if (reads(windows, middle)) read = middle;
    else refused = middle;
  }
  return read;
}

function reads(windows: readonly Window[], extent: number): boolean {
  try {
    buildNetwork(sequential(stackLayers(windows)), { mode: "inference", batchSize: 1, inputShape: [1, extent] });
    return true;
  } catch (cause) {
    if (cause instanceof ShapeError) return false;
    throw cause;
  }
}

const stackLayers = (windows: readonly Window[]): LayerSpec[] =>
  windows.map((window) => conv1d({ filters: 1, ...window }));

/** `r = 1 + sum over l of d_l (k_l - 1) prod over i < l of s_i` (Araujo, Norris and Sim, Distill 2019). */
export function truthOf(windows: readonly Window[]): number {
  let [size, jump] = [1, 1];
  for (const { kernel, stride = 1, dilation = 1 } of windows) {
    size += dilation * (kernel - 1) * jump;
    jump *= stride;
  }
  return size;
}

/** The report's formula, in which every layer has the product of all N - 1 strides: `1 + N (F - 1) S^(N - 1)`. */
export const printedFormula = (layers: number, kernel: number, stride: number): number =>
  1 + layers * (kernel - 1) * stride ** (layers - 1);

/** One case of the identity: a stack of `layers` convolutions with kernel size `kernel` and stride 1. */
export interface IdentityCheck {
  readonly layers: number;
  readonly kernel: number;
  /** N F - N + 1. */
  readonly formula: number;
  readonly instrument: number;
  readonly smallestInput: number;
}

/** The identity of stacked convolutions, checked for every pair of a grid. */
export function checkIdentity(depths: readonly number[], kernels: readonly number[]): IdentityCheck[] {
  return depths.flatMap((layers) =>
    kernels.map((kernel) => {
      const windows = stackOf(layers, kernel);
      return {
        layers,
        kernel,
        formula: layers * kernel - layers + 1,
        instrument: stackField(windows).size,
        smallestInput: smallestInput(windows),
      };
    }),
  );
}

export const identityDepths = [1, 2, 3, 4, 5, 6, 8, 10] as const;
export const identityKernels = [1, 2, 3, 5, 7, 11] as const;

/** Whether all three numbers of a case are equal. */
export const agrees = ({ formula, instrument, smallestInput: smallest }: IdentityCheck): boolean =>
  formula === instrument && formula === smallest;
