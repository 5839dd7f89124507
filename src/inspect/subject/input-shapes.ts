// Determines static shapes for the inputs of a file from its declarations, the batch size and the user's sizes.
import { InvalidInputError, ShapeError, UnknownNameError } from "../../core/errors.js";
import { type Shape, shapeText } from "../../core/numbers/shape.js";
import type { OnnxFile } from "../../onnx/file/onnx-file.js";
import { quoted } from "../../onnx/file/read-values.js";
import { freeInputs } from "../../onnx/forms/graph-builder.js";
import { declaredInput, isTensorInput } from "../../onnx/forms/read-input.js";

export interface InputShapeOptions {
  /** Size of the batch axis. Default: the file's size, else 1. */
  readonly batchSize?: number;
  /**
   * Shapes by input name (`""` for the only input), with or without the batch axis; sizes of open dimensions by name or
   * position (`height`, `x[2]`), as lists of one number.
   */
  readonly inputShapes?: Readonly<Record<string, Shape>>;
}

export interface InputShapes {
  readonly batchSize: number;
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Sizes of named open dimensions. */
  readonly dimensions: ReadonlyMap<string, number>;
  /** The batch size that the file was exported for and the shapes for it, if another size is requested. */
  readonly own?: { readonly batchSize: number; readonly shapes: ReadonlyMap<string, Shape> };
}

/** An input as the file declares it: sizes, names of symbolic axes, `undefined` for unnamed axes. */
interface Declared {
  readonly name: string;
  readonly axes: readonly (number | string | undefined)[] | undefined;
}

/**
 * The shapes for which a file is accounted.
 * @throws InvalidInputError that names the input, the dimension and the missing size.
 */
export function resolveInputShapes(file: OnnxFile, options: InputShapeOptions): InputShapes {
  const declared = freeInputs(file)
    .filter(isTensorInput)
    .map((info) => declaredShape(file, info));
  return new Resolution(file.where, declared, options).result();
}

function declaredShape({ where }: OnnxFile, info: Parameters<typeof isTensorInput>[0]): Declared {
  const { axes } = declaredInput(`${where}, input ${quoted(info.name)}`, info);
  // Exporters write -1 and 0 for unknown sizes.
  return { name: info.name, axes: axes?.map((axis) => (typeof axis === "number" && axis <= 0 ? undefined : axis)) };
}

/** Names that exporters and people use for the batch axis. */
const isBatchName = (name: string | number | undefined): boolean =>
  typeof name === "string" && (/^(?:n|b|bs|m)$/i.test(name) || name.toLowerCase().includes("batch"));

class Resolution {
  readonly #where: string;
  readonly #declared: readonly Declared[];
  readonly #options: InputShapeOptions;
  readonly #dimensions = new Map<string, number>();
  readonly #batchNames: ReadonlySet<string>;
  readonly #batchSize: number;

