// From a model spec to symbolic tensors and a manifest: what is trained, what is carried along, what is random.
import { readSpec } from "../core/definition.js";
import { InvalidInputError } from "../core/errors.js";
import { type Shape, sizeOf } from "../core/shape.js";
import { input, withScope } from "../graph/build.js";
import type { Tensor } from "../graph/tensor.js";
import { checkInitializer, type Fans, type InitializerOption } from "./initializers.js";
import type { BuildContext, LayerPart, LayerSpec, Mode, ParameterRole } from "./layer.js";
import { layers } from "./layers/index.js";

export interface Parameter {
  /** `0.weight`: layer path and name, as PyTorch's `state_dict` spells it. */
  readonly path: string;
  readonly role: ParameterRole;
  readonly tensor: Tensor;
  readonly initializer: InitializerOption;
  readonly fans: Fans;
}

export interface Buffer {
  readonly path: string;
  readonly tensor: Tensor;
  /** Value of every element before the first step. */
  readonly initial: number;
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
  readonly input: Tensor;
  readonly output: Tensor;
  readonly parameters: readonly Parameter[];
  readonly buffers: readonly Buffer[];
  readonly randomKeys: readonly RandomKey[];
}

export interface BuildOptions {
  readonly mode: Mode;
  readonly batchSize: number;
  /** Shape of one example. */
  readonly inputShape: Shape;
  /** The input tensor, if it is computed; else a graph input `input` is made. */
  readonly input?: Tensor;
}

/**
 * Builds a network.
 * @throws ShapeError | InvalidInputError | UnknownNameError with the layer's path.
 */
export function buildNetwork(spec: LayerSpec, { mode, batchSize, inputShape, input: given }: BuildOptions): Network {
  const x = given ?? input("input", "float32", [batchSize, ...inputShape], ["batch", ...inputShape.map(() => null)]);
  const parameters = new Map<string, Parameter>();
  const buffers = new Map<string, Buffer>();
  const randomKeys: RandomKey[] = [];

  const contextAt = (path: string, place: string, where: string): BuildContext => {
    const absolute = (name: string): string => (path === "" ? name : `${path}.${name}`);
    return {
      mode,
      where,
      parameter(name, shape, role, initializer, fans) {
        const key = absolute(name);
        const known = parameters.get(key);
        if (known !== undefined) return known.tensor;
        checkInitializer(`${where}, initializer of ${name}`, initializer);
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
        return tensors;
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
  return { input: x, output, parameters: [...parameters.values()], buffers: [...buffers.values()], randomKeys };
}

/** Number of trained values. */
export function parameterCount(network: Network): number {
  return network.parameters.reduce((count, { tensor }) => count + sizeOf(tensor.shape), 0);
}
