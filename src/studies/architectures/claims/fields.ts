// Receptive fields: the printed formula, stacks of convolutions, published tables, and effective fields.
import type { Claim } from "../../../core/findings.js";
import { countText, decimalText } from "../../../study/analysis/number-text.js";
import { fieldOf, layerNamed } from "../accounted.js";
import { boxDeviation } from "../effective-fields.js";
import type { Measurements } from "../measurements.js";
import {
  agrees,
  identityDepths,
  identityKernels,
  printedFormula,
  smallestInput,
  stackField,
  stackOf,
} from "../receptive-fields.js";
import { published, reported } from "../sources.js";
import { confirmed, erratum, roundsTo } from "./statement.js";

const { source } = reported.fields;
/** Tolerance above the rounding error of sums of 81 products in float64. */
const roundingError = 1e-12;

export function fieldClaims(measurements: Measurements): Claim[] {
  return [
    formula(),
    identity(measurements),
    threeFives(),
    table(measurements),
    dilation(),
    deviations(measurements),
    shareFalls(measurements),
  ];
}

function formula(): Claim {
  const windows = stackOf(2, 3, 2);
  const printed = printedFormula(2, 3, 2);
  const { size } = stackField(windows);
  return erratum(
    {
      id: "field-formula",
      source,
      text: "In the receptive field of N layers every term has the product of the strides of the first N − 1 layers, with one F and one S.",
      rule: "Erratum if for two 3 × 3 convolutions of stride 2 it differs from the instrument, and that agrees with the smallest input that they can read.",
    },
    printed !== size && size === smallestInput(windows),
    `The printed form gives 1 + 2 · (3 − 1) · 2 = ${printed}; the truth is 1 + (3 − 1) + (3 − 1) · 2 = ${size}. Layer l is weighed by the strides before it alone: r = 1 + Σ d_l (k_l − 1) Π s_i over i < l. The printed form leaves out the dilation d_l, too.`,
  );
}

function identity({ identity: checks }: Measurements): Claim {
  const right = checks.filter(agrees);
  return confirmed(
    {
      id: "stacked-identity",
      source,
      text: "N stacked F × F convolutions with stride 1 have a receptive field of NF − N + 1.",
      rule: "Supported if for every N and F of a grid the formula, the instrument, and the smallest input that the stack can read are one number.",
    },
    right.length === checks.length,
    `${right.length} of ${checks.length} pairs agree (N of ${identityDepths.join(", ")}; F of ${identityKernels.join(", ")}). Proof: a pixel sees itself, r_0 = 1; with stride 1 a layer adds F − 1 pixels to what the one before it sees, r_N = r_(N−1) + F − 1; so r_N = 1 + N (F − 1) = NF − N + 1.`,
  );
}

function threeFives(): Claim {
  const { size } = stackField(stackOf(3, 5));
  return confirmed(
    {
      id: "three-fives",
      source,
      text: "Three stacked 5 × 5 convolutions see 13 × 13 pixels.",
      rule: "Supported if the instrument says so.",
    },
    size === 13,
    `3 · 5 − 3 + 1 = ${size}. One ${size} × ${size} filter has ${size ** 2} weights for every pair of channels, the three of 5 × 5 have ${3 * 5 ** 2}.`,
  );
}

function table({ networks: { alexnet, vgg16 } }: Measurements): Claim {
  const pairs = [
    { name: "AlexNet", found: fieldOf(layerNamed(alexnet, "pool5")), said: published.fields.alexnet },
    { name: "VGG-16", found: fieldOf(layerNamed(vgg16, "pool5")), said: published.fields.vgg16 },
  ];
  const text = (key: "found" | "said"): string =>
    pairs.map((pair) => `${pair.name} ${pair[key].size}, stride ${pair[key].stride}`).join("; ");
  return confirmed(
    {
      id: "field-table",
      source: published.fields.source,
      text: `Receptive field and effective stride after the last pooling: ${text("said")}.`,
      rule: "Supported if the instrument gives the same numbers.",
    },
    pairs.every(({ found, said }) => found.size === said.size && found.stride === said.stride),
    `${text("found")}.`,
  );
}

function dilation(): Claim {
  const windows = [1, 2, 4].map((factor) => ({ kernel: 3, dilation: factor }));
  const { size } = stackField(windows);
  const said = published.dilation.size;
  return confirmed(
    {
      id: "field-dilation",
      source: published.dilation.source,
      text: `3 × 3 convolutions with dilation 1, 2 and 4 see ${said} × ${said} pixels: the field grows exponentially, the parameters linearly.`,
      rule: "Supported if the instrument and the smallest input that the stack can read agree with the number.",
    },
    size === said && smallestInput(windows) === size,
    `1 + 2 · 1 + 2 · 2 + 2 · 4 = ${size}; without dilation the same layers see ${stackField(stackOf(3, 3)).size}.`,
  );
}

function deviations({ effective }: Measurements): Claim {
  const said: Readonly<Record<number, number>> = published.effective.deviations;
  const holds = effective.every(
    ({ layers, kernel, deviation, extent }) =>
      roundsTo(deviation, said[layers], 3) &&
      Math.abs(deviation / boxDeviation(layers, kernel) - 1) < roundingError &&
      extent === layers * (kernel - 1) + 1,
  );
  return confirmed(
    {
      id: "effective-deviation",
      source: published.effective.source,
      text: `With uniform weights the effective receptive field of n linear k × k layers is a box convolved with itself n times: its standard deviation is √(n (k² − 1) / 12), which for 3 × 3 is ${Object.entries(
        said,
      )
        .map(([layers, deviation]) => `${deviation} (n = ${layers})`)
        .join(", ")}.`,
      rule: "Supported if the deviations of the gradients equal the formula to 12 digits, and these values to 3 decimals.",
    },
    holds,
    `${effective.map(({ layers, deviation, extent }) => `n = ${layers}: ${decimalText(deviation, 3)} in a field of ${countText(extent)}`).join("; ")}.`,
  );
}

function shareFalls({ effective }: Measurements): Claim {
  const shares = effective.map(({ deviation, extent }) => deviation / extent);
  const holds = effective.slice(1).every(({ layers, deviation, excessKurtosis }, i) => {
    const before = effective[i];
    const growth = deviation / before.deviation / Math.sqrt(layers / before.layers);
    const isMoreGaussian = Math.abs(excessKurtosis) < Math.abs(before.excessKurtosis);
    return Math.abs(growth - 1) < roundingError && shares[i + 1] < shares[i] && isMoreGaussian;
  });
  return confirmed(
    {
      id: "effective-share",
      source: published.effective.source,
      text: "The effective field grows as √n and the theoretical one as n, so that deeper stacks use an ever smaller part of what they see; its shape approaches a Gaussian.",
      rule: "Supported if the deviations grow as √n to 12 digits, their part of the extent falls at every step, and the excess kurtosis comes closer to 0.",
    },
    holds,
    `Deviation over extent: ${shares.map((share) => decimalText(share, 3)).join(", ")}; excess kurtosis: ${effective.map(({ excessKurtosis }) => decimalText(excessKurtosis, 4)).join(", ")}.`,
  );
}
