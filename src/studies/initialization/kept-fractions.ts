// Fractions of the values that were kept of activations, network by network.
import type { Samples } from "../../study/analysis/samples.js";
import type { StudyResults } from "../../study/definition.js";
import type { ActivationId, Cell, InitializerId } from "./networks.js";
import { keptValues, pathOf, trialsOf } from "./readings.js";
import type { InitializationSettings } from "./settings.js";

/** For every network on MNIST, the fraction of kept outputs of its hidden layers for which `holds` is true. */
export function keptFraction(
  results: StudyResults,
  { hiddenLayers, units }: Pick<InitializationSettings, "hiddenLayers" | "units">,
  activation: ActivationId,
  initializer: InitializerId,
  holds: (output: number) => boolean,
): Samples {
  const cell: Cell = { network: "mnist", activation, initializer, hiddenLayers, units };
  const layers = Array.from({ length: hiddenLayers }, (_, i) => i + 1);
  const trials = trialsOf(results, "untrained", cell);
  const values = trials.flatMap((trial) => {
    const kept = layers.flatMap((layer) =>
      keptValues(trial, pathOf(cell, "activations", layer), "activations", "start"),
    );
    return Array.from({ length: trial.networks }, (_, network) =>
      kept.filter((one) => one.network === network),
    ).flatMap((own, network) =>
      own.length === 0
        ? []
        : [
            {
              ...{ replicate: trial.replicate, network },
              value: own.filter(({ value }) => holds(value)).length / own.length,
            },
          ],
    );
  });
  return { values, of: trials.reduce((sum, { networks }) => sum + networks, 0) };
}
