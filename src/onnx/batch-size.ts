// Builds models that were exported for a fixed batch size with another batch size.
//
// Their inputs have N on axis 0, and constants may repeat it: Reshape to [N, 400], Expand to [N, 1, 8]. The model is
// built twice: first with its own N, which gives every shape, then with the requested batch size. Where a baked-in
// shape meets an input whose batch axis has changed, comparing the two builds identifies the one size that carries the
// batch.
import { InvalidInputError } from "../core/errors.js";
import { type Shape, sameShape, shapeText, sizeOf } from "../core/numbers/shape.js";
import { constantValue, int64s } from "../graph/build.js";
import { expand } from "../graph/ops/movement/shape-movement.js";
import type { Tensor } from "../graph/tensor.js";
import type { NodeProto } from "./file/generated/onnx_pb.js";
import { integer } from "./file/read-values.js";
import type { BuildOptions } from "./forms/graph-builder.js";
import { operatorKey } from "./forms/node-form.js";

/** The inputs and outputs of a node when the model was built with its own batch size. */
interface Seen {
  readonly inputs: readonly (Tensor | null)[];
  readonly outputs: readonly (Tensor | undefined)[];
}

/** The nodes of the model at its own batch size. Fill it with `onNode`, then build again with `adaptedTo`. */
export class OwnBatch {
  readonly #seen = new Map<NodeProto, Seen>();
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  readonly onNode: NonNullable<BuildOptions["onNode"]> = (node, inputs, outputs) => {
    this.#seen.set(node, { inputs, outputs });
  };

