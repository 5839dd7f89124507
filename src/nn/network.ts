// From a model spec to symbolic tensors and a manifest: what is trained, what is carried along, what is random.
import { readSpec } from "../core/definition.js";
import { InvalidInputError } from "../core/errors.js";
import { type Shape, sizeOf } from "../core/shape.js";
import type { TensorData } from "../core/tensor-data.js";
import { input, withScope } from "../graph/build.js";
import type { Tensor } from "../graph/tensor.js";
import { checkInitializer, type Fans, type InitializerOption } from "./initializers.js";
import type { BuildContext, LayerPart, LayerSpec, Mode, ParameterRole } from "./layer.js";
import { layers } from "./layers/index.js";
import { checkPatterns, pathMatcher } from "./path-patterns.js";

export interface Parameter {
  /** `0.weight`: layer path and name, as PyTorch's `state_dict` spells it. */
  readonly path: string;
  readonly role: ParameterRole;
  readonly tensor: Tensor;
  readonly initializer: InitializerOption;
  readonly fans: Fans;
  /** Its value before the first step, where that is known already (models from files) and the initializer unused. */
  readonly value?: TensorData;
}

export interface Buffer {
  readonly path: string;
  readonly tensor: Tensor;
  /** Before the first step: the value of every element, or all of them. */
  readonly initial: number | TensorData;
  /** What it becomes after a training step; the same tensor if nothing updates it. */
  readonly next: Tensor;
}

/** A key of two `uint32` scalars that a layer wants at every step. */
export interface RandomKey {
  readonly path: string;
  readonly tensors: readonly [Tensor, Tensor];
}

/** A network built for one batch size and mode. */
export interface Network {
  /** What it reads, examples on axis 0. Networks of layers have one input, float32; models from files may have several. */
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  /** What is trained. */
  readonly parameters: readonly Parameter[];
  /** Parameters that are held: they keep their value, whatever the optimizer does. */
  readonly frozen: readonly Parameter[];
  readonly buffers: readonly Buffer[];
  readonly randomKeys: readonly RandomKey[];
  /** `uint32` scalar: how many examples of the batch came before these (micro-batches). For random masks. */
  readonly firstExample: Tensor;
}

/** Anything that can be built as a network: a spec of layers, a model from a file. */
export interface NetworkSource {
  /** Names of the inputs, where they are known before it is built: arrays of data are matched by them. */
  readonly inputNames?: readonly string[];
  /** @throws ShapeError | InvalidInputError | UnknownNameError with the place in the model. */
  build(options: NetworkForm): Network;
}

export interface NetworkForm {
  readonly mode: Mode;
  readonly batchSize: number;
  /** Shape of one example of every input. */
  readonly inputShapes: readonly Shape[];
}

export interface BuildOptions {
  readonly mode: Mode;
  readonly batchSize: number;
  /** Shape of one example. */
  readonly inputShape: Shape;
  /** The input tensor, if it is computed; else a graph input `input` is made. */
  readonly input?: Tensor;
  /** Says which parameters and running statistics are held, by path. Default none. */
  readonly isFrozen?: (path: string) => boolean;
}

/** A spec of layers as a source. `freeze`: patterns of paths, see `pathMatcher`. */
export function layerNetwork(spec: LayerSpec, freeze: readonly string[] = []): NetworkSource {
  const isFrozen = pathMatcher(freeze);
  return {
    build({ mode, batchSize, inputShapes }) {
      if (inputShapes.length !== 1) {
        throw new InvalidInputError("a model of layers has one input", {
          where: "data",
          expected: "one array of inputs",
          received: `${inputShapes.length}`,
        });
      }
      const network = buildNetwork(spec, { mode, batchSize, inputShape: inputShapes[0], isFrozen });
      checkPatterns(
        freeze,
        [...network.parameters, ...network.frozen, ...network.buffers].map(({ path }) => path),
      );
      return network;
    },
  };
}

/**
 * Builds a network.
 * @throws ShapeError | InvalidInputError | UnknownNameError with the layer's path.
 */
export function buildNetwork(spec: LayerSpec, options: BuildOptions): Network {
  const { mode, batchSize, inputShape, input: given, isFrozen = () => false } = options;
  const x = given ?? input("input", "float32", [batchSize, ...inputShape], ["batch", ...inputShape.map(() => null)]);
  const parameters = new Map<string, Parameter>();
  const buffers = new Map<string, Buffer>();
  const randomKeys: RandomKey[] = [];
  const firstExample = input("first example", "uint32", []);

  const contextAt = (path: string, place: string, where: string): BuildContext => {
    const absolute = (name: string): string => [path, name].filter((part) => part !== "").join(".");
    return {
      mode,
      where,
      isFrozen: (name) => isFrozen(absolute(name)),
      parameter(name, shape, role, initializer, fans) {
        const key = absolute(name);
        const known = parameters.get(key);
        if (known !== undefined) return known.tensor;
        checkInitializer(`${where}, initializer of ${name}`, initializer, shape, fans);
        const tensor = input(key, "float32", shape);
        parameters.set(key, { path: key, role, tensor, initializer, fans });
        return tensor;
      },
      buffer(name, shape, initial) {
        const key = absolute(name);
        const known = buffers.get(key);
        if (known !== undefined) return known.tensor;
        const tensor = input(key, "float32", shape);
        buffers.set(key, { path: key, tensor, initial, next: tensor });
        return tensor;
      },
      updateBuffer(name, next) {
        const known = buffers.get(absolute(name));
        if (known === undefined) throw new InvalidInputError(`unknown buffer "${name}"`, { where });
        buffers.set(known.path, { ...known, next });
      },
      randomKey() {
        const number = randomKeys.length;
        const tensors = [input(`key.${number}.0`, "uint32", []), input(`key.${number}.1`, "uint32", [])] as const;
        randomKeys.push({ path, tensors });
        return [...tensors, firstExample];
      },
      child: ({ name, option }, childSpec, value) => buildLayer(childSpec, value, absolute(name), `${place}.${option}`),
    };
  };

  const buildLayer = (layerSpec: LayerSpec, value: Tensor, path: string, place: string): Tensor => {
    const { definition, spec: complete } = readSpec(place, "layer", layers, layerSpec);
    const part = definition as unknown as LayerPart<unknown>;
    const where = `${place} (${complete.kind})`;
    return withScope(where, () => part.build(complete, value, contextAt(path, place, where)));
  };

  const output = buildLayer(spec, x, "", "model");
  const all = [...parameters.values()];
  return {
    inputs: [x],
    output,
    parameters: all.filter(({ path }) => !isFrozen(path)),
    frozen: all.filter(({ path }) => isFrozen(path)),
    buffers: [...buffers.values()],
    randomKeys,
    firstExample,
  };
}

/** Number of values in its parameters, held ones included. */
export function parameterCount({ parameters, frozen }: Network): number {
  return [...parameters, ...frozen].reduce((count, { tensor }) => count + sizeOf(tensor.shape), 0);
}
