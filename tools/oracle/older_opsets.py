"""Packs small models in operator sets 11 to 23, for operators whose form changed. README.md has the format.

Outputs are those of ONNX Runtime. Where onnx.reference differs, the name is printed: it knows neither the flattening
Softmax nor the BatchNormalization of opset 13, and sums LRN in another window.

Needs onnx 1.23, onnxruntime 1.30 and brotli. A case is run in the first and the last operator set in which its form is valid.
"""

import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from onnx_archive import Archive

newest = 23
random = np.random.default_rng(11)
onnxruntime.set_default_logger_severity(4)


class Constant:
    """An input that is an initializer of the model."""

    def __init__(self, values, dtype=np.int64):
        self.array = np.array(values, dtype=dtype)


def numbers(*shape):
    """Normal numbers with few digits."""
    return np.round(random.normal(size=shape) * 1000).astype(np.float32) / np.float32(1000)


def positive(*shape):
    return np.abs(numbers(*shape)) + np.float32(0.25)


def floats(*values):
    return Constant(values, np.float32)


def single(value, dtype=np.float32):
    return Constant(value, dtype)


def model_of(nodes, opset, inputs, outputs):
    """Inputs: arrays are fed, constants are stored, None is left out. Odd tests store values in the typed fields."""
    infos, stored = [], []
    for i, value in enumerate(inputs):
        if isinstance(value, Constant):
            array = value.array
            if i % 2 == 1:
                kind = helper.np_dtype_to_tensor_dtype(array.dtype)
                stored.append(helper.make_tensor(f"x{i}", kind, array.shape, array.flatten().tolist()))
            else:
                stored.append(numpy_helper.from_array(array, f"x{i}"))
        elif value is not None:
            infos.append(helper.make_tensor_value_info(f"x{i}", helper.np_dtype_to_tensor_dtype(value.dtype), value.shape))
    results = [helper.make_empty_tensor_value_info(name) for name in outputs]
    graph = helper.make_graph(nodes, "graph", infos, results, stored)
    imports = [helper.make_opsetid("", opset)]
    # IR version 4 is the first whose initializers need not be inputs; 10 goes with operator set 21.
    ir = 10 if opset >= 21 else 8 if opset >= 15 else 6
    model = helper.make_model(graph, opset_imports=imports, ir_version=ir, producer_name="trainscope")
    return model


def names_of(inputs):
    return ["" if value is None else f"x{i}" for i, value in enumerate(inputs)]


class Cases:
    def __init__(self):
        self.archive, self.disagree = Archive(2**20), []

    def __call__(self, op, note, first, last, inputs, outputs=1, skip=(), **attributes):
        """One node. `skip`: outputs that the node leaves unnamed."""
        for opset in sorted({first, last}):
            made = ["" if i in skip else f"y{i}" for i in range(outputs)]
            node = helper.make_node(op, names_of(inputs), made, name=f"{op} node", **attributes)
            self.model(f"opset {opset}, {op} {note}".strip(), [node], opset, inputs, [name for name in made if name])

    def model(self, name, nodes, opset, inputs, outputs):
        model = model_of(nodes, opset, inputs, outputs)
        feeds = {f"x{i}": x for i, x in enumerate(inputs) if isinstance(x, np.ndarray)}
        expected = self.run(name, model, feeds)
        for info, array in zip(model.graph.output, expected):
            info.CopyFrom(helper.make_tensor_value_info(info.name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape))
        if "GroupNormalization by group" not in name:
            # The checker refuses that form as deprecated, but exporters wrote it for years.
            onnx.checker.check_model(model)
        self.archive.add(name, model, list(feeds.values()), expected, 1e-5, 1e-7)

    def run(self, name, model, feeds):
        references = [self.by_reference(model, feeds), self.by_runtime(model, feeds)]
        known = [result for result in references if not isinstance(result, Exception)]
        if not known:
            raise RuntimeError(f"{name}: {references}")
        if len(known) == 2:
            for a, b in zip(*known):
                if a.shape != b.shape or not np.allclose(a, b, rtol=1e-5, atol=1e-6, equal_nan=True):
                    self.disagree.append(name)
        return [np.asarray(array) for array in known[-1]]

    @staticmethod
    def by_runtime(model, feeds):
        try:
            session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
            return session.run(None, feeds)
        except Exception as error:
            return error

    @staticmethod
    def by_reference(model, feeds):
        try:
            return ReferenceEvaluator(model).run(None, feeds)
        except Exception as error:
            return error


