// Errors of models that do not fit together: the place, the rule, the received value, and the remedy.
import { expect, test } from "vitest";
import { relu, softmax } from "./activations.js";
import type { LayerSpec } from "./layer.js";
import { sequential } from "./layers/containers/sequential.js";
import { conv2d } from "./layers/convolution.js";
import { dense } from "./layers/dense.js";
import { flatten } from "./layers/flatten.js";
import { batchNorm } from "./layers/normalization/batch-norm.js";
import { groupNorm, instanceNorm } from "./layers/normalization/group-norm.js";
import { layerNorm } from "./layers/normalization/layer-norm.js";
import { maxPool2d } from "./layers/pooling.js";
import { prelu } from "./layers/prelu.js";
import { reshape, transpose } from "./layers/rearrangement.js";
import { upsample } from "./layers/upsample.js";
import { zeroPadding } from "./layers/zero-padding.js";
import { buildNetwork } from "./network.js";

const build = (spec: unknown, { batchSize = 4, inputShape = [1, 8, 8] } = {}) =>
  buildNetwork(spec as LayerSpec, { mode: "training", batchSize, inputShape });
const building = (spec: unknown, options = {}) => expect(() => build(spec, options));
/** A spec as a person would write it in JSON. */
const model = (...layers: unknown[]) => ({ kind: "sequential", layers });

