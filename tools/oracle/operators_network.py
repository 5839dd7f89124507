"""Writes fixtures/operators-b.json: products, convolution, pooling, normalization and resizing by PyTorch in float64."""

import json
import pathlib

import torch
import torch.nn.functional as F

from fixture import array, numbers

torch.manual_seed(20261)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

fixtures = []


def add(op, name, attrs, inputs, function, constants=(), fixed=()):
    """Records a node: its outputs, and the gradients of the float inputs for random cotangents of the float outputs.

    No gradients are taken for `constants`, which become Constant nodes, and for `fixed` inputs.
    """
    leaves = [
        x.clone().requires_grad_(True) if x is not None and x.is_floating_point() and i not in (*constants, *fixed) else x
        for i, x in enumerate(inputs)
    ]
    outputs = function(*leaves)
    outputs = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
    differentiable = [y is not None and y.requires_grad for y in outputs]
    cotangents = [numbers(*y.shape) if wanted else None for y, wanted in zip(outputs, differentiable)]
    loss = sum((y * ct).sum() for y, ct in zip(outputs, cotangents) if ct is not None)
    wanted = [x for x in leaves if x is not None and x.requires_grad]
    found = iter(torch.autograd.grad(loss, wanted, allow_unused=True))
    gradients = [next(found) if x is not None and x.requires_grad else None for x in leaves]
    fixtures.append(
        {
            "op": op,
            "name": name,
            "attrs": attrs,
            "inputs": [array(x, i in constants) for i, x in enumerate(inputs)],
            "outputs": [array(y) for y in outputs],
            "cotangents": [array(ct) for ct in cotangents],
            "gradients": [array(g) for g in gradients],
        }
    )


def padded(x, pads, value=0.0):
    """ONNX lists all begins, then all ends; PyTorch pairs from the last axis backward."""
    rank = len(pads) // 2
    pairs = [p for axis in reversed(range(rank)) for p in (pads[axis], pads[axis + rank])]
    return F.pad(x, pairs, value=value)


def products():
    for name, a, b in [
        ("two matrices", (2, 3), (3, 4)),
        ("batches that broadcast", (2, 1, 3, 2), (4, 2, 5)),
        ("a matrix shared by a batch", (3, 2, 4), (4, 2)),
        ("a vector and a batch", (3,), (2, 3, 4)),
        ("a batch and a vector", (2, 4, 3), (3,)),
        ("two vectors", (3,), (3,)),
    ]:
        add("MatMul", name, {}, [numbers(*a), numbers(*b)], torch.matmul)
    for trans_a in (0, 1):
        for trans_b in (0, 1):
            a = numbers(*((4, 3) if trans_a else (3, 4)))
            b = numbers(*((2, 4) if trans_b else (4, 2)))

            def gemm(a, b, c, trans_a=trans_a, trans_b=trans_b):
                return 1.5 * (a.T if trans_a else a) @ (b.T if trans_b else b) + 0.5 * c

            attrs = {"alpha": 1.5, "beta": 0.5, "transA": trans_a, "transB": trans_b}
            add("Gemm", f"transA {trans_a}, transB {trans_b}", attrs, [a, b, numbers(2)], gemm)
    add("Gemm", "as a dense layer", {"transB": 1}, [numbers(3, 5), numbers(4, 5), numbers(4)], F.linear)


convolution = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
transposed_convolution = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def convolutions():
    cases = [
        ("LeNet-5, small", (2, 1, 8, 8), (3, 1, 5, 5), {"pads": [2, 2, 2, 2]}),
        ("more channels than filters", (2, 4, 6, 5), (2, 4, 3, 3), {"pads": [1, 1, 1, 1]}),
        ("1 x 1", (2, 3, 4, 3), (4, 3, 1, 1), {}),
        ("strides that leave rows over", (2, 2, 8, 7), (3, 2, 3, 3), {"strides": [2, 3], "pads": [1, 1, 1, 1]}),
        ("asymmetric pads", (1, 2, 5, 6), (2, 2, 3, 2), {"pads": [2, 0, 1, 3]}),
        ("dilations", (1, 2, 8, 9), (2, 2, 3, 2), {"dilations": [2, 3], "strides": [2, 1]}),
        ("groups", (2, 4, 5, 5), (6, 2, 3, 3), {"group": 2, "pads": [1, 1, 1, 1]}),
        ("depthwise", (2, 3, 6, 6), (3, 1, 3, 3), {"group": 3, "strides": [2, 2], "pads": [1, 1, 1, 1]}),
        ("1-D", (2, 3, 9), (4, 3, 4), {"strides": [2], "pads": [1, 2]}),
        ("3-D", (1, 2, 4, 3, 5), (2, 2, 2, 2, 3), {"pads": [1, 0, 1, 0, 1, 1]}),
    ]
    for name, x, w, attrs in cases:
        rank = len(x) - 2

        def conv(x, w, b, attrs=attrs, rank=rank):
            strides, dilations = attrs.get("strides", 1), attrs.get("dilations", 1)
            x = padded(x, attrs.get("pads", [0] * 2 * rank))
            return convolution[rank](x, w, b, stride=strides, dilation=dilations, groups=attrs.get("group", 1))

        add("Conv", name, {"kernel_shape": list(w[2:]), **attrs}, [numbers(*x), numbers(*w), numbers(w[0])], conv)
    add("Conv", "no bias", {}, [numbers(1, 2, 5, 5), numbers(2, 2, 2, 2)], F.conv2d)
    same = [numbers(1, 2, 6, 5), numbers(3, 2, 4, 2)]
    for mode, pads in [("SAME_UPPER", [1, 0, 2, 1]), ("SAME_LOWER", [2, 1, 1, 0])]:
        add("Conv", mode, {"auto_pad": mode}, same, lambda x, w, pads=pads: F.conv2d(padded(x, pads), w))


