"""What makes an engine the engine that it is: everything that its name in the cache is hashed from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from thermalsdk.engines.profiles import Profile

#: Least share of an FP16 engine's convolutions, weighted by multiply-accumulates, to be in half precision.
LEAST_HALF_SHARE = 0.95


@dataclass(frozen=True)
class BuildOptions:
    """Options of the builder.

    Args:
        workspace_mib: largest scratch memory of a layer.
        tf32: whether convolutions may round float32 inputs to 10 bits; off, so that FP32 means FP32.
    """

    workspace_mib: int = 1024
    tf32: bool = False


@dataclass(frozen=True)
class EngineRequest:
    """An engine to be built.

    Args:
        graph: file name of the ONNX graph, for people; the only field that is not part of the key.
        onnx_sha256: of the graph with its weights, in hexadecimal.
        flavour: "tensorrt" or "tensorrt_rtx".
        version: of the flavour.
        target: from `Flavour.target`, such as "8.9", "8.9 NVIDIA L4" or "portable".
        precision: of that graph: "fp32", "fp16" or "int8-symmetric".
        profiles: sizes that it takes.
        options: of the builder.
    """

    graph: str
    onnx_sha256: str
    flavour: str
    version: str
    target: str
    precision: str
    profiles: tuple[Profile, ...]
    options: BuildOptions = field(default_factory=BuildOptions)

    @property
    def key(self) -> str:
        """SHA-256 in hexadecimal of everything that decides what the builder makes."""
        facts = {name: value for name, value in self.to_dict().items() if name != "graph"}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    @property
    def least_half_share(self) -> float:
        """What the share of half precision must reach."""
        return LEAST_HALF_SHARE if self.precision == "fp16" else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Make JSON data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> EngineRequest:
        """Read parsed JSON. Raises KeyError or TypeError for anything else."""
        profiles = tuple(
            Profile(
                **{end: {name: tuple(s) for name, s in shapes.items()} for end, shapes in profile.items()}
            )
            for profile in data["profiles"]
        )
        return cls(**{**data, "profiles": profiles, "options": BuildOptions(**data["options"])})


def sha256_of(model: bytes) -> str:
    """SHA-256 of a serialised graph, in hexadecimal."""
    return hashlib.sha256(model).hexdigest()
