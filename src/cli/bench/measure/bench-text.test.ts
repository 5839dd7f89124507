import { expect, test } from "vitest";
import { type BenchResult, benchText } from "./bench-text.js";
import type { Machine } from "./machine.js";
import type { Measurement } from "./measurement.js";

const machine: Machine = {
  cpu: "Some CPU",
  cores: 2,
  platform: "linux x64",
  load: 0.1,
  versions: { trainscope: "1.0.0", onnxruntime: "1.30.0", node: "20.19.0", torch: "2.13.0" },
};

const race: Measurement = {
  task: "lenet5",
  unit: "ms/step",
  ours: { value: 4.8712, low: 4.7, high: 5.2, setting: "2 threads, Loop program" },
  peer: { value: 6.0191, low: 5.8, high: 6.3, setting: "1 thread, fused, channels_last" },
  ratio: { value: 1.2356, low: 1.12, high: 1.3 },
  must: { of: "ratio", bound: "at least", value: 1 },
  remarks: ["PyTorch 2.13.0 at its best of 12 settings: 1 thread, fused, channels_last"],
};

const wait: Measurement = {
  task: "help",
  unit: "s",
  ours: { value: 0.1612, low: 0.15, high: 0.2, setting: "" },
  must: { of: "ours", bound: "at most", value: 0.15 },
  remarks: [],
};

test("one table has times, ratio, budget and verdict, and the compared settings follow below", () => {
  const unmeasured = [{ task: "first-step", reason: "trainscope train: no data" }];
  expect(benchText({ machine, measurements: [race, wait], unmeasured })).toMatchInlineSnapshot(`
    "task    ours                PyTorch's best     ratio [range]      must       met
    ------  ------------------  -----------------  -----------------  ---------  ---
    lenet5  4.87 ms, 2 threads  6.02 ms, 1 thread  1.24 [1.12, 1.30]  >= 1       yes
    help    0.161 s                                                   <= 0.15 s  no

    lenet5: PyTorch 2.13.0 at its best of 12 settings: 1 thread, fused, channels_last
    first-step: not measured. trainscope train: no data
    Some CPU, 2 cores, linux x64; trainscope 1.0.0, onnxruntime 1.30.0, node 20.19.0, torch 2.13.0
    "
  `);
});

test("without a peer there is no column for it, one line gives the reason, and a race has no verdict", () => {
  const { peer: _, ratio: __, ...alone } = race;
  const result: BenchResult = {
    machine: { ...machine, load: 1.7 },
    measurements: [{ ...alone, remarks: [] }],
    unmeasured: [],
    withoutPeer: "python3 has no torch",
  };
  expect(benchText(result)).toMatchInlineSnapshot(`
    "task    ours                ratio [range]  must  met
    ------  ------------------  -------------  ----  ---
    lenet5  4.87 ms, 2 threads                 >= 1

    Without PyTorch: python3 has no torch. These are our figures alone.
    The machine was busy at the start (load 1.7 on 2 cores): expect noise.
    Some CPU, 2 cores, linux x64; trainscope 1.0.0, onnxruntime 1.30.0, node 20.19.0, torch 2.13.0
    "
  `);
});