def transposed_convolutions():
    cases = [
        ("plain", (2, 3, 3, 4), (3, 2, 3, 2), {}),
        ("strides and output padding", (1, 2, 3, 3), (2, 3, 3, 3), {"strides": [2, 3], "pads": [1, 1, 1, 1], "output_padding": [1, 2]}),
        ("dilations", (1, 2, 3, 3), (2, 2, 2, 3), {"dilations": [2, 2], "pads": [1, 0, 1, 0]}),
        ("groups", (2, 4, 3, 3), (4, 2, 2, 2), {"group": 2, "strides": [2, 2]}),
        ("1-D", (2, 2, 4), (2, 3, 3), {"strides": [2], "pads": [1, 1]}),
    ]
    for name, x, w, attrs in cases:
        rank = len(x) - 2

        def conv_transpose(x, w, b, attrs=attrs, rank=rank):
            return transposed_convolution[rank](
                x,
                w,
                b,
                stride=attrs.get("strides", 1),
                padding=attrs.get("pads", [0] * rank)[:rank],
                output_padding=attrs.get("output_padding", 0),
                groups=attrs.get("group", 1),
                dilation=attrs.get("dilations", 1),
            )

        filters = w[1] * attrs.get("group", 1)
        add("ConvTranspose", name, attrs, [numbers(*x), numbers(*w), numbers(filters)], conv_transpose)


def max_pool(x, attrs):
    """Values, and positions counted over the whole tensor as ONNX does (PyTorch counts within a channel)."""
    rank = x.dim() - 2
    function = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}[rank]
    y, indices = function(
        x,
        attrs["kernel_shape"],
        stride=attrs.get("strides", [1] * rank),
        padding=attrs.get("pads", [0] * rank)[:rank],
        dilation=attrs.get("dilations", 1),
        ceil_mode=attrs.get("ceil_mode", 0) == 1,
        return_indices=True,
    )
    planes = x.shape[0] * x.shape[1]
    offsets = torch.arange(planes).reshape([x.shape[0], x.shape[1]] + [1] * rank) * (x[0, 0].numel())
    return y, indices + offsets


