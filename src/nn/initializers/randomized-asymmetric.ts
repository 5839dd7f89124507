// Randomized asymmetric initialization: one positive entry in each row of weights and bias, to avoid dead ReLU
// networks.
import * as z from "zod";
import { ShapeError } from "../../core/errors.js";
import { shapeText, sizeOf } from "../../core/numbers/shape.js";
import { type DrawnParameter, defineInitializer, type Streams } from "./initializer.js";

/** The paper's value of deviation times sqrt(fanIn) that preserves the second moment from layer to layer. */
const spread = 0.6007;

/**
 * The weights and bias of a unit form a row of `fanIn + 1` entries, the bias last: N(0, 0.6007^2 / fanIn), except for
 * one entry, chosen at random, which is drawn from Beta(2, 1) and so is positive. Lu, Shin, Su and Karniadakis, "Dying
 * ReLU and initialization", 2019 (arXiv 1903.06733), section 4. Weight and bias share the rows, so both must use it; a
 * bias with another initializer leaves one row in `fanIn + 1` without its positive entry.
 */
export const randomizedAsymmetric = defineInitializer({
  kind: "randomizedAsymmetric",
  about: "normal with one positive entry in each row of weights and bias, for deep narrow ReLU networks",
  options: z.object({}),
  includesBias: true,
  sampler(_spec, parameter) {
    const { fanIn } = parameter.fans;
    const isBias = parameter.shape.length === 1;
    if (!isBias) checkRows(parameter);
    const deviation = spread / Math.sqrt(fanIn);
    return (streams: Streams) => {
      const [normals, places] = [streams.layer(0), streams.layer(1)];
      return (index) => {
        const unit = isBias ? index : Math.floor(index / fanIn);
        const entry = isBias ? fanIn : index % fanIn;
        const chosen = Math.floor(places.uniform(2 * unit) * (fanIn + 1));
        // The distribution function of Beta(2, 1) is x^2.
        if (entry === chosen) return Math.sqrt(places.uniform(2 * unit + 1));
        return deviation * normals.normal(unit * (fanIn + 1) + entry);
      };
    };
  },
});

/** Requires that a row of weights holds the inputs of one unit. */
function checkRows({ where, shape, fans }: DrawnParameter): void {
  const columns = sizeOf(shape.slice(1));
  if (columns === fans.fanIn) return;
  throw new ShapeError("randomizedAsymmetric fills the weights of dense layers and convolutions", {
    where,
    expected: `rows of ${fans.fanIn} weights, the inputs of one unit`,
    received: shapeText(shape),
  });
}
