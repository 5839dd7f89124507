"""Packs ONNX's own operator tests into one file that test/conformance/node-tests.test.ts reads. README.md has the format.

Needs onnx 1.23 and brotli. `--all FILE` packs the largest tests as well, for a check by hand.
"""

import argparse
import pathlib
import warnings

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

from onnx_archive import Archive, held

# Bytes of one test's own tensors, packed. What is larger is pooling over 16x16x16 and more places; small twins are in.
largest = 100_000
# The oldest operator set that is read.
oldest = 6


def raised(model):
    """Models of older sets in the oldest one: no operator of theirs has changed until then."""
    versions = [o for o in model.opset_import if o.domain == "" and o.version < oldest]
    if versions == []:
        return model

    def since(node, at):
        return onnx.defs.get_schema(node.op_type, at, node.domain).since_version

    assert all(since(node, versions[0].version) == since(node, oldest) for node in model.graph.node)
    model = onnx.ModelProto.FromString(model.SerializeToString())
    next(o for o in model.opset_import if o.domain == "").version = oldest
    return model


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
        archive.add(case.name, raised(case.model), inputs, outputs, case.rtol, case.atol)


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
