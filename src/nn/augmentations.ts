// The table of augmentations, and how specs of them are read and built.
import { readSpec } from "../core/definition.js";
import { specFromText } from "../core/formats/text-form.js";
import type { Tensor } from "../graph/tensor.js";
import type { AugmentationPart } from "./augmentations/augmentation.js";
import { randomHorizontalFlip } from "./augmentations/random-horizontal-flip.js";
import { randomShift } from "./augmentations/random-shift.js";
import type { RandomKeyTensors } from "./random/random-words.js";

/** Random changes of the images of training batches, by kind. */
export const augmentations = { randomShift, randomHorizontalFlip } as const;

/** The complete spec of an augmentation, from partial options or a text such as `random-shift:pixels=4`. */
export function readAugmentation(where: string, option: string | object) {
  const spec = typeof option === "string" ? specFromText(where, "augmentation", option, augmentations) : option;
  const { definition, spec: complete } = readSpec<(typeof augmentations)[keyof typeof augmentations]>(
    where,
    "augmentation",
    augmentations,
    spec,
  );
  return { part: definition as unknown as AugmentationPart<unknown>, spec: complete };
}

/**
 * Applies all augmentations in order.
 * @param x `[batch, channels, height, width]` in the stored type.
 * @param keys one per augmentation.
 */
export function augmented(x: Tensor, specs: readonly object[], keys: readonly RandomKeyTensors[]): Tensor {
  return specs.reduce<Tensor>((images, spec, i) => {
    const where = `data.augment[${i}]`;
    const { part, spec: complete } = readAugmentation(where, spec);
    return part.build(complete, images, keys[i], `${where} (${complete.kind})`);
  }, x);
}
