// The reach of one node: by the windows of its operator, its rule, or element by element.
import { sameShape } from "../../core/numbers/shape.js";
import type { WindowView } from "../op.js";
import { knownInputs } from "../ops/record/known-value.js";
import type { Node } from "../tensor.js";
import type { AxisReach, InputReach } from "./axis-reach.js";
import { mostPhases, pointwise } from "./reach.js";
import { coveredExtent } from "./window.js";

/**
 * The dependencies of the elements of one output, input by input; `undefined` if the operator does not declare them.
 * The axes of windows are those after batch and channels.
 */
export function reachOf({ op, inputs, outputs, attrs }: Node, output: number): readonly InputReach[] | undefined {
  if (op.window !== undefined) return [windowReach(op.window(inputs, attrs), op.cost(inputs, outputs, attrs).macs > 0)];
  const rule = op.reach ?? (op.batch === "elementwise" ? pointwise : undefined);
  return rule?.({ inputs: knownInputs(inputs), outputs, attrs, output });
}

/**
 * Whether every element of the only output depends only on the element of input `i` at the same position, so that a
 * runtime may overwrite that input. Derived from the reach; false if the operator does not declare it.
 */
export function actsByElement(node: Node, i: number): boolean {
  const [given, [result]] = [node.inputs[i], node.outputs];
  if (given === null || node.outputs.length !== 1 || !sameShape(given.shape, result.shape)) return false;
  const reach = reachOf(node, 0)?.[i];
  if (reach === undefined || reach === null) return false;
  return reach.every((one, axis) => one.kind === "same" && one.axis === axis && one.seesAll !== true);
}

/** Examples stay separate, channels are mixed if they are multiplied, and windows cover the other axes. */
function windowReach(window: WindowView, mixes: boolean): AxisReach[] {
  const { kernel, strides, dilations, padBegin, isTransposed } = window;
  const spatial = kernel.map((extent, i): AxisReach => {
    const [axis, stride, dilation, pad] = [i + 2, strides[i], dilations[i], padBegin[i]];
    if (isTransposed !== true) return { kind: "window", axis, kernel: extent, stride, dilation, pad };
    // Element u receives from those positions i whose window covers it: u + pad - covered + 1 <= i stride <= u + pad.
    const covered = coveredExtent(extent, dilation);
    const taps = Math.ceil(covered / stride);
    const start = (pad - (covered - 1) / 2) / stride;
    if (Math.max(stride, extent) > mostPhases) return { kind: "between", axis, taps, step: 1 / stride, start };
    const reads = { advance: 1, places: transposedReads({ kernel: extent, stride, dilation, pad }) };
    return { kind: "between", axis, taps, step: 1 / stride, start, reads };
  });
  return [{ kind: "same", axis: 0 }, mixes ? { kind: "all" } : { kind: "same", axis: 1 }, ...spatial];
}

interface WindowAxis {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pad: number;
}

/** Element i with tap t is added at position `u = i stride + t dilation - pad`. */
function transposedReads({ kernel, stride, dilation, pad }: WindowAxis): number[][] {
  const places = Array.from({ length: stride }, (): number[] => []);
  for (let tap = 0; tap < kernel; tap++) {
    const place = tap * dilation - pad;
    const phase = ((place % stride) + stride) % stride;
    places[phase].push((phase - place) / stride);
  }
  return places;
}