def movement(case):
    x = numbers(1, 3, 1, 4)
    case("Squeeze", "axes", 11, 12, [x], axes=[0, 2])
    case("Squeeze", "negative axis", 11, 12, [x], axes=[-2])
    case("Squeeze", "all", 11, newest, [x])
    case("Squeeze", "axes as input", 13, newest, [x, Constant([0, 2])])
    case("Unsqueeze", "axes", 11, 12, [numbers(3, 4)], axes=[0, 3])
    case("Unsqueeze", "negative axes", 11, 12, [numbers(3, 4)], axes=[-1, 1])
    case("Unsqueeze", "axes as input", 13, newest, [numbers(3, 4), Constant([-1, 1])])
    case("Split", "sizes", 11, 12, [numbers(2, 7)], outputs=3, axis=1, split=[1, 4, 2])
    case("Split", "even", 11, 17, [numbers(6, 2)], outputs=3)
    case("Split", "sizes as input", 13, newest, [numbers(2, 7), Constant([1, 4, 2])], outputs=3, axis=-1)
    case("Split", "number of outputs", 18, newest, [numbers(7, 2)], outputs=3, num_outputs=3)
    case("Slice", "all axes", 11, newest, [numbers(4, 5), Constant([1, 0]), Constant([3, 4])])
    case("Slice", "steps", 11, newest, [numbers(9, 8), *map(Constant, ([7, 1], [0, 100], [0, -1], [-2, 3]))])
    case("Slice", "to the very start", 11, newest, [numbers(9), *map(Constant, ([-1], [-(2**63)], [0], [-1]))])
    case("Slice", "int32 bounds", 11, newest, [numbers(9), Constant([2], np.int32), Constant([2**31 - 1], np.int32)])
    case("Pad", "constant", 11, 17, [numbers(2, 3), Constant([1, 0, 0, 2]), single(1.5)])
    case("Pad", "default", 11, newest, [numbers(2, 3), Constant([0, 1, 2, 0])])
    case("Pad", "negative", 11, newest, [numbers(4, 5), Constant([-1, 1, 0, -2])])
    case("Pad", "reflect", 11, newest, [numbers(4, 5), Constant([2, 1, 1, 3])], mode="reflect")
    case("Pad", "edge", 11, newest, [numbers(4, 5), Constant([2, 1, 1, 3])], mode="edge")
    case("Pad", "axes", 18, newest, [numbers(2, 3, 4), Constant([1, 2, 0, 1]), single(-1), Constant([-1, 0])])
    case("Pad", "wrap", 19, newest, [numbers(4, 5), Constant([2, 1, 1, 3])], mode="wrap")
    case("Reshape", "", 11, newest, [numbers(2, 3, 4), Constant([0, -1])])
    case("Reshape", "zero allowed", 14, newest, [numbers(0, 3), Constant([3, 0])], allowzero=1)
    case("Flatten", "negative axis", 11, newest, [numbers(2, 3, 4)], axis=-1)
    case("Flatten", "axis 0", 11, newest, [numbers(2, 3)], axis=0)
    case("Transpose", "default", 11, newest, [numbers(2, 3, 4)])
    case("Concat", "negative axis", 11, newest, [numbers(2, 3), numbers(2, 1)], axis=-1)
    case("Expand", "", 11, newest, [numbers(3, 1), Constant([2, 1, 4])])
    case("Tile", "", 11, newest, [numbers(2, 3), Constant([2, 2])])
    case("DepthToSpace", "default", 11, newest, [numbers(1, 8, 2, 3)], blocksize=2)
    case("DepthToSpace", "CRD", 11, newest, [numbers(1, 8, 2, 3)], blocksize=2, mode="CRD")
    case("SpaceToDepth", "", 11, newest, [numbers(1, 2, 4, 6)], blocksize=2)
    case("Identity", "", 11, newest, [numbers(2, 3)])
    case("Shape", "", 11, newest, [numbers(2, 3, 4)])
    case("Shape", "part", 15, newest, [numbers(2, 3, 4)], start=-2, end=3)
    case("ConstantOfShape", "", 11, newest, [Constant([2, 3])], value=helper.make_tensor("v", 1, [1], [2.5]))
    case("ConstantOfShape", "default", 11, newest, [Constant([4])])
    case("Range", "", 11, newest, [single(10), single(1), single(-2.5)])
    case("CumSum", "", 11, newest, [numbers(3, 4), single(-1, np.int32)], exclusive=1, reverse=1)


