// mlp: dense layers with ReLU between them.
import * as z from "zod";
import { InvalidInputError } from "../../core/errors.js";
import { relu } from "../activations.js";
import type { LayerSpec } from "../layer.js";
import { sequential } from "../layers/containers/sequential.js";
import { dense } from "../layers/dense.js";
import { dropout } from "../layers/dropout.js";
import { flatten } from "../layers/flatten.js";
import { defineModel } from "./model.js";

/** Dense layers with ReLU between them: `mlp({ widths: [784, 100, 10] })`, inputs first. */
export const mlp = defineModel({
  kind: "mlp",
  about: "dense layers with ReLU between them, as mlp:784-100-10 (inputs first)",
  options: z.object({
    widths: z.array(z.int().positive()).min(2).default([784, 100, 10]),
    dropoutInput: z.number().min(0).lt(1).default(0),
    dropoutHidden: z.number().min(0).lt(1).default(0),
  }),
  model(spec: { widths: number[]; dropoutInput: number; dropoutHidden: number }): LayerSpec {
    const dropped = (rate: number) => (rate === 0 ? [] : [dropout({ rate })]);
    const last = spec.widths.length - 2;
    const layers = spec.widths.slice(1).flatMap((units, i) => {
      const layer = dense(i === 0 ? { units, inputs: spec.widths[0] } : { units });
      return i === last ? [layer] : [layer, relu(), ...dropped(spec.dropoutHidden)];
    });
    return sequential([flatten(), ...dropped(spec.dropoutInput), ...layers]);
  },
  inputShape: ({ widths }: { widths: number[] }) => [widths[0]],
  parse(text: string) {
    if (!/^[1-9]\d{0,14}(?:-[1-9]\d{0,14})+$/.test(text)) {
      throw new InvalidInputError("invalid widths", {
        where: `model "mlp:${text}"`,
        expected: "at least two positive integers, separated by dashes",
        received: JSON.stringify(text),
        remedy: "Write mlp:784-100-10, say",
      });
    }
    return { widths: text.split("-").map(Number) };
  },
});
