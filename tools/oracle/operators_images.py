"""Writes fixtures/operators-images.json: pooling in all its forms, grouped convolution and resizing by PyTorch in float64.

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


def convolutions():
    """Groups of every width, forward and transposed."""
    forward = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
    backward = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
    for name, x, w, group, strides, dilations, pads in [
        ("depthwise, stride 1", (2, 3, 5, 4), (3, 1, 3, 3), 3, (1, 1), (1, 1), (1, 1)),
        ("depthwise, two filters a channel", (2, 3, 6, 5), (6, 1, 3, 2), 3, (2, 1), (1, 1), (1, 0)),
        ("depthwise, 5 x 5, dilated", (1, 2, 9, 9), (2, 1, 5, 5), 2, (1, 2), (2, 1), (4, 2)),
        ("groups, strides, dilations", (1, 6, 7, 8), (4, 3, 3, 2), 2, (2, 1), (1, 2), (1, 2)),
        ("1-D, depthwise", (2, 4, 9), (4, 1, 3), 4, (2,), (1,), (1,)),
        ("3-D, depthwise", (1, 2, 4, 5, 3), (2, 1, 2, 3, 2), 2, (1, 2, 1), (1, 1, 1), (1, 1, 0)),
        ("3-D, groups", (1, 4, 3, 4, 5), (2, 2, 2, 2, 3), 2, (2, 1, 1), (1, 2, 1), (0, 1, 1)),
    ]:
        rank = len(strides)
        attrs = {"group": group, "strides": list(strides), "dilations": list(dilations), "pads": [*pads, *pads]}

        def conv(x, w, b, rank=rank, arguments=(strides, pads, dilations, group)):
            return forward[rank](x, w, b, *arguments)

        operands = [numbers(*x), numbers(*w), numbers(w[0])]
        add("Conv", f"in groups, {name}", operands, conv, attrs)
        small = conv(*operands).shape

        def transposed(x, w, b, rank=rank, arguments=(strides, pads, 0, group, dilations)):
            return backward[rank](x, w, b, *arguments)

        add("ConvTranspose", f"in groups, {name}", [numbers(*small), numbers(*w), numbers(x[1])], transposed, attrs)


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
convolutions()
resizes()
write("operators_images.py", fixtures)
