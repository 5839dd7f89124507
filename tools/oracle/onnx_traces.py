"""What PyTorch's dynamo exporter notes at nodes, without what tells of the machine that exported."""


def without_stack_traces(model):
    """The model without lines of source files. Changes it."""
    for node in model.graph.node:
        kept = [entry for entry in node.metadata_props if entry.key != "pkg.torch.onnx.stack_trace"]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    return model
