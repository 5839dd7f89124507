// The catalogue of models: each a function from a few options to a model spec.
import * as z from "zod";
import { define, readSpec } from "../core/definition.js";
import { InvalidInputError } from "../core/errors.js";
import { specFromText } from "../core/formats/text-form.js";
import { kindByName } from "../core/names.js";
import { relu, softmax, tanh } from "./activations.js";
import type { LayerSpec } from "./layer.js";
import { sequential } from "./layers/containers/sequential.js";
import { conv2d } from "./layers/convolution.js";
import { dense } from "./layers/dense.js";
import { dropout } from "./layers/dropout.js";
import { flatten } from "./layers/flatten.js";
import { batchNorm } from "./layers/normalization/batch-norm.js";
import { averagePool2d, maxPool2d } from "./layers/pooling.js";
import { alexnet } from "./models/alexnet.js";
import { densenet121 } from "./models/densenet.js";
import { googlenet } from "./models/googlenet.js";
import { inceptionNaive, inceptionReduced } from "./models/inception-modules.js";
import { miniGoogLeNet } from "./models/mini-googlenet.js";
import { mobilenetV2 } from "./models/mobilenet-v2.js";
import { resnet18, resnet34, resnet50, resnet101, resnet152 } from "./models/resnet.js";
import { squeezenet1_0, squeezenet1_1 } from "./models/squeezenet.js";
import { vgg11, vgg13, vgg16, vgg19 } from "./models/vgg.js";
import { visionTransformer } from "./models/vision-transformer.js";

interface ModelPart<S> {
  /** Shape of one example, if the model fixes it; a function if its options determine it. */
  readonly inputShape?: readonly number[] | ((spec: S) => readonly number[]);
  /** Reference for the docs. */
  readonly source?: string;
  model(spec: S): LayerSpec;
  /** Reads the options after the colon on the command line: `mlp:784-100-10`. */
  parse?(text: string): Record<string, unknown>;
}

const lenetOptions = z.object({
  /** Batch normalization: nowhere, after every hidden linear map, or on the input too. */
  batchNorm: z.enum(["none", "hidden", "everywhere"]).default("none"),
  /** Dropout of the inputs (0.2) and after every hidden activation (0.5). */
  dropout: z.boolean().default(false),
  classes: z
    .int()
    .positive()
    .default(10)
    .meta({ aliases: ["num_classes"] }),
});

type LenetSpec = z.output<typeof lenetOptions>;

/** Layers shared by both forms: before the first layer and around each activation. */
function lenetPieces(spec: LenetSpec) {
  const normalized = spec.batchNorm === "none" ? [] : [batchNorm()];
  return {
    entry: [
      ...(spec.batchNorm === "everywhere" ? [batchNorm()] : []),
      ...(spec.dropout ? [dropout({ rate: 0.2 })] : []),
    ],
    normalized,
    dropped: spec.dropout ? [dropout({ rate: 0.5 })] : [],
  };
}

/**
 * LeNet-5 (LeCun, Bottou, Bengio and Haffner, Proc. IEEE 86(11), 1998) in its modern form: ReLU, max-pooling, full
 * connections. 28 x 28 images, 61,706 parameters. Batch normalization comes before the activation (Ioffe and Szegedy,
 * ICML 2015), dropout after the pooling. Before the pooling, the largest of four values of which half are dropped and
 * the rest doubled would be nearly twice that of inference, so the running statistics of the next normalization would
 * be wrong.
 */
export const lenet5 = define({
  kind: "lenet5",
  about: "LeNet-5 with ReLU and max-pooling, for 28 x 28 images",
  options: lenetOptions,
  inputShape: [1, 28, 28],
  source: "LeCun, Bottou, Bengio and Haffner, Proc. IEEE 86(11), 1998",
  model(spec: LenetSpec): LayerSpec {
    const { entry, normalized, dropped } = lenetPieces(spec);
    const hidden = (layer: LayerSpec) => [layer, ...normalized, relu()];
    return sequential([
      ...entry,
      ...hidden(conv2d({ filters: 6, kernel: 5, padding: 2 })),
      maxPool2d({ kernel: 2 }),
      ...dropped,
      ...hidden(conv2d({ filters: 16, kernel: 5 })),
      maxPool2d({ kernel: 2 }),
      ...dropped,
      flatten(),
      ...hidden(dense({ units: 120 })),
      ...dropped,
      ...hidden(dense({ units: 84 })),
      ...dropped,
      dense({ units: spec.classes }),
    ]);
  },
});

/**
 * LeNet-5 as a published lab report coded it: tanh, average pooling, batch normalization *after* the activation, and a
 * softmax at the end although the loss applies one too. Kept to show the effect; not for real use.
 */