def pools():
    cases = [
        ("2 x 2 tiles", (2, 2, 4, 6), {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("tiles that leave a rest", (1, 2, 7, 5), {"kernel_shape": [3, 2], "strides": [3, 2]}),
        ("overlapping, padded", (2, 2, 6, 6), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
        ("stride 1, padded", (1, 2, 5, 4), {"kernel_shape": [3, 3], "strides": [1, 1], "pads": [1, 1, 1, 1]}),
        ("dilated", (1, 2, 7, 6), {"kernel_shape": [2, 3], "dilations": [3, 2]}),
        ("rounded up", (1, 2, 6, 5), {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 0], "ceil_mode": 1}),
        ("1-D", (2, 3, 9), {"kernel_shape": [3], "strides": [3]}),
        ("3-D", (1, 2, 4, 2, 4), {"kernel_shape": [2, 2, 2], "strides": [2, 2, 2]}),
    ]
    for name, shape, attrs in cases:
        add("MaxPool", name, attrs, [numbers(*shape)], lambda x, attrs=attrs: max_pool(x, attrs)[0])
        # Ties everywhere, as in the background of an image: the first maximum takes the whole gradient.
        tied = torch.randint(0, 3, shape).double()
        add("MaxPool", f"{name}, ties", attrs, [tied], lambda x, attrs=attrs: max_pool(x, attrs)[0])
        with_indices = {**attrs, "with_indices": 1}
        add("MaxPool", f"{name}, indices", with_indices, [numbers(*shape)], lambda x, attrs=attrs: max_pool(x, attrs))
    for name, shape, attrs in cases:
        if "dilations" in attrs or "ceil_mode" in attrs:
            continue
        rank = len(shape) - 2
        function = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}[rank]
        for count in (0, 1):

            def average(x, attrs=attrs, function=function, rank=rank, count=count):
                padding = attrs.get("pads", [0] * rank)[:rank]
                return function(x, attrs["kernel_shape"], stride=attrs["strides"], padding=padding, count_include_pad=count == 1)

            add("AveragePool", f"{name}, padding counts {count}", {**attrs, "count_include_pad": count}, [numbers(*shape)], average)
    add("GlobalAveragePool", "images", {}, [numbers(2, 3, 4, 2)], lambda x: F.adaptive_avg_pool2d(x, 1))


def normalizations():
    for name, shape in [("rows", (5, 3)), ("sequences", (3, 2, 4)), ("images", (2, 3, 4, 2)), ("volumes", (2, 2, 2, 3, 2))]:
        channels = shape[1]
        inputs = [numbers(*shape), numbers(channels), numbers(channels), numbers(channels), numbers(channels).abs() + 0.5]

        def inference(x, scale, shift, mean, variance):
            # Spelled out: PyTorch's own function has no gradient for the statistics.
            form = [1, -1] + [1] * (x.dim() - 2)
            scaled = (x - mean.reshape(form)) / torch.sqrt(variance.reshape(form) + 1e-3)
            return scaled * scale.reshape(form) + shift.reshape(form)

        def training(x, scale, shift, mean, variance):
            axes = [axis for axis in range(x.dim()) if axis != 1]
            y = F.batch_norm(x, mean.clone(), variance.clone(), scale, shift, training=True, momentum=1.0, eps=1e-3)
            return y, x.mean(axes), x.var(axes, unbiased=False)

        direct = F.batch_norm(inputs[0], inputs[3], inputs[4], inputs[1], inputs[2], training=False, eps=1e-3)
        assert torch.allclose(inference(*inputs), direct, rtol=1e-12)
        attrs = {"epsilon": 1e-3}
        add("BatchNormalization", f"inference, {name}", attrs, inputs, inference)
        attrs = {"epsilon": 1e-3, "momentum": 0, "training_mode": 1}
        add("BatchNormalization", f"training, {name}", attrs, inputs, training, fixed=(3, 4))


def resizes():
    attrs = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    for name, shape, factors in [("images", (2, 2, 2, 3), [2, 3]), ("sequences", (1, 2, 4), [3])]:
        scales = torch.tensor([1.0, 1.0] + [float(f) for f in factors], dtype=torch.float32)

        def function(x, _roi, _scales, factors=factors):
            return F.interpolate(x, scale_factor=[float(f) for f in factors], mode="nearest")

        add("Resize", name, attrs, [numbers(*shape), None, scales], function, constants=(2,))


def rearrangements():
    """PyTorch keeps channels slow and ONNX (DCR) places in their block, so channels change places around it."""
    for name, shape, block in [("blocks of 2", (2, 3, 4, 6), 2), ("blocks of 3", (1, 2, 6, 3), 3)]:

        def to_depth(x, block=block):
            n, c, h, w = x.shape
            return F.pixel_unshuffle(x, block).reshape(n, c, block * block, h // block, w // block).transpose(1, 2).flatten(1, 2)

        def to_space(x, block=block):
            n, c, h, w = x.shape
            return F.pixel_shuffle(x.reshape(n, block * block, c // block**2, h, w).transpose(1, 2).flatten(1, 2), block)

        add("SpaceToDepth", name, {"blocksize": block}, [numbers(*shape)], to_depth)
        n, c, h, w = shape
        add("DepthToSpace", name, {"blocksize": block}, [numbers(n, c * block * block, h // block, w // block)], to_space)
    for name, channels, image, kernel, strides, padding, dilation in [
        ("overlapping", 2, (3, 4), (2, 2), (1, 1), (0, 0), (1, 1)),
        ("strides, pads", 2, (5, 4), (3, 2), (2, 1), (1, 0), (1, 1)),
        ("dilated", 1, (4, 5), (2, 2), (1, 2), (1, 1), (2, 2)),
    ]:
        places = F.unfold(torch.zeros(1, channels, *image), kernel, dilation, padding, strides).shape[2]
        columns = numbers(2, channels * kernel[0] * kernel[1], places)

        def fold(x, _image, _kernel, arguments=(image, kernel, dilation, padding, strides)):
            return F.fold(x, *arguments)

        attrs = {"dilations": list(dilation), "pads": [*padding, *padding], "strides": list(strides)}
        add("Col2Im", name, attrs, [columns, torch.tensor(image), torch.tensor(kernel)], fold, constants=(1, 2))


products()
convolutions()
transposed_convolutions()
pools()
normalizations()
resizes()
rearrangements()

path = pathlib.Path(__file__).parent / "fixtures" / "operators-b.json"
path.parent.mkdir(exist_ok=True)
lines = ",\n".join("    " + json.dumps(fixture) for fixture in fixtures)
head = {"generator": "tools/oracle/operators_network.py", "torch": torch.__version__.split("+")[0]}
path.write_text("{\n" + "".join(f'  {json.dumps(k)}: {json.dumps(v)},\n' for k, v in head.items()) + f'  "fixtures": [\n{lines}\n  ]\n}}\n')
print(f"{len(fixtures)} fixtures, {path.stat().st_size} bytes")
