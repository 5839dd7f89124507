"""Packs ONNX's own operator tests into one file that test/onnx-node-tests.test.ts reads. README.md has the format.

Needs onnx 1.23 and brotli. `--all FILE` packs the largest tests as well, for a check by hand.
"""

import argparse
import json
import pathlib
import struct
import warnings
import zlib

import brotli
import numpy as np
import onnx
from onnx import numpy_helper, version_converter
from onnx.backend.test.case.node import collect_testcases

# ONNX's numbers of the element types that Trainscope holds. Tests of others are listed by name only.
held = ["float32", "float64", "uint8", "int8", "int32", "uint32", "int64", "bool"]
# Bytes of one test's own tensors, packed. What is larger is pooling over 16x16x16 and more places; small twins are in.
largest = 100_000
# Models older than this are raised to it; nothing older is in use.
oldest = 11


class Archive:
    """Tensors and models, each stored once."""

    def __init__(self, limit):
        self.limit, self.cases, self.left_out = limit, [], {}
        self.tensors, self.blobs, self.places, self.size = [], [], {}, 0

    def place(self, key, blob):
        if key not in self.places:
            self.places[key] = self.size
            self.blobs.append(blob)
            self.size += len(blob)
        return self.places[key]

    def tensor(self, array):
        blob = planes(array)
        # Equal floats in one type and shape are one tensor.
        key = (str(array.dtype), array.shape, blob)
        if key not in self.places:
            at = self.place(blob, blob)
            self.places[key] = len(self.tensors)
            self.tensors.append([str(array.dtype), list(array.shape), at])
        return self.places[key]

    def added_size(self, arrays):
        """Packed bytes that are not stored yet."""
        blobs = {planes(array) for array in arrays}
        return sum(len(zlib.compress(blob)) for blob in blobs if blob not in self.places)

    def add(self, name, model, inputs, outputs, rtol, atol):
        reason = unheld([*inputs, *outputs])
        if reason is None and self.added_size([*inputs, *outputs]) > self.limit:
            reason = "size"
        if reason is None:
            model, reason = raised(model)
        if reason is not None:
            self.left_out.setdefault(reason, []).append(name)
            return
        blob = model.SerializeToString()
        case = {"name": name, "model": [self.place(blob, blob), len(blob)]}
        case["inputs"] = [self.tensor(array) for array in inputs]
        case["outputs"] = [self.tensor(array) for array in outputs]
        if (rtol, atol) != (1e-3, 1e-7):
            case["rtol"], case["atol"] = rtol, atol
        self.cases.append(case)

    def write(self, path):
        left_out = {reason: sorted(names) for reason, names in sorted(self.left_out.items())}
        head = {"onnx": onnx.__version__, "leftOut": left_out, "tensors": self.tensors, "cases": self.cases}
        text = json.dumps(head, separators=(",", ":")).encode()
        body = struct.pack("<I", len(text)) + text + b"".join(self.blobs)
        data = brotli.compress(body, quality=11, lgwin=24)
        path.write_bytes(data)
        print(f"{path}: {len(self.cases)} tests in {len(data)} bytes")
        for reason, names in left_out.items():
            print(f"  left out, {reason}: {len(names)}")


def planes(array):
    """Bytes of equal significance together: the exponents of random numbers are alike, their last digits are not."""
    return np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8).reshape(-1, array.itemsize).T.tobytes()


def unheld(values):
    """Why a value is none of our tensors; None when all are."""
    for value in values:
        if isinstance(value, list):
            return "sequence"
        if str(value.dtype) not in held:
            return "text" if value.dtype == object else str(value.dtype)
    return None


def raised(model):
    """Old models in the oldest operator set that is read: as they are where no operator changed, else converted."""
    version = next((o.version for o in model.opset_import if o.domain == ""), None)
    if version is None or version >= oldest:
        return model, None

    def since(node, at):
        return onnx.defs.get_schema(node.op_type, at, node.domain).since_version

    if all(since(node, version) == since(node, oldest) for node in model.graph.node if node.domain == ""):
        model = onnx.ModelProto.FromString(model.SerializeToString())
        next(o for o in model.opset_import if o.domain == "").version = oldest
        return model, None
    try:
        return version_converter.convert_version(model, 13), None
    except Exception:
        return None, "older than the version converter can raise"


def plain(value):
    """A tensor as a NumPy array; lists and absent optional values as lists."""
    if isinstance(value, onnx.TensorProto):
        name = onnx.TensorProto.DataType.Name(value.data_type).lower()
        if name not in ("float", "double", *held[2:]):
            return Other(name)
        return numpy_helper.to_array(value)
    if value is None or isinstance(value, (list, onnx.SequenceProto, onnx.OptionalProto)):
        return []
    return np.asarray(value)


class Other:
    """A tensor of an element type that NumPy has no name for."""

    def __init__(self, dtype):
        self.dtype = dtype


def node_tests(archive):
    for case in sorted(collect_testcases(None), key=lambda case: case.name):
        (data_set,) = case.data_sets
        graph = case.model.graph
        inputs, outputs = ([plain(value) for value in side] for side in data_set)
        assert len(inputs) == len(graph.input) and len(outputs) == len(graph.output), case.name
        archive.add(case.name, case.model, inputs, outputs, case.rtol, case.atol)


def stored_tests(archive):
    """Models that PyTorch exported long ago, and a few small ones, with their data on disk."""
    root = pathlib.Path(onnx.__file__).parent / "backend/test/data"
    for kind in ("pytorch-converted", "pytorch-operator", "simple"):
        for folder in sorted((root / kind).iterdir()):
            if not (folder / "model.onnx").exists():
                continue
            model = onnx.load(folder / "model.onnx")
            data = folder / "test_data_set_0"
            sides = [[], []]
            for side, (prefix, infos) in enumerate((("input", model.graph.input), ("output", model.graph.output))):
                for i in range(len(list(data.glob(f"{prefix}_*.pb")))):
                    raw = (data / f"{prefix}_{i}.pb").read_bytes()
                    if infos[i].type.WhichOneof("value") != "tensor_type":
                        sides[side].append([])
                    else:
                        sides[side].append(plain(onnx.TensorProto.FromString(raw)))
            archive.add(f"{kind}/{folder.name}", model, *sides, 1e-3, 1e-7)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", type=pathlib.Path)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    archive = Archive(largest if options.all is None else 2**40)
    node_tests(archive)
    stored_tests(archive)
    archive.write(options.all or pathlib.Path(__file__).parent / "fixtures" / "onnx-node-tests.br")


main()