def indexing(case):
    index = np.array([[0, -1], [2, 1]], np.int64)
    case("Gather", "negative", 11, newest, [numbers(3, 4), index], axis=-1)
    case("Gather", "int32", 11, newest, [numbers(3, 4), index.astype(np.int32)])
    case("GatherElements", "", 11, newest, [numbers(3, 2), index], axis=0)
    case("GatherND", "", 11, newest, [numbers(3, 4, 2), np.array([[0, 3], [-1, 1]], np.int64)])
    case("GatherND", "batch", 12, newest, [numbers(2, 3, 4), np.array([[1], [-2]], np.int64)], batch_dims=1)
    case("ScatterElements", "", 11, newest, [numbers(3, 3), index, numbers(2, 2)], axis=1)
    case("ScatterElements", "add", 16, newest, [numbers(3, 3), index * 0, numbers(2, 2)], axis=1, reduction="add")
    case("ScatterElements", "mul", 16, newest, [numbers(3, 3), index * 0, numbers(2, 2)], reduction="mul")
    case("ScatterElements", "max", 18, newest, [numbers(3, 3), index * 0, numbers(2, 2)], reduction="max")
    place = np.array([[0], [2]], np.int64)
    case("ScatterND", "", 11, newest, [numbers(3, 4), place, numbers(2, 4)])
    case("ScatterND", "add", 16, newest, [numbers(3, 4), place * 0, numbers(2, 4)], reduction="add")
    case("ScatterND", "min", 18, newest, [numbers(3, 4), place * 0, numbers(2, 4)], reduction="min")
    case("OneHot", "", 11, newest, [np.array([1, -1, 5], np.int64), single(4, np.int64), floats(0, 2)], axis=0)
    case("TopK", "", 11, newest, [numbers(3, 6), Constant([2])], outputs=2)
    case("TopK", "smallest", 11, newest, [numbers(5, 3), Constant([3])], outputs=2, axis=0, largest=0)
    for op in ("ArgMax", "ArgMin"):
        case(op, "keeping", 11, newest, [numbers(3, 4)], axis=-1)
        case(op, "last of equal ones", 12, newest, [np.ones((2, 3), np.float32)], axis=1, select_last_index=1, keepdims=0)
    case("NonZero", "", 11, newest, [np.array([[1, 0, 2], [0, 0, 3]], np.float32)])
    case("Where", "", 11, newest, [numbers(2, 3) > 0, numbers(2, 3), numbers(3)])


def reductions(case):
    ops = ["ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum"]
    ops += ["ReduceLogSumExp", "ReduceSumSquare", "ReduceSum"]
    for op in ops:
        change = 12 if op == "ReduceSum" else 17
        case(op, "axes", 11, change, [positive(2, 3, 4)], axes=[0, 2], keepdims=0)
        case(op, "negative axis", 11, change, [positive(2, 3, 4)], axes=[-1])
        case(op, "all", 11, newest, [positive(2, 3)], keepdims=0)
        case(op, "axes as input", change + 1, newest, [positive(2, 3, 4), Constant([0, -1])], keepdims=0)
        case(op, "no axes", change + 1, newest, [positive(2, 3), Constant([])], noop_with_empty_axes=1)
    case("ReduceMax", "int8", 12, newest, [np.array([[1, -2], [3, -4]], np.int8)])


