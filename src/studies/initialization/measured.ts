// Estimates by the id of a finding, for the rules of claims.
import type { Estimate } from "../../core/statistics/intervals.js";
import { meanOf, paired, type Samples } from "../../study/analysis/samples.js";
import type { StudyResults } from "../../study/definition.js";
import { type Quantity, type QuantityId, quantities } from "./findings.js";
import type { ActivationId, Cell, InitializerId, NetworkId } from "./networks.js";
import { trialsOf } from "./readings.js";
import type { InitializationSettings } from "./settings.js";

/** Asks for the numbers of a run as the claims need them: `measured.of("zeroFraction", "relu", "heNormal", 3)`. */
export interface Measured {
  readonly hiddenLayers: number;
  readonly units: number;
  samples(quantity: QuantityId, activation: ActivationId, initializer: InitializerId, layer: number): Samples;
  /** The mean over networks with its interval; undefined if no network has a number. */
  of(quantity: QuantityId, activation: ActivationId, initializer: InitializerId, layer: number): Estimate | undefined;
  /** One estimate per hidden layer; empty if some layer has none. */
  layers(quantity: QuantityId, activation: ActivationId, initializer: InitializerId): Estimate[];
  /** The largest difference between two initializers over the layers, network by network; undefined if one is missing. */
  largestDifference(
    quantity: QuantityId,
    activation: ActivationId,
    a: InitializerId,
    b: InitializerId,
  ): number | undefined;
  /** The difference between two activations in the first hidden layer, network by network. */
  firstDifference(
    quantity: QuantityId,
    initializer: InitializerId,
    a: ActivationId,
    b: ActivationId,
  ): Estimate | undefined;
}

/** The numbers of the report's network, or of another. */
export function measuredIn(
  results: StudyResults,
  { hiddenLayers, units }: Pick<InitializationSettings, "hiddenLayers" | "units">,
  network: NetworkId = "mnist",
): Measured {
  const numbers = Array.from({ length: hiddenLayers }, (_, i) => i + 1);
  const samples: Measured["samples"] = (id, activation, initializer, layer) => {
    const cell: Cell = { network, activation, initializer, hiddenLayers, units };
    const quantity: Quantity = quantities[id];
    return quantity.measured(trialsOf(results, "untrained", cell), cell, layer);
  };
  const of: Measured["of"] = (...place) => meanOf(samples(...place));
  return {
    ...{ hiddenLayers, units, samples, of },
    layers(id, activation, initializer) {
      const found = numbers.flatMap((layer) => of(id, activation, initializer, layer) ?? []);
      return found.length === hiddenLayers ? found : [];
    },
    largestDifference(id, activation, a, b) {
      const gaps = numbers.map((layer) => paired(samples(id, activation, a, layer), samples(id, activation, b, layer)));
      if (gaps.some((gap) => gap === undefined)) return undefined;
      return Math.max(...gaps.flatMap((gap) => gap?.interval ?? [gap?.value ?? 0]).map(Math.abs));
    },
    firstDifference: (id, initializer, a, b) => paired(samples(id, a, initializer, 1), samples(id, b, initializer, 1)),
  };
}
