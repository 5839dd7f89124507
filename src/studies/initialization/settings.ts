// The settings and presets of the study.
import * as z from "zod";
import type { Presets } from "../../study/definition.js";
import { activations, networks, scaledInitializers } from "./networks.js";

const names = <Table extends Readonly<Record<string, unknown>>>(table: Table) =>
  Object.keys(table) as [keyof Table & string, ...(keyof Table & string)[]];

/** A list without repetitions. */
const levels = <Item extends z.ZodType>(item: Item, description: string, least = 1) =>
  z
    .array(item)
    .min(least)
    .refine((list) => new Set(list.map(String)).size === list.length, { error: "each entry once" })
    .meta({ description });

/** Larger deviations overflow float32 within a few layers. */
const deviation = z.number().min(1e-6).max(10);

export const settings = z.object({
  networks: levels(z.enum(names(networks)), "networks: the report's on MNIST, deepreplay's block on points in a ball"),
  activations: levels(z.enum(names(activations)), "activations of the hidden layers"),
  initializers: levels(z.enum(names(scaledInitializers)), "initializers that scale with the size of a layer", 0),
  deviations: levels(deviation, "standard deviations of normal weights, the same in every layer", 0),
  blockDeviations: levels(deviation, "those of the block", 0),
  hiddenLayers: z.int().min(1).max(50).meta({ description: "hidden layers", unit: "layers" }),
  units: z.int().min(2).max(1000).meta({ description: "units of each hidden layer", unit: "units" }),
  untrained: z
    .int()
    .min(2)
    .max(1000)
    .meta({ description: "untrained networks of each kind, each with its own seed", unit: "networks" }),
  inputs: z
    .int()
    .min(10)
    .max(10_000)
    .meta({ description: "images or points on which networks are looked at, the first ones", unit: "examples" }),
  trained: levels(z.enum(names(networks)), "networks that are trained as well", 0),
  steps: z.int().min(1).max(100_000).meta({ description: "updates of a training", unit: "updates" }),
  readings: z
    .int()
    .min(1)
    .max(100)
    .meta({ description: "times that a training is looked at after its start", unit: "readings" }),
  learningRate: z.number().min(0).max(10).meta({ description: "learning rate of plain SGD" }),
  batchSize: z.int().min(1).max(4096).meta({ description: "examples per update", unit: "examples" }),
});

export type InitializationSettings = z.output<typeof settings>;

const everything = {
  networks: ["mnist", "block"],
  activations: ["tanh", "sigmoid", "relu", "leakyRelu", "elu", "gelu"],
  initializers: ["glorotNormal", "heNormal", "lecunNormal", "orthogonal", "torchDefault"],
  deviations: [0.1, 0.14, 0.28],
  blockDeviations: [0.01, 0.1, 0.14, 0.28, 1],
  hiddenLayers: 5,
  units: 100,
  learningRate: 0.1,
  batchSize: 64,
} satisfies Partial<InitializationSettings>;

export const presets: Presets<InitializationSettings> = {
  quick: {
    settings: { ...everything, untrained: 5, inputs: 500, trained: ["mnist"], steps: 100, readings: 4 },
    seeds: 1,
    about: "5 untrained networks of every kind; those on MNIST trained once, for 100 updates",
  },
  standard: {
    settings: { ...everything, untrained: 20, inputs: 1000, trained: ["mnist", "block"], steps: 600, readings: 6 },
    seeds: 3,
    about: "20 untrained networks of every kind; every kind trained with 3 seeds, for 600 updates",
  },
  paper: {
    settings: { ...everything, untrained: 50, inputs: 2000, trained: ["mnist", "block"], steps: 5000, readings: 10 },
    seeds: 10,
    about: "50 untrained networks of every kind; every kind trained with 10 seeds, for 5,000 updates",
  },
};

/** Few kinds and few updates, so that everything runs in seconds. */
export const smoke = {
  settings: {
    activations: ["tanh", "sigmoid", "relu"],
    initializers: ["glorotNormal", "heNormal"],
    deviations: [0.1],
    blockDeviations: [1],
    untrained: 2,
    inputs: 50,
    steps: 4,
    readings: 2,
  } satisfies Partial<InitializationSettings>,
  seeds: 1,
  about: "2 untrained networks of few kinds; those on MNIST trained once, for 4 updates",
};