  /** Options for a build that replaces the baked-in batch size. */
  adaptedTo(batchSize: number): Pick<BuildOptions, "adapt" | "onNode"> {
    const merged: MergedAxes = new Map();
    const pending = new Map<NodeProto, number>();
    return {
      adapt: (node, inputs, where) => {
        const seen = this.#seen.get(node);
        const key = operatorKey(node);
        if (seen === undefined || !Object.hasOwn(adapters, key)) return inputs;
        const adaptation = { node, inputs, seen, where, from: this.#size, to: batchSize, merged, pending };
        return adapters[key](adaptation);
      },
      onNode: (node, _inputs, [output]) => {
        const outer = pending.get(node);
        if (outer !== undefined && output !== undefined) merged.set(output, outer);
      },
    };
  }
}

/** Tensors with an axis that merges the batch with outer axes (`[steps * batch, ...]`), and the size of the outer part. */
type MergedAxes = Map<Tensor, number>;

interface Adaptation {
  readonly node: NodeProto;
  readonly inputs: readonly (Tensor | null)[];
  readonly seen: Seen;
  readonly where: string;
  readonly from: number;
  readonly to: number;
  readonly merged: MergedAxes;
  /** The same for the outputs of nodes that are about to be built. */
  readonly pending: Map<NodeProto, number>;
}

type Adapter = (adaptation: Adaptation) => readonly (Tensor | null)[];

/** The value of a shape input that is the same at both batch sizes, so it was not computed from the batch size. */
function bakedIn({ inputs, seen }: Adaptation, at = 1): number[] | undefined {
  const [now, then] = [inputs[at], seen.inputs[at]].map((tensor) =>
    tensor === null || tensor === undefined ? undefined : constantValue(tensor)?.data,
  );
  const isSame =
    now !== undefined && then !== undefined && now.length === then.length && now.every((v, i) => v === then[i]);
  return isSame ? [...now] : undefined;
}

/** The axis whose size changed with the batch, if there is exactly one. */
function changedAxis(before: Shape, after: Shape, { from, to }: Adaptation): number | undefined {
  if (before.length !== after.length || sameShape(before, after)) return undefined;
  const changed = before.flatMap((extent, axis) => (extent === after[axis] ? [] : [axis]));
  return changed.length === 1 && after[changed[0]] * from === before[changed[0]] * to ? changed[0] : undefined;
}

/** Outer size of the axis that carries the batch: 1 unless an earlier Reshape merged another axis into it. */
function outerPart(x: Tensor, axis: number, { merged }: Adaptation): number {
  let next: Tensor | undefined = x;
  for (let steps = 0; next !== undefined && steps < 1000; steps++) {
    const known = merged.get(next);
    if (known !== undefined) return known;
    // Row-wise operators keep the axis, even if a Transpose moves it.
    const extent = x.shape[axis];
    next = next.node?.inputs.find((input) => input?.shape.includes(extent)) ?? undefined;
  }
  return 1;
}

/**
 * Reshape keeps the order of elements, so the number of elements before the batch axis is the same before and after.
 * The result axis at that offset carries the batch: alone, merged with later axes (`[steps, batch * heads, size]`), or
 * merged with earlier axes (`[steps * batch, size]`). If several axes fit a batch of 1, an axis of size 1 is preferred,
 * and the last axis is chosen last.
 */
const adaptReshape: Adapter = (adaptation) => {
  const { node, inputs, seen, where, from, to, pending } = adaptation;
  const target = bakedIn(adaptation);
  const [x, old] = [inputs[0], seen.inputs[0]];
  if (target === undefined || x === null || old === null) return inputs;
  const axis = changedAxis(old.shape, x.shape, adaptation);
  const result = seen.outputs[0]?.shape;
  if (axis === undefined || result === undefined) return inputs;
  const inFront = sizeOf(old.shape.slice(0, axis)) * outerPart(x, axis, adaptation);
  const place = batchPlace(result, inFront, from);
  if (place === undefined) {
    throw new InvalidInputError(
      `the model was exported for batches of ${from}, and a shape does not show which axis is the batch`,
      {
        where,
        received: `${shapeText(old.shape)} to ${shapeText(target)}`,
        remedy: `Export it with a symbolic batch axis, or train with a batch size of ${from}, and with --drop-last if the examples are no multiple of it`,
      },
    );
  }
  pending.set(node, inFront / sizeOf(result.slice(0, place)));
  // -1 is inferred from the other axes, and 0 copies the size of the input.
  if (target[place] === -1 || (target[place] === 0 && place === axis)) return inputs;
  return [x, int64s(target.map((extent, i) => (i === place ? (result[i] / from) * to : extent)))];
};

function batchPlace(result: Shape, inFront: number, batch: number): number | undefined {
  const places = result.map((extent, i) => {
    const before = sizeOf(result.slice(0, i));
    const isPossible = inFront % before === 0 && (before * extent) % (inFront * batch) === 0;
    const startsThere = before === inFront;
    const rank =
      startsThere && extent === batch
        ? 0
        : startsThere && i < result.length - 1
          ? 1
          : before * extent === inFront * batch
            ? 2
            : 3;
    return { i, rank: isPossible ? rank : 4 };
  });
  const best = places.filter(({ rank }) => rank < 4).sort((a, b) => a.rank - b.rank || a.i - b.i)[0];
  return best?.i;
}

/** Expand to a shape with the batch: the axis of the old batch size gets the new one. */
const adaptExpand: Adapter = (adaptation) => {
  const { inputs, seen, from, to } = adaptation;
  const target = bakedIn(adaptation);
  const [x, old] = [inputs[0], seen.inputs[0]];
  if (target === undefined || x === null || old === null) return inputs;
  const axis = changedAxis(old.shape, x.shape, adaptation);
  const place =
    axis === undefined ? (from > 1 && target[0] === from ? 0 : undefined) : axis + target.length - x.shape.length;
  if (place === undefined || target[place] === 1) return inputs;
  return [x, int64s(target.map((extent, i) => (i === place ? (extent / from) * to : extent)))];
};

/** Initial states of zeros, one per example of the file's batch. */
const adaptConstantOfShape: Adapter = (adaptation) => {
  const { inputs, from, to } = adaptation;
  const target = bakedIn(adaptation, 0);
  const places = (target ?? []).flatMap((extent, i) => (extent === from ? [i] : []));
  if (target === undefined || from === 1 || places.length !== 1) return inputs;
  return [int64s(target.map((extent, i) => (i === places[0] ? to : extent)))];
};

/** Repeats a part that all examples share (a class token, initial states) to the size of the parts that grew. */
const adaptConcat: Adapter = (adaptation) => {
  const { node, inputs, seen, where, from, to } = adaptation;
  const given = node.attribute.find(({ name }) => name === "axis");
  const rank = inputs[0]?.shape.length ?? 0;
  const joined = given === undefined ? 0 : integer(where, given.i);
  const joinedAxis = joined < 0 ? joined + rank : joined;
  const grown = inputs.flatMap((x, i) => {
    const old = seen.inputs[i];
    const axis = x === null || old === null ? undefined : changedAxis(old.shape, x.shape, adaptation);
    return axis === undefined ? [] : [axis];
  });
  const [axis] = grown;
  if (axis === undefined || axis === joinedAxis || from !== 1) return inputs;
  return inputs.map((x) =>
    x === null || x.shape[axis] !== 1
      ? x
      : expand(
          x,
          x.shape.map((extent, i) => (i === axis ? to : extent)),
        ),
  );
};

/** Operators with a shape input that an exporter may have baked in, and operators that cannot broadcast. */
const adapters: Readonly<Record<string, Adapter>> = {
  Concat: adaptConcat,
  ConstantOfShape: adaptConstantOfShape,
  Expand: adaptExpand,
  Reshape: adaptReshape,
};
