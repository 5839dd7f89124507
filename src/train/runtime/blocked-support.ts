// Whether a runtime has convolutions over blocked channels, and how large its blocks are: tried where the
// runtime lists their domain.

import { sizeOf } from "../../core/numbers/shape.js";
import { type TensorData, tensorData } from "../../core/numbers/tensor-data.js";
import { randomStream } from "../../core/random/rng.js";
import { input } from "../../graph/build.js";
import { graph, rewriteGraph } from "../../graph/graph.js";
import { blockedDomain } from "../../graph/ops/windows/blocked-operators.js";
import { filledBlocks } from "../../graph/ops/windows/blocks.js";
import { conv } from "../../graph/ops/windows/convolution.js";
import { blockedConvolutions } from "../../graph/passes/blocked-convolution.js";
import { evaluateGraph } from "../../graph/reference/evaluate.js";
import { fromTensorData } from "../../graph/reference/nd-array.js";
import type { Network } from "../../nn/network.js";
import { writeOnnx } from "../../onnx/write.js";
import type { Runtime } from "./runtime.js";
import { runtimeTarget } from "./runtime-target.js";

// Longest vectors first: 16 floats with AVX-512, 8 with AVX2.
const candidates = [16, 8];

const known = new WeakMap<Runtime, Promise<number | undefined>>();

/**
 * Channels of a block, or `undefined` where the runtime has no blocked convolution (browsers, other processors). A
 * runtime is asked once.
 */
export function convolutionBlock(runtime: Runtime): Promise<number | undefined> {
  let found = known.get(runtime);
  if (found === undefined) {
    found = firstThatWorks(runtime);
    known.set(runtime, found);
  }
  return found;
}

/** Whether a network has anything to gain: a convolution with kernels of several places whose filters fill blocks. */
export function mayBeBlocked({ parameters, frozen }: Network): boolean {
  const smallest = Math.min(...candidates);
  return [...parameters, ...frozen].some(({ tensor: { shape } }) => {
    const [filters, , ...kernel] = shape;
    return kernel.length === 2 && sizeOf(kernel) > 1 && filledBlocks(filters, smallest) !== null;
  });
}

async function firstThatWorks(runtime: Runtime): Promise<number | undefined> {
  if (!Object.hasOwn(runtime.capabilities.domains, blockedDomain)) return undefined;
  for (const block of candidates) if (await works(runtime, block)) return block;
  return undefined;
}

/** A block of the wrong size runs as well, and gives wrong numbers. */
async function works(runtime: Runtime, block: number): Promise<boolean> {
  const shapes = { x: [1, 2 * block, 5, 4], w: [block, 2 * block, 3, 3], bias: [block] };
  const [x, w, bias] = Object.entries(shapes).map(([name, shape]) => input(name, "float32", shape));
  const plain = graph([x, w, bias], { y: conv(x, w, bias, { pads: [1, 1, 1, 1] }) });
  const values = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]): [string, TensorData] => {
      const stream = randomStream(1, `blocked ${name}`);
      return [
        name,
        tensorData(
          "float32",
          shape,
          Float32Array.from({ length: sizeOf(shape) }, (_, i) => stream.normal(i)),
        ),
      ];
    }),
  );
  const [expected] = evaluateGraph(plain, Object.values(values).map(fromTensorData));
  const model = writeOnnx(
    rewriteGraph(plain, blockedConvolutions({ ...runtimeTarget(runtime), blockedChannels: block })),
    { name: "blocked convolution" },
  );
  try {
    const session = await runtime.load(model, { threads: 1, spinning: false });
    try {
      const { outputs } = await session.run({ feeds: values, fetch: ["y"] });
      const found = outputs.y.data as Float32Array;
      return (
        found.length === expected.data.length && expected.data.every((value, i) => Math.abs(value - found[i]) < 1e-3)
      );
    } finally {
      await session.dispose();
    }
  } catch {
    // Its domain is there, but no kernel for this processor.
    return false;
  }
}
