"""Finding a bundle and trusting its files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path

from thermalsdk.bundle.manifest import (
    MANIFEST_NAME,
    MIN_SIDE,
    FileEntry,
    GraphSpec,
    Manifest,
    hash_file,
    read_manifest,
)
from thermalsdk.errors import BundleError, OptionError

_SHIPPED = Path(__file__).parents[1] / "bundles"
#: The segmenter in 8-bit integers for TensorRT; "int8" is the one for ONNX Runtime (decision 0008).
INT8_SYMMETRIC = "int8-symmetric"
#: Precisions that a bundle has when one of its graphs has such a twin.
_OF_ONE_GRAPH = ("int8", INT8_SYMMETRIC)
_COPY_AGAIN = "Copy the bundle again completely, or write it again with `python -m export`."


def shipped_bundles() -> tuple[str, ...]:
    """Names of the bundles inside the package, sorted."""
    return tuple(sorted(path.parent.name for path in _SHIPPED.glob(f"*/{MANIFEST_NAME}")))


@dataclass(frozen=True)
class Bundle:
    """A verified bundle: every file had the size and SHA-256 of the manifest when it was opened."""

    path: Path
    manifest: Manifest

    @classmethod
    def open(cls, name_or_directory: str | Path) -> Bundle:
        """Find and verify a bundle.

        Args:
            name_or_directory: a shipped name such as "street", or a folder. A str that is a shipped name
                means the shipped bundle even where such a folder exists; "./street" means the folder.

        Raises BundleError naming the file that is absent or damaged.
        """
        path = _find(name_or_directory)
        manifest = read_manifest(path)
        for name, entry in manifest.files.items():
            _verify(path / name, entry)
        return cls(path, manifest)

    @property
    def hash(self) -> str:
        """SHA-256 of the manifest, and with it of every file: two bundles with the same hash are the same."""
        return hash_file(self.path / MANIFEST_NAME).sha256

    def seen_at(self, side: int) -> Bundle:
        """The same bundle, whose networks are shown frames at another shorter side in pixels.

        Raises OptionError below the smallest frame.
        """
        if not isinstance(side, Integral) or side < MIN_SIDE:
            raise OptionError(
                f"processing_resolution is {side!r}, which is no number of pixels from {MIN_SIDE} on",
                "Give the shorter side of frames as the networks see them, such as 240, or None.",
            )
        return replace(self, manifest=replace(self.manifest, known_side_pixels=int(side)))

    def model(self, spec: GraphSpec, precision: str = "fp32") -> bytes:
        """Read a serialised ONNX graph: its twin of that precision, or itself where it has none."""
        name = twin_name(spec, precision)
        return (self.path / (name if self.has_twin(spec, precision) else spec.file)).read_bytes()

    def has_twin(self, spec: GraphSpec, precision: str) -> bool:
        """Whether it holds that graph at that precision."""
        return twin_name(spec, precision) in self.manifest.files

    def offers(self, precision: str) -> bool:
        """Whether it has twins of a precision.

        Of every graph for "fp32" and "fp16", of at least one for "int8" and "int8-symmetric".
        """
        twins = [self.has_twin(spec, precision) for spec in self.manifest.graphs.all()]
        return any(twins) if precision in _OF_ONE_GRAPH else all(twins)


def twin_name(spec: GraphSpec, precision: str) -> str:
    """File name of a graph at a precision: layer_car.onnx, layer_car.fp16.onnx, layer_car.int8.onnx."""
    return spec.file if precision == "fp32" else f"{spec.file.removesuffix('.onnx')}.{precision}.onnx"


def _find(name_or_directory: str | Path) -> Path:
    if not isinstance(name_or_directory, (str, Path)):
        raise BundleError(
            f"the bundle is {name_or_directory!r}", "Give a name, such as 'street', or a folder."
        )
    if isinstance(name_or_directory, str) and name_or_directory in shipped_bundles():
        return _SHIPPED / name_or_directory
    path = Path(name_or_directory)
    if path.is_dir():
        return path
    shipped = ", ".join(shipped_bundles()) or "none in this installation"
    raise BundleError(
        f"there is no bundle {str(name_or_directory)!r}",
        f"Name a bundle folder or a shipped bundle ({shipped}).",
    )


def _verify(path: Path, entry: FileEntry) -> None:
    if not path.is_file():
        raise BundleError(f"the bundle's file {path} is absent", _COPY_AGAIN)
    found = hash_file(path)
    if found.bytes != entry.bytes:
        raise BundleError(
            f"the bundle's file {path} has {found.bytes} bytes instead of {entry.bytes}: cut short?",
            _COPY_AGAIN,
        )
    if found.sha256 != entry.sha256:
        raise BundleError(
            f"the bundle's file {path} is damaged: its SHA-256 differs from the manifest", _COPY_AGAIN
        )
