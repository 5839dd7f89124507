// Test cases of Resize.
import type { Attributes } from "../../tensor.js";
import { type CaseInput, exactly, float, list, type OpCase } from "./case.js";

function smooth(name: string, inputs: OpCase["inputs"], attrs: Attributes): OpCase {
  return { name, inputs, attrs, twice: true };
}

const scales = (...factors: number[]): CaseInput => ({
  ...exactly("float32", [factors.length], factors),
  constant: true,
});

const asymmetric = { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
const images = float([2, 2, 3, 4]);
const one = float([1, 1, 4, 5]);

/** Every coordinate rule with every rounding rule, enlarging and shrinking. */
const nearest = ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"].flatMap(
  (coordinate_transformation_mode) =>
    ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"].map((nearest_mode) =>
      smooth(`nearest, ${coordinate_transformation_mode}, ${nearest_mode}`, [one, null, scales(1, 1, 1.75, 0.7)], {
        coordinate_transformation_mode,
        nearest_mode,
      }),
    ),
);

const linear = ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"].map(
  (coordinate_transformation_mode) =>
    smooth(`linear, ${coordinate_transformation_mode}`, [images, null, scales(1, 1, 2.5, 0.75)], {
      coordinate_transformation_mode,
      mode: "linear",
    }),
);

export const resizeCases = {
  Resize: [
    smooth("images", [float([2, 2, 2, 3]), null, scales(1, 1, 2, 3)], asymmetric),
    smooth("all axes", [float([2, 3]), null, scales(3, 2)], asymmetric),
    ...nearest,
    ...linear,
    smooth("linear, sizes", [images, null, null, list([2, 2, 5, 7])], { mode: "linear" }),
    smooth("linear, one axis", [images, null, null, list([8])], { mode: "linear", axes: [-1] }),
    smooth("linear, sequences", [float([2, 3, 4]), null, scales(1, 1, 2.5)], { mode: "linear" }),
    smooth("linear, volumes", [float([1, 2, 2, 3, 2]), null, scales(1, 1, 2, 1.5, 2)], { mode: "linear" }),
    smooth("linear, one element in, one out", [float([1, 1, 1, 4]), null, null, list([1, 1, 3, 1])], {
      mode: "linear",
      coordinate_transformation_mode: "pytorch_half_pixel",
    }),
    // ONNX Runtime has no kernel for these.
    smooth("linear, a list", [float([4]), null, scales(1.5)], { mode: "linear" }),
    smooth("cubic, sequences", [float([2, 2, 4]), null, scales(1, 1, 1.5)], { mode: "cubic" }),
    smooth("linear, all axes of images", [float([2, 1, 3, 2]), null, scales(1.5, 2, 1, 2.5)], { mode: "linear" }),
    smooth("linear, extents that stay", [float([2, 2]), null, scales(1.25, 1)], { mode: "linear" }),
    smooth(
      "cropped sequences",
      [
        float([1, 2, 4]),
        { ...exactly("float32", [6], [0, 0, -0.2, 1, 1, 0.9]), constant: true },
        null,
        list([1, 3, 6]),
      ],
      { mode: "cubic", coordinate_transformation_mode: "tf_crop_and_resize", extrapolation_value: -1.5 },
    ),
    smooth("linear, antialiased", [one, null, scales(1, 1, 0.5, 0.6)], { mode: "linear", antialias: 1 }),
    smooth("no larger than", [one, null, null, list([7, 7])], {
      axes: [2, 3],
      keep_aspect_ratio_policy: "not_larger",
    }),
    smooth("no smaller than", [one, null, null, list([7, 7])], {
      axes: [2, 3],
      keep_aspect_ratio_policy: "not_smaller",
    }),
    smooth("cubic", [one, null, scales(1, 1, 2, 0.8)], { mode: "cubic" }),
    smooth("cubic, aligned, without the outside", [one, null, null, list([1, 1, 7, 9])], {
      mode: "cubic",
      coordinate_transformation_mode: "align_corners",
      cubic_coeff_a: -0.5,
      exclude_outside: 1,
    }),
    smooth(
      "cropped",
      [
        one,
        { ...exactly("float32", [8], [0, 0, 0.2, -0.3, 1, 1, 0.9, 0.8]), constant: true },
        null,
        list([1, 1, 3, 6]),
      ],
      {
        mode: "linear",
        coordinate_transformation_mode: "tf_crop_and_resize",
        extrapolation_value: 2.5,
      },
    ),
    {
      ...smooth(
        "more places than a matrix of weights is good for",
        [float([1, 1, 1, 900]), null, scales(1, 1, 1, 1.5)],
        {
          mode: "linear",
        },
      ),
      tolerance: { runtime: 1e-4, why: "float32 coordinates near 900 are exact to 6e-5" },
    },
  ],
} satisfies Record<string, readonly OpCase[]>;
