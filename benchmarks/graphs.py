"""What every graph of a bundle costs: multiply-adds and milliseconds of ONNX Runtime at 512x512, one thread.

python benchmarks/graphs.py [--bundle street] [--repeats 50] [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from common.report import leave

from thermalsdk.bundle import Bundle, GraphSpec, TensorSpec

SIZE = 512
LAYER_SIZES = (128, 256, 512)


def main() -> None:
    """Measure and print one report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bundle", default="street")
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--quick", action="store_true", help="few repeats")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    bundle = Bundle.open(args.bundle)
    repeats = 5 if args.quick else args.repeats
    graphs = bundle.manifest.graphs
    layer = graphs.layers[bundle.manifest.classes[-1]]  # layers differ in their weights alone
    rows = {"encoder": cost(bundle, graphs.encoder, SIZE, repeats)}
    rows |= {f"layer, {size}x{size}": cost(bundle, layer, size, repeats) for size in LAYER_SIZES}
    for name, spec in (("segmenter", graphs.segmenter), ("labeller", graphs.labeller)):
        if spec is not None:
            rows[name] = cost(bundle, spec, SIZE, repeats)
    leave({"graphs": rows}, args.json)


def cost(bundle: Bundle, spec: GraphSpec, size: int, repeats: int) -> dict[str, float]:
    """Multiply-adds in billions, and median milliseconds, for a frame of size x size."""
    model = bundle.model(spec)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    inputs = {tensor.name: example(tensor, size) for tensor in spec.inputs}
    times = []
    for _ in range(repeats + 3):
        start = time.perf_counter()
        session.run(None, inputs)
        times.append((time.perf_counter() - start) * 1e3)
    milliseconds = statistics.median(times[3:])
    billions = multiply_adds(model, inputs) / 1e9
    return {
        "gmac": round(billions, 3),
        "ms": round(milliseconds, 2),
        "gmac_per_second": round(1e3 * billions / milliseconds, 1),
    }


def example(tensor: TensorSpec, size: int) -> np.ndarray:
    """A random input for a frame of size x size; "H/4" in the manifest's shape is a quarter of it."""
    shape = [
        axis if isinstance(axis, int) else size // int((axis + "/1").split("/")[1]) for axis in tensor.shape
    ]
    return np.random.default_rng(0).random(shape, np.float32)


def multiply_adds(model: bytes, inputs: dict[str, np.ndarray]) -> int:
    """Multiply-adds of all convolutions and matrix products, from the shapes that really occur."""
    graph = onnx.load_from_string(model)
    weights = {constant.name: constant.dims for constant in graph.graph.initializer}
    counted = [
        n for n in graph.graph.node if n.op_type in ("Conv", "Gemm", "MatMul") and n.input[1] in weights
    ]
    listed = {output.name for output in graph.graph.output}
    for node in counted:
        if node.output[0] not in listed:
            graph.graph.output.append(onnx.helper.make_empty_tensor_value_info(node.output[0]))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    results = session.run([node.output[0] for node in counted], inputs)
    return sum(
        result.size * int(np.prod(weights[node.input[1]])) // channels(node, weights[node.input[1]])
        for node, result in zip(counted, results, strict=True)
    )


def channels(node: onnx.NodeProto, weight: list[int]) -> int:
    """Length of the weight's output axis: what is left of it is multiplied for each output value."""
    transposed = any(a.name == "transB" and a.i for a in node.attribute)
    return weight[0] if node.op_type == "Conv" or transposed else weight[-1]


if __name__ == "__main__":
    main()
