// An activation as a function of numbers: its values and slopes, by reference evaluation of the layer that training builds.

import { readSpec } from "../core/definition.js";
import { InvalidInputError } from "../core/errors.js";
import { filled, input } from "../graph/build.js";
import { gradients } from "../graph/gradient.js";
import { graph } from "../graph/graph.js";
import { evaluateGraph } from "../graph/reference/evaluate.js";
import type { Tensor } from "../graph/tensor.js";
import { activations } from "./activations.js";
import type { BuildContext, LayerPart, LayerSpec } from "./layer.js";

/** Values and slopes of an activation at any places, in float64. */
export interface PointwiseFunction {
  values(places: Float64Array): Float64Array;
  slopes(places: Float64Array): Float64Array;
}

/**
 * The function of an activation without parameters: `pointwise(gelu())`. Softmax, which looks at several numbers at once,
 * gives its values for one class.
 * @throws UnknownNameError for a layer that is no activation, InvalidInputError for one with parameters.
 */
export function pointwise(activation: LayerSpec): PointwiseFunction {
  const { definition, spec } = readSpec("activation", "activation", activations, activation);
  const part = definition as unknown as LayerPart<unknown>;
  const evaluated = (result: (x: Tensor, y: Tensor) => Tensor) => (places: Float64Array) => {
    const shape = [places.length, 1];
    const x = input("x", "float32", shape);
    const y = part.build(spec, x, context(activation.kind));
    const [found] = evaluateGraph(graph([x], { y: result(x, y) }), [{ dtype: "float32", shape, data: places }]);
    return Float64Array.from(found.data);
  };
  return {
    values: evaluated((_x, y) => y),
    slopes: evaluated((x, y) => {
      const [slope] = gradients({ of: y, withRespectTo: [x], cotangent: filled("float32", y.shape, 1) });
      return slope;
    }),
  };
}

/** What an activation may ask for while it is built: no parameters, buffers or random numbers. */
function context(kind: string): BuildContext {
  const refuse = (): never => {
    throw new InvalidInputError("not a function of one number", {
      where: `activation (${kind})`,
      expected: "an activation without parameters",
    });
  };
  return {
    ...{ mode: "training", where: `activation (${kind})`, parameter: refuse, startRowAtZero: refuse, buffer: refuse },
    ...{ updateBuffer: refuse, isFrozen: refuse, randomKey: refuse, tokens: refuse, child: refuse },
  };
}
