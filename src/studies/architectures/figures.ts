// The figures: cost and memory of every layer, and the cost of the two inception modules, branch by branch.
import { barFigure, type Figure, lineFigure } from "../../figures/index.js";
import { fieldGrowthFigure } from "../../inspect/field/field-figures.js";
import type { Inspection } from "../../inspect/inspection.js";
import { layerCostFigure } from "../../inspect/inspection-figures.js";
import { type Accounted, type AccountedNetworks, branchesOf } from "./accounted.js";
import type { EffectiveField } from "./effective-fields.js";
import type { Measurements } from "./measurements.js";

export function figures({ networks, growth, effective }: Measurements): Figure[] {
  const { alexnet, vgg19 } = networks;
  return [
    named(layerCostFigure(listed(alexnet), alexnet), "alexnet-cost"),
    named(layerCostFigure(listed(vgg19), vgg19), "vgg19-cost"),
    memoryFigure(vgg19, "vgg19-memory"),
    fieldGrowthFigure(growth, { inputExtent: 224 }),
    effectiveFigure(effective),
    inceptionFigure(networks),
  ];
}

const named = (figure: Figure, id: string): Figure => ({ ...figure, id });

/** The inspection with the layers of the tables, under their names there. */
function listed({ inspection, layers }: Accounted): Inspection {
  return { ...inspection, layers: layers.map(({ name, record }) => ({ ...record, name })) };
}

/** The weight of every pixel along an axis in one output of stacked linear 3 x 3 layers. */
function effectiveFigure(fields: readonly EffectiveField[]): Figure {
  return lineFigure(
    fields.flatMap(({ layers, extent, profile }) =>
      profile.map((weight, place) => ({ variant: `${layers}`, x: place - (extent - 1) / 2, y: weight })),
    ),
    {
      id: "effective-field",
      title: "What an output of stacked 3 × 3 layers really sees",
      subtitle: "Uniform weights, no activation; gradients in float64",
      caption:
        "Gradient of one output, summed along the other axis. A line ends where the theoretical field ends; there the weight is next to nothing: the effective field grows as √n only.",
      variants: fields.map(({ layers, extent }) => ({ id: `${layers}`, title: `${layers} layers, field ${extent}` })),
      x: { name: "pixel", title: "Pixels from the center" },
      y: { name: "weight", title: "Fraction of the gradient" },
    },
  );
}

/** Bytes of every layer for one image in the forward pass: weights and activations. */
function memoryFigure({ title, inspection, layers }: Accounted, id: string): Figure {
  const [{ shape }] = inspection.inputs;
  return barFigure(
    layers.flatMap(({ name: layer, record }) => [
      { layer, part: "stored", metric: "parameters", value: 4 * record.parameters },
      { layer, part: "written", metric: "activations", value: record.activationBytes ?? 0 },
    ]),
    {
      id,
      title: `What the layers of ${title} hold for one image`,
      subtitle: `Input ${shape.slice(1).join(" × ")}, float32`,
      caption:
        "The first layers write most of what is written, the first dense layer stores most of what is stored. k, M and G are powers of 1000.",
      parts: [
        { id: "stored", title: "parameters" },
        { id: "written", title: "activations" },
      ],
      metrics: [
        { id: "parameters", title: "Parameters", unit: "bytes" },
        { id: "activations", title: "Activations", unit: "bytes" },
      ],
    },
  );
}

/** MACs, weights and output channels of both modules by branch, with reductions and projections separate. */
function inceptionFigure({ inceptionNaive, inceptionReduced }: AccountedNetworks): Figure {
  const rows = [inceptionNaive, inceptionReduced].flatMap((module) => {
    const layer = module.title.replace(/^.*, /, "");
    return branchesOf(module).flatMap(({ name, convolutions, channels }) => [
      ...convolutions.flatMap(({ macs, weights }, i) => {
        // Before the last convolution of a branch, and after a pooling, 1 x 1 filters only change the channels.
        const part = i < convolutions.length - 1 || name === "pooling" ? "reduction" : name;
        return [
          { layer, part, metric: "macs", value: macs ?? 0 },
          { layer, part, metric: "weights", value: weights },
        ];
      }),
      { layer, part: name, metric: "channels", value: channels },
    ]);
  });
  return barFigure(rows, {
    id: "inception",
    title: "What 1 × 1 reductions save in an inception module",
    subtitle: "Input 256 × 32 × 32",
    caption:
      "Naive: 3 × 3 and 5 × 5 filters read all 256 maps, and the pooling passes all of them on. Reduced: 1 × 1 filters before and after (“reductions”) leave them less to read. k, M and G are powers of 1000.",
    parts: [
      { id: "reduction", title: "1 × 1 reductions" },
      { id: "1 × 1", title: "1 × 1" },
      { id: "3 × 3", title: "3 × 3" },
      { id: "5 × 5", title: "5 × 5" },
      { id: "pooling", title: "pooling" },
    ],
    metrics: [
      { id: "macs", title: "MACs" },
      { id: "weights", title: "Weights" },
      { id: "channels", title: "Output channels" },
    ],
  });
}
