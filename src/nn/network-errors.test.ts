// What people are told when a model does not fit together: the place, the rule, what was received, what to write.
import { expect, test } from "vitest";
import { relu } from "./activations.js";
import type { LayerSpec } from "./layer.js";
import { batchNorm } from "./layers/batch-norm.js";
import { conv2d } from "./layers/conv2d.js";
import { dense } from "./layers/dense.js";
import { flatten } from "./layers/flatten.js";
import { maxPool2d } from "./layers/pool2d.js";
import { sequential } from "./layers/sequential.js";
import { buildNetwork } from "./network.js";

const build = (spec: unknown, { batchSize = 4, inputShape = [1, 8, 8] } = {}) =>
  buildNetwork(spec as LayerSpec, { mode: "training", batchSize, inputShape });
const building = (spec: unknown, options = {}) => expect(() => build(spec, options));
/** The JSON that a person would have written. */
const model = (...layers: unknown[]) => ({ kind: "sequential", layers });

test("shapes that do not fit name the layer and both shapes", () => {
  building(
    sequential([conv2d({ filters: 2, kernel: 3 }), relu(), dense({ units: 3 })]),
  ).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model.layers[2] (dense): dense needs flat examples: expected an input of shape [batch, features], received [4, 2, 6, 6]. Put flatten() before it]`,
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
    `[ShapeError: model.layers[0] (conv2d) > Conv: the window is larger than the padded input: expected spatial extents of at least [9, 9], received [8, 8]. Use a smaller kernel, more padding or larger images]`,
  );
  building(sequential([flatten(), maxPool2d({ kernel: 2 })])).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model.layers[1] (maxPool2d) > MaxPool: pooling needs spatial axes: expected an input [batch, channels, spatial...], received [4, 64]]`,
  );
  building(sequential([maxPool2d({ kernel: 2, padding: 2 })])).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model.layers[0] (maxPool2d) > MaxPool: padding is as large as the window: expected pads smaller than the kernel [2, 2], received [2, 2, 2, 2]]`,
  );
});

test("batch normalization refuses a batch of one value per channel, and says how to avoid it", () => {
  building(sequential([flatten(), dense({ units: 2 }), batchNorm()]), {
    batchSize: 1,
  }).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model.layers[2] (batchNorm): batchNorm cannot take statistics of one value per channel: expected a batch of at least 2 examples, or images larger than one pixel, received [1, 2]. Use a larger batch, or --drop-last when only the last batch is that small]`,
  );
  building(batchNorm(), { batchSize: 1 }).not.toThrow();
  building(batchNorm(), { inputShape: [] }).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: model (batchNorm): batchNorm needs channels: expected an input of shape [batch, channels, ...], received [4]]`,
  );
});

test("names that do not exist are answered with the nearest that does", () => {
  building(model({ kind: "flatten" }, model({ kind: "conv2", filters: 2 }))).toThrowErrorMatchingInlineSnapshot(
    `[UnknownNameError: model.layers[1].layers[0]: unknown layer "conv2". Did you mean "conv2d"? 38 are known]`,
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
    `[UnknownNameError: model.layers[0]: unknown layer "toString". 38 are known]`,
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
    `[InvalidInputError: model: not a layer spec: expected an object with "kind", one of 38 such as dense, conv2d, maxPool2d, received []]`,
  );
  building(undefined).toThrowErrorMatchingInlineSnapshot(
    `[InvalidInputError: model: not a layer spec: expected an object with "kind", one of 38 such as dense, conv2d, maxPool2d, received nothing]`,
  );
});

test("a mistake in a call is found at the call", () => {
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
