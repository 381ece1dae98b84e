"""Installed packages that exclude each other."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable

#: Two packages of one family for different CUDA versions write the same files, as tensorrt-cu12 and -cu13 do.
_FOR_CUDA = re.compile(r"(?P<family>(?:tensorrt|nvidia)[a-z0-9-]*?)-cu(?P<cuda>1[0-9])(?:-|$)")


def installed_packages() -> set[str]:
    """Names of the distributions that this Python sees, in lower case with hyphens."""
    names = (distribution.name for distribution in importlib.metadata.distributions())
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names if name}


def find_conflicts(packages: Iterable[str]) -> list[str]:
    """Sentences on every conflict among these packages, each with the command that ends it."""
    names = set(packages)
    found = []
    if {"onnxruntime", "onnxruntime-gpu"} <= names:
        found.append(
            "onnxruntime and onnxruntime-gpu overwrite each other: "
            "pip uninstall onnxruntime onnxruntime-gpu, then install 'thermalsdk[cpu]' or 'thermalsdk[gpu]'"
        )
    families: dict[str, dict[str, str]] = {}
    for name in sorted(names):
        match = _FOR_CUDA.match(name)
        if match:
            families.setdefault(match["family"], {}).setdefault(match["cuda"], name)
    for versions in families.values():
        if len(versions) > 1:
            both = " and ".join(versions.values())
            found.append(
                f"{both} are for different CUDA versions: pip uninstall the one that is not the driver's"
            )
    return found
