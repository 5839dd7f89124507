"""A public recorded training as a fixture: weights and losses of `part1_activation_functions` of deepreplay.

    python recorded_run.py hyperparms_in_action.h5

The file is tests/rawdata/hyperparms_in_action.h5 of github.com/dvgodoy/deepreplay (D. V. Godoy, 2018, MIT license),
written by Keras 2. It is read here without h5py: HDF5 of its first version with whole arrays, after the HDF5 File Format
Specification 2.0, sections II.A, III.A-D and IV.A.
"""

import json
import pathlib
import struct
import sys

import numpy

group = "part1_activation_functions"
epochs = [0, 1, 5, 10, 20]
# Weights are written as [outputs, inputs]; Keras has them the other way round.
parameters = {
    "0.weight": "layer0/weights0",
    "0.bias": "layer0/weights1",
    "2.weight": "layer1/weights0",
    "2.bias": "layer1/weights1",
}


class Hdf5:
    """Groups and whole arrays of a file with a superblock of version 0."""

    def __init__(self, data):
        assert data[:9] == b"\x89HDF\r\n\x1a\n\0", "no HDF5 file of superblock version 0"
        self.data = data
        self.root = self.u64(24 + 32 + 8)

    def u64(self, at):
        return struct.unpack_from("<Q", self.data, at)[0]

    def messages(self, at):
        count = struct.unpack_from("<H", self.data, at + 2)[0]
        blocks = [(at + 16, struct.unpack_from("<I", self.data, at + 8)[0])]
        found = []
        while blocks and len(found) < count:
            place, size = blocks.pop(0)
            end = place + size
            while place + 8 <= end and len(found) < count:
                kind, length = struct.unpack_from("<HH", self.data, place)
                if kind == 0x10:
                    blocks.append((self.u64(place + 8), self.u64(place + 16)))
                found.append((kind, place + 8))
                place += 8 + length
        return dict(reversed(found))

    def children(self, at):
        table = self.messages(at)[0x11]
        names = self.u64(self.u64(table + 8) + 24)
        return dict(self.entries(self.u64(table), names))

    def entries(self, at, names):
        if self.data[at : at + 4] == b"TREE":
            for i in range(struct.unpack_from("<H", self.data, at + 6)[0]):
                yield from self.entries(self.u64(at + 24 + 16 * i + 8), names)
            return
        assert self.data[at : at + 4] == b"SNOD"
        for i in range(struct.unpack_from("<H", self.data, at + 6)[0]):
            entry = at + 8 + 40 * i
            start = names + self.u64(entry)
            yield self.data[start : self.data.index(b"\0", start)].decode(), self.u64(entry + 8)

    def array(self, path):
        at = self.root
        for name in path.split("/"):
            at = self.children(at)[name]
        messages = self.messages(at)
        space, kind, layout = messages[0x1], messages[0x3], messages[0x8]
        shape = [self.u64(space + 8 + 8 * i) for i in range(self.data[space + 1])]
        # Class 1 is floating point, class 0 integers; both little-endian here.
        letter = "f" if self.data[kind] & 15 == 1 else "i"
        size = struct.unpack_from("<I", self.data, kind + 4)[0]
        assert self.data[layout] == 3 and self.data[layout + 1] == 1, "not a whole array"
        count = int(numpy.prod(shape))
        return numpy.frombuffer(self.data, f"<{letter}{size}", count, self.u64(layout + 2)).reshape(shape)


def numbers(array):
    """Nine digits name every float32."""
    return [float(f"{x:.9g}") for x in numpy.asarray(array, numpy.float64).ravel()]


def main():
    file = Hdf5(pathlib.Path(sys.argv[1]).read_bytes())
    read = lambda name: file.array(f"{group}/{name}")
    weights = {name: read(path) for name, path in parameters.items()}
    recorded = {
        "generator": "tools/oracle/recorded_run.py",
        "source": "github.com/dvgodoy/deepreplay, tests/rawdata/hyperparms_in_action.h5, " + group,
        "inputsSum": [float(x) for x in read("inputs").sum(axis=0)],
        "firstInputs": numbers(read("inputs")[:4]),
        "firstTargets": numbers(read("targets")[:4]),
        "learningRates": sorted(set(numbers(read("lr")))),
        "loss": numbers(read("loss")),
        "accuracy": numbers(read("acc")),
        "epochs": [
            {"epoch": epoch, "weights": {name: numbers(values[epoch].T) for name, values in weights.items()}}
            for epoch in epochs
        ],
    }
    path = pathlib.Path(__file__).parent / "fixtures" / "recorded-run.json"
    path.write_text(json.dumps(recorded, indent=1) + "\n")


main()