  constructor(where: string, declared: readonly Declared[], options: InputShapeOptions) {
    this.#where = where;
    this.#declared = declared;
    this.#options = options;
    this.#batchNames = batchNames(declared);
    this.#checkNames();
    for (const input of declared) this.#bindGiven(input);
    this.#batchSize = this.#chooseBatchSize();
    this.#checkBatch();
    for (const name of this.#batchNames) this.#bind(name, this.#batchSize, "--batch");
  }

  result(): InputShapes {
    const shapes = new Map(this.#declared.map((input) => [input.name, this.#shape(input)] as const));
    const own = this.#ownBatch();
    const result = { batchSize: this.#batchSize, shapes, dimensions: this.#dimensions };
    if (own === undefined || own === this.#batchSize) return result;
    const ofFile = new Map(
      [...shapes].map(([name, shape]) => [name, shape.length === 0 ? shape : [own, ...shape.slice(1)]] as const),
    );
    return { ...result, own: { batchSize: own, shapes: ofFile } };
  }

  #given(key: string): Shape | undefined {
    const { inputShapes = {} } = this.#options;
    return Object.hasOwn(inputShapes, key) ? inputShapes[key] : undefined;
  }

  #checkNames(): void {
    const { inputShapes = {} } = this.#options;
    const places = this.#declared.flatMap(({ name, axes = [] }) => axes.map((_, axis) => `${name}[${axis}]`));
    const dimensions = this.#declared.flatMap(({ axes = [] }) => axes.filter((axis) => typeof axis === "string"));
    const names = this.#declared.map(({ name }) => name);
    for (const [key, shape] of Object.entries(inputShapes)) {
      const where = "--input-shape";
      if (key === "" && names.length !== 1) {
        throw new InvalidInputError("the model has several inputs", {
          where,
          expected: `a name in front: ${names
            .slice(0, 9)
            .map((name) => `${name}=${shape.join("x")}`)
            .join(", ")}`,
          received: shape.join("x"),
        });
      }
      if (key !== "" && ![...names, ...dimensions, ...places].includes(key))
        throw new UnknownNameError(where, "input or dimension", key, [...new Set([...names, ...dimensions])]);
      if (shape.some((extent) => !Number.isSafeInteger(extent) || extent < 1))
        throw new InvalidInputError("impossible shape", {
          where,
          expected: "positive whole numbers",
          received: shapeText(shape),
        });
    }
    const { batchSize = 1 } = this.#options;
    if (!Number.isSafeInteger(batchSize) || batchSize < 1)
      throw new InvalidInputError("impossible batch size", {
        where: "--batch",
        expected: "a positive whole number",
        received: `${batchSize}`,
      });
  }

  /** The user's sizes for an input, one entry per axis; `undefined` for axes that are left open. */
  #givenAxes({ name, axes }: Declared): readonly (number | undefined)[] {
    const shape = this.#given(name) ?? (this.#declared.length === 1 ? this.#given("") : undefined);
    if (axes === undefined) return shape === undefined ? [] : [undefined, ...shape];
    if (shape === undefined) return axes.map(() => undefined);
    if (shape.length === axes.length) return shape;
    if (shape.length === axes.length - 1) return [undefined, ...shape];
    throw new ShapeError("the given shape has another number of axes", {
      where: `${this.#where}, input ${quoted(name)}`,
      expected: `${axesText(axes)}, with or without the first axis`,
      received: shapeText(shape),
    });
  }

  /** Assigns the user's sizes to the names of their dimensions. */
  #bindGiven(input: Declared): void {
    const given = this.#givenAxes(input);
    for (const [axis, declared] of (input.axes ?? []).entries()) {
      const place = `${input.name}[${axis}]`;
      const extent =
        given[axis] ?? this.#single(place) ?? (typeof declared === "string" ? this.#single(declared) : undefined);
      if (extent === undefined) continue;
      if (typeof declared === "string") this.#bind(declared, extent, `--input-shape for ${quoted(input.name)}`);
      else if (typeof declared === "number" && declared !== extent && axis > 0) {
        throw new ShapeError("the file fixes another size", {
          where: `${this.#where}, input ${quoted(input.name)}`,
          expected: axesText(input.axes ?? []),
          received: shapeText(given.map((value) => value ?? 1)),
          remedy: "Leave --input-shape out, or export the model with a dynamic axis there",
        });
      }
    }
  }

