import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { layerNetwork, parameterCount } from "../../../nn/network.js";
import { peerScript } from "../process/peer-command.js";
import { ensembleData, ensembleModel, narrowEnsemble } from "./ensemble-workload.js";

test("the model has 10 hidden layers of 2 units, one input and one output, as in the study", () => {
  const form = { mode: "training" as const, batchSize: 4, inputShapes: [[1]] };
  const network = layerNetwork(ensembleModel(narrowEnsemble)).build(form);
  expect(parameterCount(network)).toBe(4 + 9 * 6 + 3);
  expect(network.output.shape).toEqual([4, 1]);
});

test("the data are the absolute values of points in the study's interval", () => {
  const { train } = ensembleData(narrowEnsemble);
  const [x, y] = [train.inputs.data as Float32Array, train.targets.data as Float32Array];
  expect(x.length).toBe(3000);
  expect(x.every((value, i) => Math.abs(value) <= Math.fround(Math.sqrt(7)) && y[i] === Math.abs(value))).toBe(true);
  expect(x.some((value) => value < -2) && x.some((value) => value > 2)).toBe(true);
});

test("the peer's script reads every number of the workload", () => {
  const script = readFileSync(peerScript("ensemble_peer"), "utf8");
  for (const name of Object.keys(narrowEnsemble)) expect(script).toContain(`work["${name}"]`);
});
