// The phase diagram of tanh networks: where gradients vanish, where they explode, and where the initializers stand.
import type { Figure } from "../../../figures/figure.js";
import { scatterFigure } from "../../../figures/scatter-figure.js";
import { edgeOfChaos } from "../../../probes/mean-field.js";
import { type InitializerId, initializationOf } from "../networks.js";
import type { InitializationSettings } from "../settings.js";
import { functionOf } from "../theory.js";

/** Variances of pre-activations along the edge, dense near 0 where it is steep. */
const variances = Array.from({ length: 80 }, (_, i) => 3 * ((i + 1) / 80) ** 3);

/** The standard deviations of a hidden layer's weights, times `sqrt(fanIn)`, and of its biases. */
export function placeOf(initializer: InitializerId, units: number): { readonly x: number; readonly y: number } {
  const { weightVariance, biasVariance } = initializationOf(initializer);
  return { x: Math.sqrt(units * weightVariance(units, units)), y: Math.sqrt(biasVariance(units)) };
}

export function phaseFigure({ units, deviations, initializers }: InitializationSettings): Figure[] {
  const edge = edgeOfChaos(functionOf("tanh"), variances).map(({ weightDeviation, biasDeviation }) => ({
    x: weightDeviation,
    y: biasDeviation,
  }));
  const all = [...deviations.map((deviation): InitializerId => `normal${deviation}`), ...initializers];
  // Several initializers are one and the same place for square layers.
  const places = new Map<string, { x: number; y: number; names: string[] }>();
  for (const initializer of all) {
    const place = placeOf(initializer, units);
    const key = `${place.x.toFixed(2)} ${place.y.toFixed(2)}`;
    const known = places.get(key) ?? { ...place, names: [] };
    known.names.push(initializationOf(initializer).title);
    places.set(key, known);
  }
  return [
    scatterFigure(
      [...places.values()].map(({ x, y, names }) => ({ name: names.join(", "), x, y })),
      {
        id: "phases",
        title: "The phase diagram of tanh, and where the initializers stand",
        subtitle: `Hidden layers of ${units} units; biases 0 but for PyTorch's default`,
        caption:
          "On the edge of chaos (chi = 1) a deep network keeps the size of gradients. Left of it signals of different inputs become equal and gradients vanish with depth, right of it small differences grow and gradients explode. Computed by mean-field theory (Poole and others, 2016; Schoenholz and others, 2017).",
        x: { title: "Deviation of weights times sqrt(fan-in)", scale: "linear" },
        y: { title: "Deviation of biases", scale: "linear" },
        lines: [{ label: "edge of chaos, chi = 1", places: edge }],
        notes: [
          { text: "ordered: gradients vanish", x: 0.9, y: 0.28 },
          { text: "chaotic: gradients explode", x: 2.3, y: 0.1 },
        ],
      },
    ),
  ];
}
