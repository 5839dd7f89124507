// The settings and presets of the study.
import * as z from "zod";
import type { Presets } from "../../study/definition.js";
import { activations, initializers, targets } from "./networks.js";

const names = <Table extends Readonly<Record<string, unknown>>>(table: Table) =>
  Object.keys(table) as [keyof Table & string, ...(keyof Table & string)[]];

/** A list without repetitions; the first entry belongs to the base case. */
const levels = <Item extends z.ZodType>(item: Item, description: string) =>
  z
    .array(item)
    .min(1)
    .refine((list) => new Set(list.map(String)).size === list.length, { error: "each entry once" })
    .meta({ description });

export const settings = z.object({
  targets: levels(z.enum(names(targets)), "functions to learn; the first is the base case"),
  activations: levels(z.enum(names(activations)), "activations; the first is the base case"),
  initializers: levels(z.enum(names(initializers)), "initializers; the first is the base case"),
  everyCombination: z
    .boolean()
    .meta({ description: "train every combination, instead of changing one thing of the base case at a time" }),
  hiddenLayers: z.int().min(1).max(50).meta({ description: "hidden layers of the trained networks", unit: "layers" }),
  units: z.int().min(1).max(100).meta({ description: "units of each hidden layer", unit: "units" }),
  networks: z.int().min(2).max(100_000).meta({ description: "networks of the base case", unit: "networks" }),
  otherNetworks: z.int().min(2).max(100_000).meta({ description: "networks of every other case", unit: "networks" }),
  epochs: levels(z.int().min(1).max(1000), "passes over the data after which networks are judged"),
  depths: levels(z.int().min(1).max(50), "hidden layers at which untrained networks are compared with theory"),
  widths: levels(z.int().min(1).max(100), "units per layer at which untrained networks are compared with theory"),
  simulated: z
    .int()
    .min(100)
    .max(10_000_000)
    .meta({ description: "simulated networks for each width without exact theory", unit: "networks" }),
});

export type DyingReluSettings = z.output<typeof settings>;

const common = {
  activations: ["relu", "leakyRelu0.01", "leakyRelu0.1", "leakyRelu0.3", "elu", "gelu"],
  initializers: ["heNormal", "torchDefault", "kaimingUniform", "randomizedAsymmetric"],
  everyCombination: false,
  hiddenLayers: 10,
  units: 2,
} satisfies Partial<DyingReluSettings>;

const allTargets: DyingReluSettings["targets"] = ["x-sin-5x", "absolute-value", "step-sine"];

export const presets: Presets<DyingReluSettings> = {
  quick: {
    settings: {
      ...common,
      targets: allTargets,
      networks: 1000,
      otherNetworks: 300,
      epochs: [2],
      depths: [1, 2, 3, 5, 8, 10, 15, 20, 30],
      widths: [1, 2, 3, 5, 10],
      simulated: 10_000,
    },
    seeds: 1,
    about: "1,000 networks of the base case and 300 of every other, for 2 epochs",
  },
  standard: {
    settings: {
      ...common,
      targets: allTargets,
      networks: 1000,
      otherNetworks: 1000,
      epochs: [2, 20],
      depths: [1, 2, 3, 5, 8, 10, 15, 20, 30],
      widths: [1, 2, 3, 4, 5, 10],
      simulated: 100_000,
    },
    seeds: 1,
    about: "1,000 networks of every case, for 2 and 20 epochs",
  },
  paper: {
    settings: {
      ...common,
      targets: allTargets,
      networks: 10_000,
      otherNetworks: 1000,
      epochs: [2],
      depths: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30],
      widths: [1, 2, 3, 4, 5, 6, 8, 10],
      simulated: 100_000,
    },
    seeds: 1,
    about: "10,000 networks of the base case and 1,000 of every other, for 2 epochs",
  },
};

/** Few networks, so that a trial takes only a moment. */
export const smoke = {
  settings: {
    activations: ["relu", "leakyRelu0.01"],
    initializers: ["heNormal", "torchDefault"],
    networks: 20,
    otherNetworks: 10,
    epochs: [1],
    depths: [1, 2, 5],
    widths: [1, 2, 3],
    simulated: 200,
  } satisfies Partial<DyingReluSettings>,
  seeds: 1,
  about: "20 networks of the base case and 10 of every other, for 1 epoch",
};
