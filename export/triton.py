"""A model repository for Triton Inference Server: the pipeline, its config.pbtxt and a warm-up.

Written after the model configuration protobuf of github.com/triton-inference-server/common; a test parses the
file with it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from export.staging import remove, staged
from thermalsdk.bundle import Bundle, GraphSpec, TensorSpec, twin_name
from thermalsdk.errors import BundleError

CONFIG = "config.pbtxt"
VERSION = "1"
#: Height and width of the frame that warms up a model of any size.
WARMUP = (512, 512)
_TYPES = {"uint8": "TYPE_UINT8", "int32": "TYPE_INT32", "float32": "TYPE_FP32"}


def write_repository(bundle: Bundle, repository: Path) -> Path:
    """Write `REPOSITORY/<name of the bundle>/`: config.pbtxt and 1/pipeline.onnx.

    Args:
        bundle: with a pipeline; its half-precision twin, where there is one, becomes the model `<name>_fp16`.
            Without one, a former model of that name is removed.
        repository: what `tritonserver --model-repository` takes; other models in it stay. A server that polls
            it never sees a part of a model.

    Returns the repository.

    Raises:
        BundleError: the bundle has no pipeline.
        OutputError: a folder of the model's name holds something else, the repository is a mount point, or
            the disk cannot be written.
    """
    spec = bundle.manifest.graphs.pipeline
    if spec is None:
        raise BundleError(f"{bundle.path} has no pipeline", "Write it with `python -m export --pipeline`.")
    for precision, suffix in (("fp32", ""), ("fp16", "_fp16")):
        file = twin_name(spec, precision)
        name = bundle.manifest.name + suffix
        if file not in bundle.manifest.files:
            remove(repository / name, CONFIG, watched=repository)
            continue
        with staged(repository / name, CONFIG, watched=repository) as stage:
            (stage / VERSION).mkdir()
            shutil.copyfile(bundle.path / file, stage / VERSION / spec.file)
            (stage / CONFIG).write_text(config(name, spec))
    return repository


def config(name: str, spec: GraphSpec) -> str:
    """The text of config.pbtxt for a model of one frame a request.

    Batches are the client's requests side by side: `instance_group` lets Triton run several.
    """
    lines = [
        f'name: "{name}"',
        'backend: "onnxruntime"',
        f'default_model_filename: "{spec.file}"',
        "max_batch_size: 0",
        *(line for tensor in spec.inputs for line in _tensor("input", tensor)),
        *(line for tensor in spec.outputs for line in _tensor("output", tensor)),
        "version_policy { latest { num_versions: 1 } }",
        "# On every GPU that Triton sees, or on the CPU where there is none.",
        "instance_group [ { count: 1 kind: KIND_AUTO } ]",
        *_warmup(spec),
    ]
    return "\n".join(lines) + "\n"


def _tensor(kind: str, tensor: TensorSpec) -> Iterator[str]:
    dims = ", ".join(str(axis) if isinstance(axis, int) else "-1" for axis in tensor.shape)
    yield f'{kind} [ {{ name: "{tensor.name}" data_type: {_TYPES[tensor.dtype]} dims: [ {dims} ] }} ]'


def _warmup(spec: GraphSpec) -> Iterator[str]:
    """A frame of zeros: class 0 everywhere, at a temperature without a meaning."""
    yield "model_warmup [ {"
    yield '  name: "a frame"'
    yield "  batch_size: 1"
    for tensor in spec.inputs:
        dims = ", ".join(map(str, tensor.shape_for(*WARMUP)))
        value = f"data_type: {_TYPES[tensor.dtype]} dims: [ {dims} ] zero_data: true"
        yield f'  inputs {{ key: "{tensor.name}" value {{ {value} }} }}'
    yield "} ]"