export const lenet5AsCoded = define({
  kind: "lenet5AsCoded",
  about: "LeNet-5 with the faults of a lab report (softmax before the loss), for comparison",
  options: lenetOptions,
  inputShape: [1, 28, 28],
  model(spec: LenetSpec): LayerSpec {
    const { entry, normalized, dropped } = lenetPieces(spec);
    const hidden = (layer: LayerSpec) => [layer, tanh(), ...normalized, ...dropped];
    return sequential([
      ...entry,
      ...hidden(conv2d({ filters: 6, kernel: 5, padding: 2 })),
      averagePool2d({ kernel: 2 }),
      ...hidden(conv2d({ filters: 16, kernel: 5 })),
      averagePool2d({ kernel: 2 }),
      ...hidden(conv2d({ filters: 120, kernel: 5 })),
      flatten(),
      ...hidden(dense({ units: 84 })),
      dense({ units: spec.classes }),
      softmax(),
    ]);
  },
});

/** Dense layers with ReLU between them: `mlp({ widths: [784, 100, 10] })`, inputs first. */
export const mlp = define({
  kind: "mlp",
  about: "dense layers with ReLU between them, as mlp:784-100-10 (inputs first)",
  options: z.object({
    widths: z.array(z.int().positive()).min(2).default([784, 100, 10]),
    dropoutInput: z.number().min(0).lt(1).default(0),
    dropoutHidden: z.number().min(0).lt(1).default(0),
  }),
  model(spec: { widths: number[]; dropoutInput: number; dropoutHidden: number }): LayerSpec {
    const dropped = (rate: number) => (rate === 0 ? [] : [dropout({ rate })]);
    const last = spec.widths.length - 2;
    const layers = spec.widths.slice(1).flatMap((units, i) => {
      const layer = dense(i === 0 ? { units, inputs: spec.widths[0] } : { units });
      return i === last ? [layer] : [layer, relu(), ...dropped(spec.dropoutHidden)];
    });
    return sequential([flatten(), ...dropped(spec.dropoutInput), ...layers]);
  },
  inputShape: ({ widths }: { widths: number[] }) => [widths[0]],
  parse(text: string) {
    if (!/^[1-9]\d{0,14}(?:-[1-9]\d{0,14})+$/.test(text)) {
      throw new InvalidInputError("invalid widths", {
        where: `model "mlp:${text}"`,
        expected: "at least two positive integers, separated by dashes",
        received: JSON.stringify(text),
        remedy: "Write mlp:784-100-10, say",
      });
    }
    return { widths: text.split("-").map(Number) };
  },
});

export const models = {
  lenet5,
  lenet5AsCoded,
  mlp,
  miniGoogLeNet,
  alexnet,
  vgg11,
  vgg13,
  vgg16,
  vgg19,
  googlenet,
  inceptionNaive,
  inceptionReduced,
  resnet18,
  resnet34,
  resnet50,
  resnet101,
  resnet152,
  mobilenetV2,
  squeezenet1_0,
  squeezenet1_1,
  densenet121,
  visionTransformer,
} as const;

/** The metadata of a model for docs and messages. */
export type ModelEntry = Pick<ModelPart<unknown>, "source"> & { readonly about: string };

/** A catalogue model: its layers, and the shape of one example if the model fixes it. */
export interface CatalogueModel {
  readonly spec: LayerSpec;
  readonly inputShape?: readonly number[];
}

/**
 * The model that a catalogue name with options stands for: `lenet5`, `mlp:784-100-10`,
 * `resnet18:classes=10,stem=cifar`.
 * @throws UnknownNameError | InvalidInputError
 */
export function catalogueModel(text: string, options: Record<string, unknown> = {}): CatalogueModel {
  const colon = text.indexOf(":");
  const name = colon === -1 ? text : text.slice(0, colon);
  const { kind, options: brought } = kindByName({ where: "model", what: "model" }, name, models);
  const part = models[kind as keyof typeof models] as unknown as ModelPart<unknown>;
  const rest = colon === -1 ? undefined : text.slice(colon + 1);
  const parsed =
    rest === undefined
      ? brought
      : part.parse !== undefined
        ? part.parse(rest)
        : specFromText("model", "model", text, models);
  const { spec } = readSpec("model", "model", models, { ...parsed, kind, ...options });
  const { inputShape } = part;
  const shape = typeof inputShape === "function" ? inputShape(spec) : inputShape;
  return { spec: part.model(spec), ...(shape === undefined ? {} : { inputShape: shape }) };
}

/** The layers of `catalogueModel` alone. @throws UnknownNameError | InvalidInputError */
export function modelByName(text: string, options: Record<string, unknown> = {}): LayerSpec {
  return catalogueModel(text, options).spec;
}
