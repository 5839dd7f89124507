// Builds symbolic tensors from a model spec, with a manifest of parameters, buffers and random keys.
import { readSpec } from "../core/definition.js";
import { InvalidInputError, ShapeError } from "../core/errors.js";
import { type Shape, sameShape, shapeText, sizeOf } from "../core/numbers/shape.js";
import type { TensorData } from "../core/numbers/tensor-data.js";
import { input, withScope } from "../graph/build.js";
import { transpose } from "../graph/ops/movement/shape-movement.js";
import type { Tensor } from "../graph/tensor.js";
import { checkInitializer, type Fans, type InitializerOption } from "./initializers.js";
import type { BuildContext, LayerPart, LayerSpec, Mode, ParameterRole, SharedPlace } from "./layer.js";
import { layers } from "./layers/index.js";
import { checkPatterns, pathMatcher } from "./path-patterns.js";

export interface Parameter {
  /** Layer path and name, as in PyTorch's `state_dict`: `0.weight`. */
  readonly path: string;
  readonly role: ParameterRole;
  readonly tensor: Tensor;
  readonly initializer: InitializerOption;
  readonly fans: Fans;
  /** The value before the first step, if it is given (models from files); then the initializer is unused. */
  readonly value?: TensorData;
  /** Indices of one axis that begin as zeros, whatever the initializer: the padding of an embedding. */
  readonly zeroRow?: { readonly axis: number; readonly index: number };
}

export interface Buffer {
  readonly path: string;
  readonly tensor: Tensor;
  /** The initial value: one number for every element, or all elements. */
  readonly initial: number | TensorData;
  /** The value after a training step; the same tensor if nothing updates it. */
  readonly next: Tensor;
}

/** A key of two `uint32` scalars that a layer needs at every step. */
export interface RandomKey {
  readonly path: string;
  readonly tensors: readonly [Tensor, Tensor];
}

/** A network built for one batch size and mode. */
export interface Network {
  /**
   * The inputs, with the batch on axis 0. Networks of layers have one float32 input; models from files may have
   * several.
   */
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  /** Trained parameters. */
  readonly parameters: readonly Parameter[];
  /** Frozen parameters: they keep their values, whatever the optimizer does. */
  readonly frozen: readonly Parameter[];
  readonly buffers: readonly Buffer[];
  readonly randomKeys: readonly RandomKey[];
  /** Set if the layer `where` reads the input as integers from 0 to `count - 1`. */
  readonly tokens?: { readonly count: number; readonly where: string };
  /** The path of a layer by the scope of its nodes: `layer1.0.conv1` for `model.layers[4]... (conv2d)`. */
  readonly places?: ReadonlyMap<string, string>;
  /** `uint32` scalar for random masks: the number of examples of the batch before these (micro-batches). */
  readonly firstExample: Tensor;
}

/** A source from which networks can be built: a spec of layers, or a model from a file. */
export interface NetworkSource {
  /** Names of the inputs, if known before building. Data arrays are matched by them. */
  readonly inputNames?: readonly string[];
  /** @throws ShapeError | InvalidInputError | UnknownNameError that names the layer. */
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
  /** The input tensor, if it is computed. Default: a new graph input `input`. */
  readonly input?: Tensor;
  /** Whether the parameter or running statistic at a path is frozen. Default none. */
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
  const { batchSize, inputShape, input: given, isFrozen = () => false } = options;
  const x = given ?? input("input", "float32", [batchSize, ...inputShape], ["batch", ...inputShape.map(() => null)]);
  const site: BuildSite = {
    mode: options.mode,
    isFrozen,
    x,
    parameters: new Map(),
    buffers: new Map(),
    randomKeys: [],
    places: new Map(),
    firstExample: input("first example", "uint32", []),
  };
  const output = buildLayer(site, spec, x, rootLocator, "model");
  const all = [...site.parameters.values()];
  return {
    inputs: [x],
    output,
    parameters: all.filter(({ path }) => !isFrozen(path)),
    frozen: all.filter(({ path }) => isFrozen(path)),
    buffers: [...site.buffers.values()],
    randomKeys: site.randomKeys,
    ...(site.tokens === undefined ? {} : { tokens: site.tokens }),
    places: site.places,
    firstExample: site.firstExample,
  };
}

/** The declarations of a network's layers so far. */
interface BuildSite {
  readonly mode: Mode;
  readonly isFrozen: (path: string) => boolean;
  /** The input of the whole network. */
  readonly x: Tensor;
  readonly parameters: Map<string, Parameter>;
  readonly buffers: Map<string, Buffer>;
  readonly randomKeys: RandomKey[];
  readonly places: Map<string, string>;
  readonly firstExample: Tensor;
  tokens?: Network["tokens"];
}