def elementwise(case):
    x = numbers(2, 3)
    case("Clip", "both", 11, newest, [x, single(-0.5), single(0.25)])
    case("Clip", "below", 11, newest, [x, single(0.1)])
    case("Clip", "above", 11, newest, [x, None, single(0.1)])
    case("Clip", "neither", 11, newest, [x])
    case("Clip", "crossed", 12, newest, [x, single(0.5), single(-0.5)])
    case("Clip", "integers", 12, newest, [np.array([-5, 0, 9], np.int32), single(-2, np.int32), single(3, np.int32)])
    case("Dropout", "ratio as attribute", 11, 11, [x], ratio=0.3)
    case("Dropout", "default", 11, newest, [x])
    case("Dropout", "mask", 12, newest, [x], outputs=2)
    case("Dropout", "ratio as input", 12, newest, [x, single(0.3), single(False, bool)])
    for op in ("Softmax", "LogSoftmax"):
        case(op, "flattening", 11, 12, [numbers(2, 3, 2, 2)])
        case(op, "flattening from axis 2", 11, 12, [numbers(2, 3, 2, 2)], axis=2)
        case(op, "flattening all", 11, 12, [numbers(2, 3)], axis=0)
        case(op, "last axis", 11, newest, [numbers(2, 3, 4)], axis=-1)
        case(op, "axis 1", 13, newest, [numbers(2, 3, 4)], axis=1)
        case(op, "default", 13, newest, [numbers(2, 3, 4)])
    case("Mod", "", 11, newest, [np.array([5, -5, 7], np.int64), np.array([3, 3, -4], np.int64)])
    case("Mod", "of floats", 11, newest, [numbers(4), positive(4)], fmod=1)
    case("Pow", "integer exponent", 12, newest, [positive(3), np.array([2, -1, 3], np.int64)])
    case("Pow", "", 11, newest, [positive(3), numbers(3)])
    case("Max", "integers", 12, newest, [np.array([1, 5], np.int32), np.array([3, 2], np.int32)])
    case("Min", "three", 11, newest, [numbers(2, 3), numbers(3), numbers(2, 1)])
    case("GreaterOrEqual", "", 12, newest, [numbers(3), numbers(3)])
    case("LessOrEqual", "integers", 12, newest, [np.array([1, 2], np.int64), np.array([2, 2], np.int64)])
    case("Equal", "bool", 11, newest, [np.array([True, False]), np.array([True, True])])
    case("Cast", "float to int", 11, newest, [np.array([1.7, -1.7, 0], np.float32)], to=TensorProto.INT64)
    case("Cast", "float to bool", 11, newest, [np.array([1.7, -1.7, 0], np.float32)], to=TensorProto.BOOL)
    case("Round", "half to even", 11, newest, [np.array([0.5, 1.5, -2.5, 2.4], np.float32)])
    case("PRelu", "", 11, newest, [numbers(2, 3, 2), Constant([[0.1], [0.2], [0.3]], np.float32)])
    unary = {"LeakyRelu": {"alpha": 0.2}, "Elu": {"alpha": 0.7}, "Selu": {}, "ThresholdedRelu": {"alpha": 0.5}}
    unary |= {"HardSigmoid": {}, "Softplus": {}, "Softsign": {}, "Erf": {}, "Sign": {}, "Reciprocal": {}, "Neg": {}}
    unary |= {op: {} for op in ("Sin", "Cos", "Tan", "Atan", "Sinh", "Cosh", "Asinh", "Tanh", "Sigmoid", "Relu", "Abs")}
    unary |= {op: {} for op in ("Exp", "Floor", "Ceil")}
    for op, attributes in unary.items():
        case(op, "", 11, newest, [x], **attributes)
    for op in ("Log", "Sqrt"):
        case(op, "", 11, newest, [positive(4)])
    for op, first in {"Celu": 12, "HardSwish": 14, "Mish": 18, "Gelu": 20}.items():
        case(op, "", first, newest, [x])
    case("Gelu", "tanh", 20, newest, [x], approximate="tanh")
    case("Sum", "", 11, newest, [x, numbers(3), numbers(2, 1)])
    case("Mean", "", 11, newest, [x, numbers(3)])
    case("BitShift", "", 11, newest, [np.array([1, 8], np.uint32), np.array([3, 2], np.uint32)], direction="RIGHT")


