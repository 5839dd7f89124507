// The claims of the study: statements of the report and of the literature, in the order of problem 5.
import type { Claim } from "../../../core/findings.js";
import type { Measurements } from "../measurements.js";
import { alexnetClaims } from "./alexnet.js";
import { fieldClaims } from "./fields.js";
import { inceptionClaims } from "./inception.js";
import { vggClaims } from "./vgg.js";

export function claims(measurements: Measurements): Claim[] {
  return [
    ...alexnetClaims(measurements),
    ...vggClaims(measurements),
    ...fieldClaims(measurements),
    ...inceptionClaims(measurements),
  ];
}
