// The table of all forms: nodes that more than their operator's record is needed to read.
import { contribForms } from "./contrib-forms.js";
import { exactModeForms } from "./mode-forms.js";
import type { NodeForm } from "./node-form.js";
import { olderForms } from "./older-forms.js";
import { setSixForms } from "./opset6-forms.js";
import { exactRandomForms } from "./random-forms.js";
import { sequenceForms } from "./sequence-forms.js";

/** By operator, with its domain where that is not ONNX's own. */
export const nodeForms: Readonly<Record<string, NodeForm>> = {
  ...setSixForms,
  ...olderForms,
  ...contribForms,
  ...sequenceForms,
  ...exactModeForms,
  ...exactRandomForms,
};
