// What the name of a stored tensor tells: whether a person gave it, a framework to a variable, or an exporter to a value.

/** Names that PyTorch's and TensorFlow's exporters give to values that they computed: they count them. */
const madeUpNames = [
  /^onnx::\w+_\d+$/,
  /^\d+$/,
  /^_?val_\d+$/,
  /^\/.*_output_\d+$/,
  /^const_fold_opt__\d+$/,
  /^(?:slice|expand|clone|lift_fresh_copy|unsqueeze|view|transpose|permute|reshape)_\d+$/,
];

/** Operands that TensorFlow's graphs hold for their arithmetic, and tensors that PyTorch found in the code. */
const constantNames = [
  /(?:\/(?:[xy]|Const(?:_\d+)?|epsilon|alpha)|^Const(?:_\d+)?):\d+$/,
  /^(?:c_)?_?(?:lifted_tensor|tensor_constant|scalar_tensor)\w*$/,
];

/** Whether an exporter made the name up for a value that it computed. */
export const isMadeUpName = (name: string): boolean => madeUpNames.some((pattern) => pattern.test(name));

/** Whether the name says that the value belongs to the arithmetic. */
export const isConstantName = (name: string): boolean => constantNames.some((pattern) => pattern.test(name));