  #single(key: string): number | undefined {
    const given = this.#declared.some(({ name }) => name === key) ? undefined : this.#given(key);
    if (given === undefined || given.length === 1) return given?.[0];
    throw new InvalidInputError("a dimension is one number", {
      where: "--input-shape",
      expected: `${key}=224`,
      received: `${key}=${given.join("x")}`,
    });
  }

  #bind(name: string, extent: number, where: string): void {
    const known = this.#dimensions.get(name);
    if (known !== undefined && known !== extent) {
      throw new InvalidInputError(`the dimension ${quoted(name)} has two sizes`, {
        where,
        expected: `${known}, as given elsewhere`,
        received: `${extent}`,
      });
    }
    this.#dimensions.set(name, extent);
  }

  #chooseBatchSize(): number {
    const { batchSize } = this.#options;
    const named = [...this.#batchNames]
      .map((name) => this.#dimensions.get(name))
      .find((extent) => extent !== undefined);
    if (batchSize !== undefined) return batchSize;
    const whole = this.#declared.map((input) => this.#givenAxes(input)[0]).find((extent) => extent !== undefined);
    return named ?? whole ?? this.#ownBatch() ?? 1;
  }

  /** The size to which all first axes are fixed, if there is one. */
  #ownBatch(): number | undefined {
    const firsts = this.#declared
      .filter(({ axes }) => axes === undefined || axes.length > 0)
      .map(({ axes }) => axes?.[0]);
    const [first] = firsts;
    return typeof first === "number" && firsts.every((extent) => extent === first) ? first : undefined;
  }

  /** A requested batch size needs a batch axis. */
  #checkBatch(): void {
    const { batchSize } = this.#options;
    for (const input of this.#declared) {
      const extent = this.#givenAxes(input)[0];
      if (batchSize !== undefined && extent !== undefined && extent !== batchSize)
        throw new InvalidInputError("--input-shape and --batch disagree", {
          where: `${this.#where}, input ${quoted(input.name)}`,
          expected: `${batchSize} on the first axis`,
          received: `${extent}`,
          remedy: "Give the shape of one example, without the batch",
        });
    }
    const isOpen = this.#declared.some(
      ({ axes }) => axes === undefined || axes.some((axis, at) => this.#isBatch(axis, at)),
    );
    if (batchSize === undefined || isOpen || this.#ownBatch() !== undefined) return;
    const firsts = this.#declared.map(({ axes }) => axes?.[0]);
    if (firsts.includes(batchSize)) return;
    throw new InvalidInputError("the model has no axis for the batch", {
      where: this.#where,
      expected: "inputs that agree on their first axis, or leave it open",
      received:
        this.#declared.map(({ name, axes = [] }) => `${quoted(name)} ${axesText(axes)}`).join(", ") || "no inputs",
      remedy: "Leave --batch out",
    });
  }

  #isBatch(axis: number | string | undefined, at: number): boolean {
    if (typeof axis === "string") return this.#batchNames.has(axis);
    // Among unnamed axes, the batch is the first, unless some axis has a batch name.
    return axis === undefined && at === 0 && ![...this.#batchNames].some(isBatchName);
  }

  #shape(input: Declared): Shape {
    const { name, axes } = input;
    const given = this.#givenAxes(input);
    if (axes === undefined) {
      if (given.length === 0) throw this.#missing(input, "its shape", "3x224x224");
      return [this.#batchSize, ...given.slice(1).map(Number)];
    }
    const rebatched = this.#ownBatch() !== undefined ? this.#batchSize : undefined;
    return axes.map((axis, at) => {
      if (typeof axis === "number") return at === 0 ? (rebatched ?? axis) : axis;
      const extent =
        given[at] ??
        this.#single(`${name}[${at}]`) ??
        (typeof axis === "string" ? this.#dimensions.get(axis) : undefined) ??
        (this.#isBatch(axis, at) ? this.#batchSize : undefined);
      if (extent !== undefined) return extent;
      const what = `the extent of axis ${at}${typeof axis === "string" ? ` (${quoted(axis)})` : ""}`;
      throw this.#missing(
        input,
        what,
        axes
          .slice(1)
          .map((known) => (typeof known === "number" ? known : usualExtent(axes)))
          .join("x"),
        axis,
      );
    });
  }

  #missing({ name, axes }: Declared, what: string, example: string, dimension?: string | number): InvalidInputError {
    const shape = example === "" ? "1x1" : this.#declared.length === 1 ? example : `${name}=${example}`;
    const alone = typeof dimension === "string" ? `, or --input-shape ${dimension}=${usualExtent(axes ?? [])}` : "";
    return new InvalidInputError(`${what} is open`, {
      where: `${this.#where}, input ${quoted(name)}`,
      expected: "static shapes",
      received: axes === undefined ? "no shape" : axesText(axes),
      remedy: `Give the shape of one example, for instance --input-shape ${shape}${alone}`,
    });
  }
}

/** The dimensions that stand for the batch: those with a batch name, otherwise those on the first axis. */
function batchNames(declared: readonly Declared[]): ReadonlySet<string> {
  const isName = (axis: number | string | undefined): axis is string => typeof axis === "string";
  const named = declared.flatMap(({ axes = [] }) => axes.filter(isName)).filter(isBatchName);
  return new Set(named.length > 0 ? named : declared.flatMap(({ axes = [] }) => axes.slice(0, 1).filter(isName)));
}

/** An example size for messages: larger for images than for sequences. */
const usualExtent = (axes: readonly unknown[]): number => (axes.length >= 4 ? 224 : 16);

const axesText = (axes: readonly (number | string | undefined)[]): string =>
  `[${axes.map((axis) => axis ?? "?").join(", ")}]`;
