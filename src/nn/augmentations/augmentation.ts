// What an augmentation is: a callable definition that changes the images of a training batch at random.
import type { z } from "zod";
import { type Definition, type Described, define } from "../../core/definition.js";
import { InvalidInputError } from "../../core/errors.js";
import { shapeText } from "../../core/numbers/shape.js";
import { gatherElements } from "../../graph/ops/indexing/indexing.js";
import { expand, reshape } from "../../graph/ops/movement/shape-movement.js";
import type { Tensor } from "../../graph/tensor.js";
import type { RandomKeyTensors } from "../random/random-words.js";

export interface AugmentationPart<S> {
  /**
   * Emits the nodes. `x` is `[batch, channels, height, width]` in the stored type, before it is scaled; so is the
   * result.
   * @param where the place in the spec, for messages.
   */
  build(spec: S, x: Tensor, key: RandomKeyTensors, where: string): Tensor;
}

export type AugmentationDefinition<Kind extends string, Options extends z.ZodObject> = Definition<Kind, Options> &
  AugmentationPart<Readonly<z.output<Options>>>;

/** Defines an augmentation: kind, one sentence, options with defaults, and how it is built. */
export function defineAugmentation<Kind extends string, Options extends z.ZodObject>(
  parts: Described<Kind, Options> & AugmentationPart<Readonly<z.output<Options>>>,
): AugmentationDefinition<Kind, Options> {
  return define(parts);
}

/** The sizes of a batch of images. @throws InvalidInputError for anything else. */
export function imageExtents({ shape }: Tensor, where: string) {
  if (shape.length === 4) return { batch: shape[0], channels: shape[1], height: shape[2], width: shape[3] };
  throw new InvalidInputError("augmentations change images", {
    where,
    expected: "examples of shape [channels, height, width]",
    received: shapeText(shape.slice(1)),
    remedy: "Leave it out, or train on images",
  });
}

/**
 * The pixels of each image at given positions, the same in every channel.
 * @param places `int32 [batch, height * width]`: positions in an image of `x`, row by row.
 * @returns `[batch, channels, height, width]`.
 */
export function pixelsAt(x: Tensor, places: Tensor, height: number, width: number): Tensor {
  const [batch, channels, sourceHeight, sourceWidth] = x.shape;
  const size = height * width;
  const planes = reshape(x, [batch * channels, sourceHeight * sourceWidth]);
  const ofPlanes =
    channels === 1
      ? places
      : reshape(expand(reshape(places, [batch, 1, size]), [batch, channels, size]), [batch * channels, size]);
  return reshape(gatherElements(planes, ofPlanes, { axis: 1 }), [batch, channels, height, width]);
}
