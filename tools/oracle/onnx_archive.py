"""The packed file of ONNX tests: models, tensors and expected outputs. README.md has the format."""

import json
import struct
import zlib

import brotli
import numpy as np
import onnx

# The element types that Trainscope holds. Tests of others are listed by name only.
held = ["float32", "float64", "uint8", "int8", "int32", "uint32", "int64", "bool"]


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
        if reason is not None:
            self.leave_out(name, reason)
            return
        blob = model.SerializeToString()
        case = {"name": name, "model": [self.place(blob, blob), len(blob)]}
        case["inputs"] = [self.tensor(array) for array in inputs]
        case["outputs"] = [self.tensor(array) for array in outputs]
        if (rtol, atol) != (1e-3, 1e-7):
            case["rtol"], case["atol"] = rtol, atol
        self.cases.append(case)

    def leave_out(self, name, reason):
        self.left_out.setdefault(reason, []).append(name)

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
