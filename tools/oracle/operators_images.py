"""Writes fixtures/operators-images.json: pooling in all its forms and resizing by PyTorch in float64.

Run with python3 and torch 2.13. Ties are included on purpose: the first maximum takes the whole gradient.
"""

import torch
import torch.nn.functional as F

from fixture import ints, numbers, record, write

torch.manual_seed(20263)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

fixtures = []


def add(op, name, inputs, function, attrs=None, constants=()):
    fixtures.append(record(op, name, attrs or {}, inputs, function, constants))


average = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
maximum = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}


def pools():
    for name, shape, kernel, strides, pads in [
        ("rows over", (1, 2, 6, 5), (3, 2), (2, 2), (0, 0)),
        ("padded", (1, 2, 6, 7), (3, 3), (2, 3), (1, 1)),
        ("stride beyond the kernel", (1, 1, 9, 8), (2, 2), (3, 4), (1, 0)),
        ("1-D", (2, 2, 8), (4,), (3,), (1,)),
        ("3-D", (1, 1, 4, 3, 5), (2, 2, 3), (2, 2, 2), (1, 0, 1)),
    ]:
        rank = len(kernel)
        attrs = {"kernel_shape": list(kernel), "strides": list(strides), "pads": [*pads, *pads], "ceil_mode": 1}
        for count in (0, 1):

            def mean(x, rank=rank, arguments=(kernel, strides, pads), count=count):
                return average[rank](x, *arguments, ceil_mode=True, count_include_pad=count == 1)

            add("AveragePool", f"rounded up, {name}, padding counts {count}", [numbers(*shape)], mean, {**attrs, "count_include_pad": count})

        def largest(x, rank=rank, arguments=(kernel, strides, pads)):
            return maximum[rank](x, *arguments, ceil_mode=True)

        tied = torch.randint(0, 3, shape).double()
        add("MaxPool", f"rounded up, {name}", [numbers(*shape)], largest, attrs)
        add("MaxPool", f"rounded up, {name}, ties", [tied], largest, attrs)

        def norm(x, rank=rank, arguments=(kernel, strides), p=3):
            size = torch.tensor(kernel).prod()
            return (average[rank](x.abs() ** p, *arguments) * size) ** (1 / p)

        add("LpPool", f"third power, {name}", [numbers(*shape)], norm, {"kernel_shape": list(kernel), "strides": list(strides), "p": 3})
    for shape in [(2, 3, 4), (1, 2, 3, 4), (1, 2, 2, 3, 2)]:
        axes = tuple(range(2, len(shape)))
        pool = {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}[len(axes)]
        tied = torch.randint(0, 2, shape).double()
        add("GlobalMaxPool", f"{len(axes)}-D, ties", [tied], lambda x, pool=pool: pool(x, 1))
        add("GlobalMaxPool", f"{len(axes)}-D", [numbers(*shape)], lambda x, pool=pool: pool(x, 1))
        add("GlobalLpPool", f"{len(axes)}-D", [numbers(*shape)], lambda x, axes=axes: (x * x).sum(axes, keepdim=True).sqrt())


def resizes():
    modes = {1: "linear", 2: "bilinear", 3: "trilinear"}
    for name, shape, size in [
        ("images, up", (2, 2, 3, 4), (7, 6)),
        ("images, down", (1, 2, 7, 5), (3, 2)),
        ("images, to one", (1, 1, 4, 3), (1, 5)),
        ("sequences", (2, 3, 5), (8,)),
        ("volumes", (1, 1, 3, 2, 4), (2, 3, 7)),
    ]:
        rank = len(size)
        inputs = [numbers(*shape), None, None, ints(*shape[:2], *size)]
        for aligned, rule in [(False, "pytorch_half_pixel"), (True, "align_corners")]:

            def linear(x, *_, size=size, rank=rank, aligned=aligned):
                return F.interpolate(x, size=size, mode=modes[rank], align_corners=aligned)

            # One place in all: PyTorch takes the middle of the axis, pytorch_half_pixel of ONNX its begin.
            if name == "images, to one" and not aligned:
                continue
            attrs = {"mode": "linear", "coordinate_transformation_mode": rule}
            add("Resize", f"linear, {name}, {rule}", inputs, linear, attrs, (3,))
        asymmetric = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        add("Resize", f"nearest, {name}", inputs, lambda x, *_, size=size: F.interpolate(x, size=size), asymmetric, (3,))
        exact = {"mode": "nearest", "coordinate_transformation_mode": "half_pixel", "nearest_mode": "round_prefer_ceil"}

        def nearest_exact(x, *_, size=size):
            return F.interpolate(x, size=size, mode="nearest-exact")

        add("Resize", f"nearest-exact, {name}", inputs, nearest_exact, exact, (3,))
        if rank == 2 and name != "images, to one":
            for aligned, rule in [(False, "half_pixel"), (True, "align_corners")]:

                def cubic(x, *_, size=size, aligned=aligned):
                    return F.interpolate(x, size=size, mode="bicubic", align_corners=aligned)

                add("Resize", f"cubic, {name}, {rule}", inputs, cubic, {"mode": "cubic", "coordinate_transformation_mode": rule}, (3,))
    scales = torch.tensor([1.0, 1.0, 2.5, 1.5], dtype=torch.float32)

    def scaled(x, *_):
        return F.interpolate(x, scale_factor=(2.5, 1.5), mode="bilinear", align_corners=False)

    add("Resize", "linear, by scales", [numbers(1, 2, 3, 5), None, scales], scaled, {"mode": "linear"}, (2,))


pools()
resizes()
write("operators_images.py", fixtures)
