// Tells constants of the computation from parameters by what they do in the graph, where no exporter recorded it.
//
//   one number in arithmetic      held, unless its name is that of a module's parameter or variable, or an activation
//                                 is applied to it; an epsilon, a bound, a fill value, an exponent of 2 and the scale of
//                                 attention are held whatever their name
//   normalization of the input    held: x - mean, x / deviation, and products and sums in that order
//   scaling of a bounded output   held: the range of an action
//   a mask of large negatives     held
//   bounds, and values of Where   held
//
// Roles are patterns of named operators. Whatever is decided here is a guess, and the user is told.
import { sizeOf } from "../../core/numbers/shape.js";
import type { TensorData } from "../../core/numbers/tensor-data.js";
import type { TensorType } from "../../graph/tensor.js";
import type { NodeProto } from "../file/generated/onnx_pb.js";
import { operatorKey } from "../forms/node-form.js";
import type { ChainPlace } from "./data-chains.js";
import { isParameterName } from "./generated-names.js";
import type { Surroundings } from "./surroundings.js";

/** A stored tensor that reaches arithmetic, but no weight input. */
export interface RoleCandidate {
  readonly name: string;
  /** Whether an exporter made up the name for a computed value. */
  readonly isGenerated: boolean;
  readonly producer: string;
  readonly type: TensorType;
  readonly value: TensorData | undefined;
  /** The nodes of arithmetic that it reaches. */
  readonly nodes: readonly NodeProto[];
  /** Where it meets the data; empty if the model has no weights besides. */
  readonly chain: readonly ChainPlace[];
  readonly surroundings: Pick<Surroundings, "isBeforeAttention" | "addsToOneColumn">;
}

/** A decision by role, and its reason in a few words. */
export interface RoleDecision {
  readonly isParameter: boolean;
  /** Whether the user need not be told. */
  readonly isSure?: boolean;
  readonly reason: string;
}

/** The decision about a tensor; `undefined` if its role tells nothing. */
export function decideByRole(candidate: RoleCandidate): RoleDecision | undefined {
  const { type, nodes, surroundings } = candidate;
  const isNumber = sizeOf(type.shape) === 1;
  if (isNumber && type.shape.length > 0 && nodes.some((node) => surroundings.addsToOneColumn(node)))
    return { isParameter: true, isSure: true, reason: "the bias of one output" };
  const reason = heldReason(candidate, isNumber);
  if (reason !== undefined) return { isParameter: false, reason, isSure: isNumber && candidate.isGenerated };
  if (!isNumber) return undefined;
  const place = `one number${valueText(candidate)} at ${operatorsText(candidate)}`;
  if (candidate.isGenerated) return { isParameter: false, isSure: true, reason: place };
  if (isActivated(candidate)) return { isParameter: true, reason: `${place}, which is applied to it` };
  const isNamed = isParameterName(candidate.name, candidate.producer);
  return { isParameter: isNamed, reason: isNamed ? `${place}, with the name of a parameter` : place };
}

function heldReason(candidate: RoleCandidate, isNumber: boolean): string | undefined {
  const scaled = candidate.chain.find((place) => isNumber || scalesData(place, candidate));
  if (scaled !== undefined) return scaled.end === "input" ? "scales the input" : "scales a bounded output";
  if (isNegativeMask(candidate)) return "a mask of large negative numbers";
  if (meetsOnly(candidate, bounds)) return "a bound";
  if (meetsOnly(candidate, ["Where"]) && (isNumber || !isParameterName(candidate.name, candidate.producer)))
    return "a value that Where fills in";
  return isNumber ? numberReason(candidate) : undefined;
}

const bounds = ["Max", "Min", "Clip", "Mod"];

/** Roles of one number that no name changes. */
function numberReason(candidate: RoleCandidate): string | undefined {
  const { value, nodes } = candidate;
  const number = value === undefined ? Number.NaN : Number(value.data[0]);
  const shown = `one number${valueText(candidate)}`;
  if (number > 0 && number <= largestEpsilon && meetsOnly(candidate, ["Add", "Sub", "Sum", ...bounds]))
    return `${shown} that is added, an epsilon`;
  if (meetsOnly(candidate, ["Log", "Sqrt", "Reciprocal"])) return `${shown} at ${operatorsText(candidate)}`;
  if (number === 2 && meetsOnly(candidate, ["Pow"])) return "an exponent of 2";
  if (
    isRootScale(number) &&
    nodes.some((node) => scales.has(operatorKey(node)) && candidate.surroundings.isBeforeAttention(node))
  )
    return `${shown} that scales attention`;
  return undefined;
}

/** Parameters do not begin so close to zero, unless they multiply. */
const largestEpsilon = 1e-3;

const scales = new Set(["Mul", "Div"]);

/** Whether a number is the root of an integer above 1, or one over it, in float32: the scale of attention. */
function isRootScale(number: number): boolean {
  const square = number > 1 ? number ** 2 : number ** -2;
  return square > 1.5 && square < 1e5 && Math.abs(square - Math.round(square)) <= 1e-6 * square;
}

/**
 * Whether a tensor of several elements normalizes the data. Means are subtracted, or added before a product; deviations
 * divide, or multiply after a sum. A scale and then a shift may be a layer: that is for the name to say. A table that is
 * only added is one of positions.
 */
function scalesData({ end, operator, before, after }: ChainPlace, candidate: RoleCandidate): boolean {
  if (end === "output") return isVectorLike(candidate.type);
  if (operator === "Sub") return true;
  if (!isVectorLike(candidate.type)) return false;
  const isPair = operator === "Add" ? after.multiplies : operator === "Mul" ? before.adds : true;
  return isPair || candidate.isGenerated || !isParameterName(candidate.name, candidate.producer);
}

const isVectorLike = ({ shape }: TensorType): boolean => shape.filter((extent) => extent > 1).length <= 1;

/** Whether all values are 0 or one large negative number, and both occur. */
function isNegativeMask({ value, type }: RoleCandidate): boolean {
  if (value === undefined || sizeOf(type.shape) < 2) return false;
  const values = value.data as Float32Array;
  const least = values.reduce((a, b) => Math.min(a, b), 0);
  return least <= -1e3 && values.includes(0) && values.every((x) => x === 0 || x === least);
}

const meetsOnly = ({ nodes }: RoleCandidate, keys: readonly string[]): boolean =>
  nodes.length > 0 && nodes.every((node) => keys.includes(operatorKey(node)));

/** A parameter that is kept as a logarithm or the like; an exporter evaluates a function of a constant. */
const isActivated = ({ nodes }: RoleCandidate): boolean =>
  nodes.some((node) => activations.has(operatorKey(node)) && node.input.length === 1);

const activations = new Set(["Exp", "Softplus", "Sigmoid", "Tanh"]);

const valueText = ({ value }: RoleCandidate): string =>
  value === undefined ? "" : ` (${Number(Number(value.data[0]).toPrecision(4))})`;

const operatorsText = ({ nodes }: RoleCandidate): string => [...new Set(nodes.map(operatorKey))].join(" and ");