test("shapes that do not fit name the layer and both shapes", () => {
  building(
    sequential([conv2d({ filters: 2, kernel: 3 }), relu(), dense({ units: 3, inputs: 72 })]),
  ).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model.layers[2] (dense): dense expects other inputs: expected an input of shape [batch, 72], or with more axes between them, received [4, 2, 6, 6]. Put flatten() before it]`,
  );
  building(sequential([flatten(), conv2d({ filters: 2, kernel: 3 })])).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model.layers[1] (conv2d): conv2d needs images: expected an input of shape [batch, channels, height, width], received [4, 64]]`,
  );
  building(
    sequential([conv2d({ filters: 4, kernel: 3 }), conv2d({ filters: 6, kernel: 3, groups: 3 })]),
  ).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model.layers[1] (conv2d): groups do not divide the channels: expected channels and filters that are multiples of groups, received 4 channels, 6 filters, 3 groups]`,
  );
  building(sequential([conv2d({ filters: 4, kernel: 9 })])).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model.layers[0] (conv2d) > Conv: the window is larger than the padded input: expected spatial sizes of at least [9, 9], received [8, 8]. Use a smaller kernel, more padding or larger images]`,
  );
  building(sequential([flatten(), maxPool2d({ kernel: 2 })])).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model.layers[1] (maxPool2d): maxPool2d needs images: expected an input of shape [batch, channels, height, width], received [4, 64]]`,
  );
  building(zeroPadding({ padding: [1, [2, 3], 1] })).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model (zeroPadding): the padding does not fit: expected an input of shape [batch, channels, ...] with 3 spatial axes, received [4, 1, 8, 8]]`,
  );
  building(upsample({ scale: [2, 2, 2] })).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model (upsample): upsample needs spatial axes: expected an input of shape [batch, channels, 3 spatial axes], received [4, 1, 8, 8]]`,
  );
  building(reshape({ shape: [7, -1] })).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model (reshape): the elements do not fit the shape: expected examples of a multiple of 7 elements, for [7, -1], received 64, of shape [1, 8, 8]]`,
  );
  building(transpose({ axes: [1, 1, 2] })).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model (transpose): these are not the axes of an example: expected each of 1, 2, 3 once, for an input [4, 1, 8, 8], received [1, 1, 2]]`,
  );
  building(transpose({ axes: [1, 2] })).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model (transpose): these are not the axes of an example: expected each of 1, 2, 3 once, for an input [4, 1, 8, 8], received [1, 2]]`,
  );
  building(groupNorm({ groups: 5 })).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model (groupNorm): groups do not divide the channels: expected an input of shape [batch, channels, ...] with a multiple of 5 channels, received [4, 1, 8, 8]]`,
  );
  building(layerNorm({ axes: 4 })).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model (layerNorm): there are too few axes to normalize: expected an input of at least 5 axes, the examples on the first, received [4, 1, 8, 8]]`,
  );
  building(sequential([flatten(), instanceNorm()])).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model.layers[1] (instanceNorm): instanceNorm needs several places in every channel: expected an input of shape [batch, channels, ...] with more than one place, received [4, 64]. Use layerNorm for plain features]`,
  );
  building(sequential([flatten(), groupNorm({ groups: 64 })])).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model.layers[1] (groupNorm): groupNorm needs several values in every group: expected an input of shape [batch, channels, ...] with more than 64 values per example, one for each group, received [4, 64]. Use fewer groups: one value minus its own mean is 0, whatever it is]`,
  );
  building(sequential([flatten(), dense({ units: 1 }), layerNorm()])).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model.layers[2] (layerNorm): layerNorm needs several values in every example: expected more than one value on the axes that are normalized, received [4, 1]. Leave it out: one value minus its own mean is 0, whatever it is]`,
  );
  building(softmax({ axis: 4 })).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model (softmax): there are no classes on this axis: expected an axis from 1 to 3 or from -3 to -1, of an input [4, 1, 8, 8], received 4]`,
  );
  building(prelu({ perChannel: true }), { inputShape: [] }).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model (prelu): prelu needs channels: expected an input of shape [batch, channels, ...], received [4]]`,
  );
  building(dense({ units: 2 }), { inputShape: [] }).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model (dense): dense needs features: expected an input of shape [batch, features], or with more axes between them, received [4]]`,
  );
  building(sequential([maxPool2d({ kernel: 2, padding: 2 })])).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model.layers[0] (maxPool2d) > MaxPool: padding is as large as the window: expected pads smaller than the kernel [2, 2], received [2, 2, 2, 2]]`,
  );
});

test("batch normalization refuses a batch of one value per channel, and says how to avoid it", () => {
  building(sequential([flatten(), dense({ units: 2 }), batchNorm()]), {
    batchSize: 1,
  }).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model.layers[2] (batchNorm): batchNorm cannot compute statistics of one value per channel: expected a batch of at least 2 examples, or images larger than one pixel, received [1, 2]. Use a larger batch, or --drop-last if only the last batch is that small]`,
  );
  building(batchNorm(), { batchSize: 1 }).not.toThrow();
  building(batchNorm(), { inputShape: [] }).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model (batchNorm): batchNorm needs channels: expected an input of shape [batch, channels, ...], received [4]]`,
  );
});

test("unknown names are refused with the nearest known name", () => {
  building(model({ kind: "flatten" }, model({ kind: "conv2", filters: 2 }))).toThrowErrorMatchingInlineSnapshot(
    `[UnknownNameError: model.layers[1].layers[0]: unknown layer "conv2". Did you mean "conv2d"? 56 are known]`,
  );
  building(model({ kind: "flatten" }, { kind: "dense", unit: 2 })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model.layers[1] (dense): unknown option "unit". Did you mean "units"? Valid: units, inputs, bias, weightInitializer, biasInitializer]`,
  );
  building(model({ kind: "relu", slope: 2 })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model.layers[0] (relu): unknown option "slope". It takes no options]`,
  );
  building(
    model({ kind: "flatten" }, { kind: "dense", units: 2, weightInitializer: "heNorml" }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[UnknownNameError: model.layers[1] (dense), initializer of weight: unknown initializer "heNorml". Did you mean "heNormal"? 16 are known]`,
  );
  building(
    model({ kind: "flatten" }, { kind: "dense", units: 2, biasInitializer: { kind: "normal", sd: 1 } }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model.layers[1] (dense), initializer of bias (normal): unknown option "sd". Valid: mean, deviation]`,
  );
  building(model({ kind: "toString" })).toThrowErrorMatchingInlineSnapshot(
    `[UnknownNameError: model.layers[0]: unknown layer "toString". Did you mean "shrink"? 56 are known]`,
  );
});

test("values of the wrong type or range are shown beside the rule, with their path", () => {
  building(model(model({ kind: "conv2d", filters: 2.5, kernel: 3 }))).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model.layers[0].layers[0] (conv2d).filters: expected an integer, received 2.5]`,
  );
  building(model({ kind: "conv2d", filters: 2, kernel: [3, 0] })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model.layers[0] (conv2d).kernel[1]: expected a number at least 1, received 0]`,
  );
  building(model({ kind: "conv2d", filters: 2 })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model.layers[0] (conv2d): missing option "kernel": expected an integer from 1, or two as [height, width]]`,
  );
  building(model({ kind: "dropout", rate: 1 })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model.layers[0] (dropout).rate: expected a number below 1, received 1]`,
  );
  building(model({ kind: "dense", units: 2, bias: "no" })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model.layers[0] (dense).bias: expected true or false, received "no"]`,
  );
  building(model({ kind: "dense", units: 2, weightInitializer: 3 })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model.layers[0] (dense).weightInitializer: expected the name of an initializer, or an object with "kind", received 3]`,
  );
  building(model("relu")).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model (sequential).layers[0]: expected a layer: an object with "kind", received "relu"]`,
  );
  building({ kind: "sequential", layers: {} }).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model (sequential).layers: expected a list, received {}]`,
  );
  building([]).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model: not a layer spec: expected an object with "kind", one of 56 such as dense, conv1d, conv2d, received []]`,
  );
  building(undefined).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model: not a layer spec: expected an object with "kind", one of 56 such as dense, conv1d, conv2d, received nothing]`,
  );
});

test("a mistake in a call is reported by that call", () => {
  expect(() => conv2d({ filters: 6, kernle: 5 } as never)).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: conv2d: unknown option "kernle". Did you mean "kernel"? Valid: filters, kernel, stride, padding, dilation, groups, bias, weightInitializer, biasInitializer]`,
  );
  expect(() => dense({ units: Number.NaN })).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: dense.units: expected a number, received NaN]`,
  );
  expect(() => sequential(["relu"] as never)).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: sequential.layers[0]: expected a layer: an object with "kind", received "relu"]`,
  );
});
