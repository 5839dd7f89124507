// The findings as exact numbers: size and cost of every network, receptive fields, and the savings of the inception module.
import type { Finding } from "../../core/findings.js";
import { exactEstimate } from "../../core/statistics/intervals.js";
import type { Inspection } from "../../inspect/inspection.js";
import { type Accounted, type AccountedNetworks, fieldOf } from "./accounted.js";
import { type Measurements, reduction } from "./measurements.js";

type FindingText = Pick<Finding, "id" | "title" | "unit">;

const exact = (text: FindingText, variant: string, value: number): Finding => ({
  ...text,
  variant,
  ...exactEstimate(value),
});

/** Quantities of every network. */
const quantities: readonly (FindingText & { read(inspection: Inspection): number })[] = [
  { id: "parameters", title: "Parameters", unit: "", read: ({ totals }) => totals.parameters },
  { id: "weights", title: "Weights without biases", unit: "", read: ({ totals }) => totals.weights },
  { id: "biases", title: "Biases", unit: "", read: ({ totals }) => totals.biases },
  { id: "macs", title: "Multiply-accumulates (MACs) an image", unit: "", read: ({ totals }) => totals.macs },
  {
    id: "flops",
    title: "FLOPs an image: twice the MACs, and one for every other operation",
    unit: "",
    read: ({ totals }) => totals.flops,
  },
  {
    id: "activations",
    title: "Activations an image: input, convolutions, poolings, joined branches and dense layers",
    unit: "",
    read: ({ totals }) => totals.activationsInPlace,
  },
  {
    id: "productActivations",
    title: "Outputs of convolutions and dense layers an image",
    unit: "",
    read: ({ totals }) => totals.productActivations,
  },
];

export function findings({ networks, effective }: Measurements): Finding[] {
  const sizes = quantities.flatMap(({ read, ...text }) =>
    Object.entries(networks).map(([variant, { inspection }]) => exact(text, variant, read(inspection))),
  );
  const deviations = effective.map(({ layers, deviation }) =>
    exact(
      { id: "effectiveDeviation", title: "Effective receptive field: standard deviation", unit: "pixels" },
      effectiveVariant(layers),
      deviation,
    ),
  );
  return [...sizes, ...fields(networks), ...deviations, ...savings(networks)];
}

/** Variant id of a stack of 3 x 3 layers. */
export const effectiveVariant = (layers: number): string => `stack${layers}`;

/** The networks whose field after the last pooling is a finding. */
function fields(networks: AccountedNetworks): Finding[] {
  const ends = Object.entries(networks).flatMap(([variant, network]) => {
    const last = lastPooling(network);
    return last === undefined ? [] : [{ variant, ...fieldOf(last) }];
  });
  const size = { id: "receptiveField", title: "Receptive field after the last pooling", unit: "pixels" };
  const stride = { id: "receptiveFieldStride", title: "Stride of receptive fields there", unit: "pixels" };
  return [
    ...ends.map((end) => exact(size, end.variant, end.size)),
    ...ends.map((end) => exact(stride, end.variant, end.stride)),
  ];
}

/** The last pooling that shrinks its map; undefined for modules, whose pooling keeps the size. */
export function lastPooling({ layers }: Accounted) {
  return layers.findLast(({ record: { kernel, parameters, stride } }) => {
    return kernel !== undefined && parameters === 0 && Math.max(...(stride ?? [])) > 1;
  })?.record;
}

function savings(networks: AccountedNetworks): Finding[] {
  const { ratio, savingPercent, factor } = reduction(networks);
  const variant = "inceptionReduced";
  return [
    exact({ id: "inceptionRatio", title: "MACs as a part of the naive module's", unit: "" }, variant, ratio),
    exact({ id: "inceptionSaving", title: "MACs saved over the naive module", unit: "%" }, variant, savingPercent),
    exact({ id: "inceptionFactor", title: "MACs of the naive module over its own", unit: "" }, variant, factor),
  ];
}