function buildLayer(site: BuildSite, layerSpec: LayerSpec, value: Tensor, locate: Locator, place: string): Tensor {
  const { definition, spec: complete } = readSpec(place, "layer", layers, layerSpec);
  const part = definition as unknown as LayerPart<unknown>;
  const where = `${place} (${complete.kind})`;
  site.places.set(where, locate("").path);
  return withScope(where, () => part.build(complete, value, layerContext(site, locate, place, where)));
}

/** The build context of one layer. */
function layerContext(site: BuildSite, locate: Locator, place: string, where: string): BuildContext {
  const pathOf = (name: string): string => locate(name).path;
  return {
    mode: site.mode,
    where,
    isFrozen: (name) => site.isFrozen(pathOf(name)),
    parameter: (name, shape, ...rest) => declareParameter(site, where, { name, ...locate(name) }, shape, ...rest),
    startRowAtZero(name, index) {
      const { path, isTransposed } = locate(name);
      const known = site.parameters.get(path);
      if (known !== undefined) site.parameters.set(path, { ...known, zeroRow: { axis: isTransposed ? 1 : 0, index } });
    },
    buffer: (name, shape, initial) => declareBuffer(site, where, pathOf(name), shape, initial),
    updateBuffer(name, next) {
      const known = site.buffers.get(pathOf(name));
      if (known === undefined) throw new InvalidInputError(`unknown buffer "${name}"`, { where });
      site.buffers.set(known.path, { ...known, next });
    },
    randomKey() {
      const number = site.randomKeys.length;
      const tensors = [input(`key.${number}.0`, "uint32", []), input(`key.${number}.1`, "uint32", [])] as const;
      site.randomKeys.push({ path: pathOf(""), tensors });
      return [...tensors, site.firstExample];
    },
    tokens(read, count) {
      if (read === site.x && count < (site.tokens?.count ?? Number.POSITIVE_INFINITY)) site.tokens = { count, where };
    },
    child: ({ name, option, shared }, childSpec, value) =>
      buildLayer(site, childSpec, value, locatorOf(locate, name, shared), `${place}.${option}`),
  };
}

/** The tensor of a parameter in the layer's orientation; the existing tensor if the network already has it. */
function declareParameter(
  { parameters }: BuildSite,
  where: string,
  { name, path, isTransposed }: { readonly name: string; readonly path: string; readonly isTransposed: boolean },
  shape: Shape,
  role: ParameterRole,
  initializer: InitializerOption,
  fans: Fans,
): Tensor {
  const turned = isTransposed && shape.length === 2;
  const stored = turned ? [shape[1], shape[0]] : shape;
  const known = parameters.get(path);
  const storedFans = turned ? { fanIn: fans.fanOut, fanOut: fans.fanIn } : fans;
  if (known === undefined) checkInitializer(`${where}, initializer of ${name}`, initializer, stored, storedFans);
  else checkSameShape(where, path, stored, known.tensor.shape);
  const tensor = known?.tensor ?? input(path, "float32", stored);
  if (known === undefined) parameters.set(path, { path, role, tensor, initializer, fans: storedFans });
  return turned ? transpose(tensor, [1, 0]) : tensor;
}

function declareBuffer(
  { buffers }: BuildSite,
  where: string,
  path: string,
  shape: Shape,
  initial: Buffer["initial"],
): Tensor {
  const known = buffers.get(path);
  if (known !== undefined) {
    checkSameShape(where, path, shape, known.tensor.shape);
    // A layer that is used twice continues from its first update.
    return known.next;
  }
  const tensor = input(path, "float32", shape);
  buffers.set(path, { path, tensor, initial, next: tensor });
  return tensor;
}

/** Maps a parameter name of one layer to its path in the network. */
type Locator = (name: string) => { readonly path: string; readonly isTransposed: boolean };

const joined = (...parts: readonly string[]): string => parts.filter((part) => part !== "").join(".");

const rootLocator: Locator = (name) => ({ path: name, isTransposed: false });

function locatorOf(parent: Locator, child: string, shared: SharedPlace | undefined): Locator {
  const inside: Locator = (name) => parent(joined(child, name));
  if (shared === undefined) return inside;
  const { path, transposed, isShared } = shared;
  return (name) =>
    name !== "" && isShared(name) ? { path: joined(path, name), isTransposed: transposed } : inside(name);
}

function checkSameShape(where: string, path: string, wanted: Shape, known: Shape): void {
  if (sameShape(wanted, known)) return;
  throw new ShapeError(`"${path}" stands for two parameters of different shapes`, {
    where,
    expected: `${shapeText(known)}, as the layer that named it first has it`,
    received: shapeText(wanted),
    remedy: "Give one of the layers another name, or both the same sizes",
  });
}

/** Number of values in its parameters, frozen ones included. */
export function parameterCount({ parameters, frozen }: Network): number {
  return [...parameters, ...frozen].reduce((count, { tensor }) => count + sizeOf(tensor.shape), 0);
}
