// Refuses outputs of which a loss makes no sense: one step on the first batch, before the training, and only for losses
// that have a rule which the last operators of the network do not prove.
import { InvalidInputError } from "../../../core/errors.js";
import type { TensorData } from "../../../core/numbers/tensor-data.js";
import { writeOnnx } from "../../../onnx/write.js";
import type { SplitData } from "../../data/split-data.js";
import { initialState } from "../../program/initial-state.js";
import { stepCount } from "../../program/program.js";
import { singleStep } from "../../program/single-step.js";
import { stateNames } from "../../program/state-layout.js";
import { trainingStep } from "../../program/step.js";
import { runtimeTarget } from "../../runtime/runtime-target.js";
import type { TrialPlan } from "../plan.js";
import { segmentFeeds } from "../segment.js";

/**
 * Checks the outputs of the first batch, of an ensemble those of one network.
 * @throws InvalidInputError if they break the rule of the loss.
 */
export async function checkFirstOutputs(plan: TrialPlan): Promise<void> {
  const { loss } = plan.program;
  const rule = loss.outputs;
  if (rule === undefined || plan.totalSteps === 0 || rule.isCertain(plan.network.output)) return;
  const problem = rule.problem(await measuredOutputs(plan));
  if (problem === undefined) return;
  throw new InvalidInputError("the outputs of the model are not what this loss takes", {
    where: `loss (${loss.kind})`,
    expected: rule.expected,
    received: `${problem}, on the first batch`,
    remedy: rule.remedy,
  });
}

async function measuredOutputs(plan: TrialPlan): Promise<Record<string, number>> {
  const { program, spec, orders, schedule, totalSteps, runtime, network, single, initial } = plan;
  const [order] = orders;
  const { microBatchSize = Number.POSITIVE_INFINITY, ...whole } = program;
  const batchSize = order.sizeAt(0);
  const looked = Math.min(batchSize, microBatchSize);
  // The layout of the state depends on how many networks share it.
  const { ensemble: networks } = plan;
  const form = networks === undefined ? {} : { ensemble: { networks, ownRows: false, ownHyper: false } };
  const step = trainingStep({ ...whole, ...form, batchSize: looked });
  const measured = program.loss.outputs?.measure(step.batch.output) ?? {};
  const names = Object.keys(measured);
  const tables = segmentFeeds({
    program: step,
    segment: { first: 0, steps: 1, batchSize },
    ...{ schedule, totalSteps, order, optimizer: spec.optimizer, seed: spec.seed },
  }).feeds;
  const { steps: _, rows, ...others } = tables;
  const data = await (plan.splits.get("train") as SplitData).feedsOfRows(firstOf(rows, looked));
  const state = initialState(network, single, spec.seed, initial);
  const feeds = Object.fromEntries(stateNames(step.state).map((name, i) => [name, state[i]]));
  const model = writeOnnx(singleStep(step, measured), { name: "output check", target: runtimeTarget(runtime) });
  const session = await runtime.load(model, { threads: 1, spinning: false });
  try {
    const { outputs } = await session.run({
      feeds: { iteration: stepCount(0), ...others, ...data, ...feeds },
      fetch: names,
    });
    return Object.fromEntries(names.map((name) => [name, Number(outputs[name].data[0])]));
  } finally {
    await session.dispose();
  }
}

/** The first rows of a batch. */
function firstOf({ dtype, data }: TensorData, count: number): TensorData {
  return { dtype, shape: [1, count], data: data.slice(0, count) };
}