def networks(case):
    case("Gemm", "without bias", 11, newest, [numbers(2, 3), numbers(3, 4)])
    case("Gemm", "all", 11, newest, [numbers(3, 2), numbers(4, 3), numbers(4)], alpha=0.5, beta=2.0, transA=1, transB=1)
    case("MatMul", "batched", 11, newest, [numbers(2, 1, 2, 3), numbers(4, 3, 2)])
    case("Einsum", "", 12, newest, [numbers(2, 3, 4), numbers(2, 4, 5)], equation="bij,bjk->bik")
    four = [positive(3), numbers(3), numbers(3), positive(3)]
    case("BatchNormalization", "inference", 11, newest, [numbers(2, 3, 2, 2), *four], epsilon=1e-3)
    case("BatchNormalization", "momentum", 11, 13, [numbers(2, 3, 4), *four], momentum=0.8)
    case("BatchNormalization", "training", 14, newest, [numbers(4, 3, 2), *four], outputs=3, training_mode=1, momentum=0.7)
    case("InstanceNormalization", "", 11, newest, [numbers(2, 3, 4, 2), positive(3), numbers(3)])
    case("LayerNormalization", "", 17, newest, [numbers(2, 3, 4), positive(4), numbers(4)])
    case("LayerNormalization", "two axes", 17, newest, [numbers(2, 3, 4), positive(3, 4)], outputs=3, axis=1, epsilon=1e-3)
    case("GroupNormalization", "by group", 18, 20, [numbers(2, 6, 3), positive(2), numbers(2)], num_groups=2)
    case("GroupNormalization", "by channel", 21, newest, [numbers(2, 6, 3), positive(6), numbers(6)], num_groups=2)
    case("LRN", "", 11, newest, [numbers(1, 6, 2, 2)], size=3, alpha=0.01, bias=1.5)
    image, kernel = numbers(1, 2, 7, 6), numbers(4, 2, 3, 3)
    case("Conv", "SAME_UPPER", 11, newest, [image, kernel], auto_pad="SAME_UPPER", strides=[2, 2])
    case("Conv", "SAME_LOWER", 11, newest, [image, numbers(4, 2, 2, 2)], auto_pad="SAME_LOWER")
    case("Conv", "groups", 11, newest, [image, numbers(4, 1, 3, 3), numbers(4)], group=2, dilations=[2, 1], pads=[1, 0, 2, 1])
    case("ConvTranspose", "", 11, newest, [image, numbers(2, 3, 3, 3)], strides=[2, 2], output_padding=[1, 1], pads=[1, 1, 1, 1])
    case("ConvTranspose", "shape", 11, newest, [image, numbers(2, 3, 3, 3)], strides=[2, 2], output_shape=[14, 12])
    case("MaxPool", "ceil", 11, newest, [image], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
    case("MaxPool", "places", 11, newest, [image], outputs=2, kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1])
    case("MaxPool", "int8", 12, newest, [(image * 20).astype(np.int8)], kernel_shape=[2, 2])
    case("AveragePool", "", 11, newest, [image], kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2])
    case("AveragePool", "pads count", 11, newest, [image], kernel_shape=[3, 2], pads=[1, 0, 1, 1], count_include_pad=1)
    case("AveragePool", "ceil", 11, newest, [image], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    case("AveragePool", "dilated", 19, newest, [image], kernel_shape=[2, 2], dilations=[2, 3])
    case("GlobalAveragePool", "", 11, newest, [image])
    case("GlobalMaxPool", "", 11, newest, [image])
    resizes(case)


def resizes(case):
    x, scales = numbers(1, 2, 3, 4), floats(1, 1, 2, 1.5)
    sizes = Constant([1, 2, 5, 6])
    for mode in ("nearest", "linear"):
        # Before 13 the region of interest and the scales had to be there, even if empty.
        case("Resize", f"{mode} scales", 11, 12, [x, floats(), scales], mode=mode)
        case("Resize", f"{mode} sizes", 11, 12, [x, floats(), floats(), sizes], mode=mode)
        case("Resize", f"{mode} scales", 13, newest, [x, None, scales], mode=mode)
        case("Resize", f"{mode} sizes", 13, newest, [x, None, None, sizes], mode=mode)
        for form in ("asymmetric", "align_corners", "pytorch_half_pixel", "half_pixel"):
            options = {"mode": mode, "coordinate_transformation_mode": form}
            case("Resize", f"{mode} {form}", 11, newest, [x, floats(), scales], **options)
    for rounding in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"):
        options = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": rounding}
        case("Resize", f"nearest {rounding}", 11, newest, [x, floats(), floats(1, 1, 1.5, 2.6)], **options)
    case("Resize", "axes", 18, newest, [x, None, None, Constant([5, 6])], axes=[2, 3], mode="linear")
    case("Resize", "smaller", 11, newest, [numbers(1, 1, 6, 8), floats(), floats(1, 1, 0.5, 0.6)], mode="linear")


def constants(case):
    """Forms in which a value may be written, and weights that are nodes."""
    forms = {
        "value": (11, {"value": numpy_helper.from_array(np.array([1, 2, 3], np.float32), "v")}),
        "value_float": (12, {"value_float": 1.5}),
        "value_floats": (12, {"value_floats": [0.5, -1.0, 2.0]}),
        "value_int": (12, {"value_int": 7}),
        "value_ints": (12, {"value_ints": [3, -1, 5]}),
    }
    for form, (first, attributes) in forms.items():
        x = np.array([1, 2, 3], np.int64) if "int" in form else numbers(3)
        for opset in sorted({first, newest}):
            nodes = [helper.make_node("Constant", [], ["c"], **attributes), helper.make_node("Add", ["x0", "c"], ["y"])]
            case.model(f"opset {opset}, Constant {form}", nodes, opset, [x], ["y"])


def chains(case):
    """What exporters of the time wrote: shapes taken from the input, reshaped by arithmetic."""
    for opset in (11, 12, 13, newest):
        axes = [helper.make_node("Constant", [], ["a"], value=numpy_helper.from_array(np.array([0], np.int64), "a"))]

        def unsqueeze(x, y):
            if opset < 13:
                return helper.make_node("Unsqueeze", [x], [y], axes=[0])
            return helper.make_node("Unsqueeze", [x, "a"], [y])

        nodes = axes if opset >= 13 else []
        nodes = nodes + [
            helper.make_node("Shape", ["x0"], ["s"]),
            helper.make_node("Gather", ["s", "x1"], ["n"], axis=0),
            unsqueeze("n", "n1"),
            helper.make_node("Concat", ["n1", "x2"], ["t"], axis=0),
            helper.make_node("Reshape", ["x0", "t"], ["flat"]),
            helper.make_node("Softmax", ["flat"], ["p"], axis=1),
            helper.make_node("Dropout", ["p"], ["y"]),
        ]
        inputs = [numbers(2, 3, 4), single(0, np.int64), Constant([-1])]
        case.model(f"opset {opset}, flattening by shape arithmetic", nodes, opset, inputs, ["y"])


def main():
    case = Cases()
    for group in (movement, indexing, reductions, elementwise, networks, constants, chains):
        group(case)
    case.archive.write(pathlib.Path(__file__).parent / "fixtures" / "older-opsets.br")
    print("ONNX Runtime and onnx.reference disagree:", *case.disagree, sep="\n  ")


main()
