// Parses the equation of Einsum into labels of the axes of every operand.
import { InvalidInputError, ShapeError } from "../../../core/errors.js";
import { type Shape, shapeText } from "../../../core/numbers/shape.js";

/** A label: a letter, or the number of an ellipsis axis, counted from the last. */
export type Label = string;

/** An equation for operands of known shapes. */
export interface Labeled {
  /** The labels of every axis of every operand. */
  readonly operands: readonly (readonly Label[])[];
  readonly output: readonly Label[];
  /** The size of every label. An operand may have size 1 instead and is then broadcast. */
  readonly extents: ReadonlyMap<Label, number>;
}

/** Letters, and at most one ellipsis. */
const term = /^[A-Za-z]*(?:\.\.\.)?[A-Za-z]*$/;

function fault(where: string, summary: string, equation: string, expected: string): InvalidInputError {
  return new InvalidInputError(summary, { where, expected, received: JSON.stringify(equation) });
}

/** Labels of the axes that an ellipsis stands for. */
const ellipsisLabels = (count: number): Label[] => Array.from({ length: count }, (_, i) => `${count - i}`);

/** The letters of a term, with labels for its ellipsis. */
function labelsOf(text: string, hidden: number): Label[] {
  const [before, after] = text.split("...");
  return after === undefined ? [...before] : [...before, ...ellipsisLabels(hidden), ...after];
}

/**
 * Parses an equation in the form of ONNX, NumPy and PyTorch: `ij,jk->ik`, `...ij->...ji`; without an arrow the output
 * has all labels that occur once, in alphabetical order, after the axes of the ellipsis.
 * @throws InvalidInputError | ShapeError
 */
export function readEquation(where: string, equation: string | undefined, shapes: readonly Shape[]): Labeled {
  const text = (equation ?? "").replace(/ /g, "");
  const [left, right, ...more] = text.split("->");
  const terms = left.split(",");
  const valid = [...terms, ...(right === undefined ? [] : [right])].every((one) => term.test(one));
  if (!valid || more.length > 0) throw fault(where, "cannot read the equation", text, "terms such as ij,jk->ik");
  if (terms.length !== shapes.length)
    throw fault(where, "another number of operands", text, `a term for each of ${shapes.length} operands`);
  const operands = shapes.map((shape, i) => operandLabels(where, terms[i], shape, text));
  const ellipsis = ellipsisLabels(operands.reduce((most, { hidden }) => Math.max(most, hidden), 0));
  const labels = operands.map((operand) => operand.labels);
  const output = right === undefined ? implicitOutput(labels, ellipsis) : labelsOf(right, ellipsis.length);
  if (new Set(output).size !== output.length)
    throw fault(where, "a label stands twice in the output", text, "each label once");
  const lacking = output.find((label) => !labels.some((of) => of.includes(label)));
  if (lacking !== undefined)
    throw fault(where, `label ${lacking} of the output is in no operand`, text, "labels of operands");
  return { operands: labels, output, extents: extentsOf(where, labels, shapes, text) };
}

function operandLabels(where: string, text: string, shape: Shape, equation: string) {
  const letters = text.replace("...", "").length;
  const hidden = text.includes("...") ? shape.length - letters : 0;
  if (hidden >= 0 && letters + hidden === shape.length) return { labels: labelsOf(text, hidden), hidden };
  throw new ShapeError("the equation has another number of axes", {
    where,
    expected: `an operand for "${text}" of "${equation}"`,
    received: shapeText(shape),
  });
}

function implicitOutput(operands: readonly (readonly Label[])[], ellipsis: readonly Label[]): Label[] {
  const all = operands.flat();
  const single = all.filter((label) => /[A-Za-z]/.test(label) && all.indexOf(label) === all.lastIndexOf(label));
  return [...ellipsis, ...single.sort((a, b) => (a < b ? -1 : 1))];
}

function extentsOf(where: string, operands: readonly (readonly Label[])[], shapes: readonly Shape[], equation: string) {
  const extents = new Map<Label, number>();
  for (const [i, labels] of operands.entries()) {
    for (const [axis, label] of labels.entries()) {
      const extent = shapes[i][axis];
      const known = extents.get(label);
      const isRepeated = labels.indexOf(label) !== axis;
      if (known !== undefined && known !== extent && (isRepeated || (known !== 1 && extent !== 1))) {
        throw new ShapeError(`the axes of label ${label} differ`, {
          where,
          expected: `equal extents, or 1, in "${equation}"`,
          received: shapes.map(shapeText).join(" and "),
        });
      }
      if (known === undefined || known === 1) extents.set(label, extent);
    }
  }
  return extents;
}
