// Times several forms of one computation in turns, as training runs them: inside a Loop, on ONNX Runtime.

import { type Shape, sizeOf } from "../src/core/numbers/shape.js";
import { type TensorData, zeros } from "../src/core/numbers/tensor-data.js";
import { randomStream } from "../src/core/random/rng.js";
import { apply, constant, input } from "../src/graph/build.js";
import { graph } from "../src/graph/graph.js";
import type { Op } from "../src/graph/op.js";
import { loopOp } from "../src/graph/ops/loop.js";
import { simplify } from "../src/graph/passes/simplify.js";
import type { Graph, Tensor } from "../src/graph/tensor.js";
import { nodeRuntime } from "../src/node/runtime/node-runtime.js";
import { writeOnnx } from "../src/onnx/write.js";
import type { Runtime, Session } from "../src/train/runtime/runtime.js";

/** One computation in several forms. */
export interface Comparison {
  readonly title: string;
  readonly inputs: Readonly<Record<string, Shape>>;
  /** Maps normal random numbers to the values of an input. Default: the identity. */
  readonly values?: Readonly<Record<string, (normal: number) => number>>;
  /** Whether the layouts of the results differ, so that they cannot be compared element by element. */
  readonly incomparable?: boolean;
  readonly forms: Readonly<Record<string, (inputs: Readonly<Record<string, Tensor>>) => readonly Tensor[]>>;
}

export interface FormTime {
  readonly form: string;
  /** Milliseconds of one evaluation: median and minimum. */
  readonly medianMs: number;
  readonly leastMs: number;
  /**
   * Largest difference from the first form, relative to its largest value; only rounding, if the forms are equivalent.
   */
  readonly difference?: number;
}

export interface TimerOptions {
  readonly threads: number;
  readonly rounds: number;
}

// A run of about this length hides the round trip to the worker.
const runMs = 100;
const firstRunIterations = 3;

/** Measures the forms of a comparison in turns, round by round. */
export async function timeForms(comparison: Comparison, { threads, rounds }: TimerOptions): Promise<FormTime[]> {
  const runtime = nodeRuntime();
  try {
    for (const [name, shape] of Object.entries(comparison.inputs)) {
      await runtime.put(name, randomTensor(name, shape, comparison.values?.[name]));
    }
    const forms: PreparedForm[] = [];
    for (const form of Object.keys(comparison.forms)) forms.push(await prepare(runtime, comparison, form, threads));
    for (let round = 0; round < rounds; round++) {
      for (const form of forms) form.times.push(await form.run(form.iterations));
    }
    return forms.map(({ form, times, values }) => {
      const sorted = [...times].sort((a, b) => a - b);
      const measured = { form, medianMs: sorted[sorted.length >> 1], leastMs: sorted[0] };
      if (comparison.incomparable === true) return measured;
      return { ...measured, difference: relativeDifference(values, forms[0].values) };
    });
  } finally {
    await runtime.dispose();
  }
}

interface PreparedForm {
  readonly form: string;
  readonly iterations: number;
  readonly values: Float32Array;
  readonly times: number[];
  /** Milliseconds of one iteration. */
  run(iterations: number): Promise<number>;
}

async function prepare(runtime: Runtime, comparison: Comparison, form: string, threads: number): Promise<PreparedForm> {
  const { inputs, forms } = comparison;
  const program = loopOf(inputs, forms[form]);
  const session = await runtime.load(writeOnnx(program.graph, { name: form }), { threads, spinning: true });
  const start = Object.fromEntries(program.carried.map(({ name, shape }) => [name as string, zeros("float32", shape)]));
  const resident = Object.fromEntries(Object.keys(inputs).map((name) => [name, name]));
  const run = async (iterations: number): Promise<number> => {
    const feeds = { steps: stepsOf(iterations), ...start };
    const keep = Object.fromEntries(program.graph.outputs.map(({ name }) => [name, `${form}: ${name}`]));
    const { durationMs } = await session.run({ feeds, resident, keep, fetch: [] });
    return durationMs / iterations;
  };
  await run(firstRunIterations);
  const guess = await run(firstRunIterations);
  const values = await readAll(session, { start, resident, names: program.graph.outputs.map(({ name }) => name) });
  return { form, iterations: Math.max(2, Math.round(runMs / guess)), values, times: [], run };
}

/** A Loop that repeats the same computation; its results are loop-carried, which costs no copy. */
function loopOf(inputs: Readonly<Record<string, Shape>>, form: Comparison["forms"][string]) {
  const names = Object.keys(inputs);
  const placeholders = (prefix: string) => names.map((name) => input(prefix + name, "float32", inputs[name]));
  const captured = placeholders("inner ");
  const results = form(Object.fromEntries(names.map((name, i) => [name, captured[i]])));
  const carriedAs = (prefix: string) => results.map(({ shape }, i) => input(`${prefix}${i}`, "float32", shape));
  const [iteration, condition] = [input("iteration", "int64", []), input("condition", "bool", [])];
  const nextValues = Object.fromEntries(results.map((tensor, i) => [`next ${i}`, tensor]));
  const body: Graph = simplify(
    graph([iteration, condition, ...carriedAs("inner carried "), ...captured], { "go on": condition, ...nextValues }),
  );
  const [steps, carried, outer] = [input("steps", "int64", []), carriedAs("carried "), placeholders("")];
  const goOn = constant({ dtype: "bool", shape: [], data: Uint8Array.of(1) });
  const last = apply(loopOp as Op, [steps, goOn, ...carried, ...outer], { body, captured: outer.length });
  const outputs = Object.fromEntries(last.map((tensor, i) => [`result ${i}`, tensor]));
  return { graph: graph([steps, ...carried, ...outer], outputs), carried };
}

interface ReadRequest {
  readonly start: Readonly<Record<string, TensorData>>;
  readonly resident: Readonly<Record<string, string>>;
  readonly names: readonly string[];
}

async function readAll(session: Session, { start, resident, names }: ReadRequest): Promise<Float32Array> {
  const { outputs } = await session.run({ feeds: { steps: stepsOf(1), ...start }, resident, fetch: names });
  const parts = names.map((name) => outputs[name].data as Float32Array);
  const values = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let filled = 0;
  for (const part of parts) {
    values.set(part, filled);
    filled += part.length;
  }
  return values;
}

function relativeDifference(values: Float32Array, reference: Float32Array): number {
  let [largest, difference] = [0, 0];
  for (const [i, value] of reference.entries()) {
    largest = Math.max(largest, Math.abs(value));
    difference = Math.max(difference, Math.abs(value - values[i]));
  }
  return difference / largest;
}

function randomTensor(name: string, shape: Shape, value = (normal: number) => normal): TensorData {
  const stream = randomStream(0, name);
  const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => value(stream.normal(i)));
  return { dtype: "float32", shape, data };
}

const stepsOf = (count: number): TensorData => ({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(count)) });
