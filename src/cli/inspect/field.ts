// The effective receptive field of `trainscope inspect --effective-field`.
import { type EffectiveField, effectiveField } from "../../inspect/field/effective-field.js";
import type { Subject } from "../../inspect/subject/subject.js";
import { nodeRuntime } from "../../node/runtime/node-runtime.js";
import { runtimeSession } from "../../train/runtime/graph-session.js";
import { wrapText } from "../output.js";
import type { InspectOptions } from "./options.js";

/** Measures it on ONNX Runtime. @throws InvalidInputError if the layer does not exist or has no gradient. */
export async function measureField(
  subject: Subject,
  { effectiveField: layer, examples, seed }: Pick<InspectOptions, "effectiveField" | "examples" | "seed">,
): Promise<EffectiveField> {
  const runtime = nodeRuntime();
  try {
    const wanted = { examples, seed, ...(typeof layer === "string" ? { layer } : {}) };
    return await effectiveField(subject, wanted, runtimeSession(runtime));
  } finally {
    // Its worker would keep the process alive.
    await runtime.dispose();
  }
}

/** A paragraph for people. */
export function effectiveFieldText(field: EffectiveField, width: number): string {
  const { layer, deviation, pixels95, part95, theoryPixels, theory, inside, examples, seed } = field;
  const number = (value: number): string => Number(value.toPrecision(3)).toLocaleString("en-US");
  const whole = theory === "all" ? "the input" : "the theoretical field";
  const parts = [
    `center of ${layer}, standard deviation ${deviation.map(number).join(" x ")} pixels`,
    `95 % of the gradient lies in ${pixels95.toLocaleString("en-US")} pixels, ${number(100 * part95)} % of the ${theoryPixels.toLocaleString("en-US")} of ${whole}`,
    ...(inside < 0.9995 ? [`${number(100 * (1 - inside))} % lie outside of it`] : []),
    `mean over ${examples} ${examples === 1 ? "example" : "examples"} of noise, seed ${seed}`,
  ];
  return `${wrapText(`Effective field: ${parts.join("; ")}`, width, 13)}\n`;
}
