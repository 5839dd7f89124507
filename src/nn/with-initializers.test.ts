// Initializers for a whole model: every weight and bias with an initializer option, in every catalogue model.
import { describe, expect, test } from "vitest";
import { initialValues } from "./initializers.js";
import { parallel } from "./layers/containers/parallel.js";
import { residual } from "./layers/containers/residual.js";
import { sequential } from "./layers/containers/sequential.js";
import { shared } from "./layers/containers/shared.js";
import { dense } from "./layers/dense.js";
import { batchNorm } from "./layers/normalization/batch-norm.js";
import { catalogueModel, modelByName, models } from "./models.js";
import { buildNetwork, type Network } from "./network.js";
import { withInitializers } from "./with-initializers.js";

const byRole = ({ parameters }: Network, roles: readonly string[]) =>
  parameters.filter(({ role }) => roles.includes(role)).map(({ initializer }) => initializer);

describe.each(Object.keys(models))("%s", (kind) => {
  test("uses the given initializers, except in its normalizations", () => {
    const fitting = catalogueModel(kind).inputShape ?? [3, 32, 32];
    const before = modelByName(kind);
    const spec = withInitializers(before, { weights: "lecun-normal:gain=2", biases: "ones" });
    const build = (layer: typeof spec) => buildNetwork(layer, { mode: "training", batchSize: 2, inputShape: fitting });
    const [given, found] = [build(before), build(spec)];
    const weights = byRole(found, ["weight"]);
    expect(weights.length).toBeGreaterThan(1);
    expect(new Set(weights.map((weight) => JSON.stringify(weight))).size).toBe(1);
    expect(weights[0]).toMatchObject({ kind: "lecunNormal", gain: 2 });
    for (const bias of byRole(found, ["bias"])) expect(bias).toEqual({ kind: "ones" });
    expect(byRole(found, ["scale", "shift"])).toEqual(byRole(given, ["scale", "shift"]));
    expect(found.parameters.map(({ path }) => path)).toEqual(given.parameters.map(({ path }) => path));
  });
});

test("nested layers are changed too, and everything else stays", () => {
  const own = dense({ units: 3, biasInitializer: "ones" });
  const nested = sequential([
    residual({ branch: sequential([own, batchNorm()]), shortcut: own }),
    parallel([own, shared("w", own)]),
  ]);
  const network = buildNetwork(withInitializers(nested, { weights: "zeros" }), {
    ...{ mode: "training", batchSize: 2, inputShape: [3] },
  });
  expect(byRole(network, ["weight"])).toEqual(Array(4).fill({ kind: "zeros" }));
  expect(byRole(network, ["bias"])).toEqual(Array(4).fill("ones"));
  expect(withInitializers(nested, {})).toEqual(nested);
});

test("an initializer for weights and biases applies to both, unless biases have their own", () => {
  const layer = dense({ units: 4 });
  expect(withInitializers(layer, { weights: "randomized-asymmetric" })).toMatchObject({
    weightInitializer: { kind: "randomizedAsymmetric" },
    biasInitializer: { kind: "randomizedAsymmetric" },
  });
  expect(withInitializers(layer, { weights: "randomizedAsymmetric", biases: "zeros" })).toMatchObject({
    biasInitializer: { kind: "zeros" },
  });
  expect(() => withInitializers(layer, { biases: "zero" })).toThrowErrorMatchingInlineSnapshot(
    `[UnknownNameError: biases: unknown initializer "zero". Did you mean "zeros"? 16 are known]`,
  );
});

test("weight and bias of one layer share their rows, but those of two layers do not", () => {
  const network = buildNetwork(
    withInitializers(sequential([dense({ units: 500 }), dense({ units: 500 })]), { weights: "randomizedAsymmetric" }),
    { mode: "training", batchSize: 2, inputShape: [1] },
  );
  const [weight, bias] = network.parameters.map(({ path, initializer, tensor, fans }) =>
    initialValues(path, initializer, tensor.shape, fans, 2),
  );
  // With one input, the entry of Beta(2, 1) is the weight or the bias, so at most one of them is negative.
  for (const [unit, value] of weight.entries()) expect(Math.max(value, bias[unit])).toBeGreaterThan(0);
  expect(weight.filter((value) => value < 0).length).toBeGreaterThan(80);
  const twin = initialValues("1.bias", "randomizedAsymmetric", [500], { fanIn: 1, fanOut: 500 }, 2);
  expect([...twin].some((value, unit) => Math.max(value, weight[unit]) < 0)).toBe(true);
});
