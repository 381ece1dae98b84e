"""Engines that were built before, in the user's cache folder, under the hash of all that made them.

An engine is loaded only with its sidecar, which holds its SHA-256: both are written beside their place and
renamed into it, the sidecar last, so that a killed build leaves nothing that could be taken for an engine.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from thermalsdk.engines.build import build_engine
from thermalsdk.engines.request import EngineRequest
from thermalsdk.errors import MissingDependency, OutputError
from thermalsdk.partial import replace_whole
from thermalsdk.version import __version__

#: What to do where an engine cannot be kept.
FREE_SPACE = "Free some disk space, or name another folder in the environment variable THERMALSDK_CACHE."

_LOG = logging.getLogger("thermalsdk")
_SCHEMA_VERSION = 1
_ENGINE, _SIDECAR, _LOCK = ".engine", ".json", ".lock"
#: Names of entries and of timing caches, finished or in the making.
_OWN_NAME = re.compile(r"\.?([0-9a-f]{64}\.|timing-.+\.cache)")


def default_folder() -> Path:
    """THERMALSDK_CACHE if that is set, else "thermalsdk/engines" in the user's cache folder."""
    chosen = os.environ.get("THERMALSDK_CACHE")
    if chosen:
        return Path(chosen)
    folder: Path = _import("platformdirs").user_cache_path("thermalsdk") / "engines"
    return folder


@dataclass(frozen=True)
class CacheEntry:
    """A complete engine.

    Args:
        path: the engine's file.
        request: what it was built from.
        facts: what its builder found: tensors, layers, half share, header.
        size: of the file, in bytes.
        sha256: of the file, in hexadecimal.
        build_seconds: how long it took.
    """

    path: Path
    request: EngineRequest
    facts: dict[str, Any]
    size: int
    sha256: str
    build_seconds: float

    def read(self) -> bytes | None:
        """The engine, or None when it is not what was written."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        return content if hashlib.sha256(content).hexdigest() == self.sha256 else None


class EngineCache:
    """A folder of engines that processes share: one builds, others that want the same engine wait."""

    def __init__(self, folder: Path | None = None) -> None:
        """Use a folder, by default the user's. It is made when the first engine is built."""
        self.folder = default_folder() if folder is None else folder

    def find(self, request: EngineRequest) -> CacheEntry | None:
        """The engine of a request if there is a sound one. Nothing is locked or written."""
        entry = self._entry(self._path(request, _SIDECAR))
        return entry if entry is not None and entry.read() is not None else None

    def get(
        self,
        request: EngineRequest,
        model: bytes,
        progress: Callable[[float], None] | None = None,
        gpu: int = 0,
    ) -> CacheEntry:
        """The engine of a request, built if need be.

        Args:
            request: what is wanted.
            model: serialised ONNX graph, weights inside.
            progress: called with the share of the build that is done, 0 to 1.
            gpu: number of the GPU that it is built on, where there is one.

        Raises OutputError when the folder cannot be written, MissingDependency, what `build_engine` raises.
        """
        found = self.find(request)
        if found is not None:
            return found
        with self._locked(request):
            found = self.find(request)  # another process may have built it meanwhile
            return self._build(request, model, progress, gpu) if found is None else found

    def entries(self) -> list[CacheEntry]:
        """Every complete entry, by graph and flavour; what the engines hold is not checked."""
        found = [self._entry(path) for path in self.folder.glob(f"[!.]*{_SIDECAR}")]
        complete = [entry for entry in found if entry is not None and entry.path.exists()]
        return sorted(
            complete, key=lambda e: (e.request.graph, e.request.flavour, e.request.version, e.request.key)
        )

    def clear(self) -> int:
        """Delete what a cache writes but the locks, which others may wait at; returns the bytes that freed.

        Other files are left alone: the folder is where the user said.
        """
        freed = 0
        for path in self.folder.glob("*") if self.folder.exists() else ():
            if path.is_file() and path.suffix != _LOCK and _OWN_NAME.match(path.name):
                freed += path.stat().st_size
                path.unlink(missing_ok=True)
        return freed

    def _build(
        self, request: EngineRequest, model: bytes, progress: Callable[[float], None] | None, gpu: int
    ) -> CacheEntry:
        """Build and keep an engine; its lock is held."""
        self._say_why(request)
        self._sweep(request)
        engine = self._path(request, _ENGINE)
        temporary = engine.with_name(f".{engine.name}.{os.getpid()}")
        start = time.perf_counter()
        facts = build_engine(request, model, temporary, self._timing_cache(request), progress, gpu)
        try:
            content = temporary.read_bytes()
            entry = CacheEntry(
                path=engine,
                request=request,
                facts=facts,
                size=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                build_seconds=round(time.perf_counter() - start, 2),
            )
            temporary.replace(engine)
            replace_whole(self._path(request, _SIDECAR), _sidecar(entry))
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise OutputError(f"cannot keep an engine in {self.folder}: {error}", FREE_SPACE) from error
        return entry

    def _say_why(self, request: EngineRequest) -> None:
        """One log line: an engine is built for the first time, or again and why.

        A warning, because it takes up to minutes in which nothing else is to be seen.
        """
        reason = self._staleness(request)
        if reason is None:
            _LOG.warning("%s: building its %s engine, once for this machine", request.graph, request.flavour)
        else:
            _LOG.warning("%s: %s; building it again", request.graph, reason)

    def _staleness(self, request: EngineRequest) -> str | None:
        if self._path(request, _SIDECAR).exists() or self._path(request, _ENGINE).exists():
            return "its cached engine is damaged"
        for entry in self.entries():
            former = entry.request
            if (former.onnx_sha256, former.flavour) == (request.onnx_sha256, request.flavour):
                if former.version != request.version:
                    return f"its cached engine is of {former.flavour} {former.version}, not {request.version}"
                if former.target != request.target:
                    return f"its cached engine is for {former.target}, not {request.target}"
        return None

    def _sweep(self, request: EngineRequest) -> None:
        """Remove what a killed build of this engine left behind."""
        for path in self.folder.glob(f".{request.key}.*"):
            path.unlink(missing_ok=True)

    @contextmanager
    def _locked(self, request: EngineRequest) -> Iterator[None]:
        """Be the only one that builds this engine. The lock of a process that died is free."""
        filelock = _import("filelock")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self._path(request, _LOCK))
            try:
                lock.acquire(blocking=False)
            except filelock.Timeout:
                _LOG.info("%s: waiting for another process that builds its engine", request.graph)
                lock.acquire()
        except OSError as error:
            raise OutputError(
                f"the engine cache {self.folder} cannot be written: {error}",
                "Name a folder that can be in the environment variable THERMALSDK_CACHE.",
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _path(self, request: EngineRequest, suffix: str) -> Path:
        return self.folder / f"{request.key}{suffix}"

    def _timing_cache(self, request: EngineRequest) -> Path:
        return self.folder / f"timing-{request.flavour}-{request.version}-{request.target}.cache"

    def _entry(self, sidecar: Path) -> CacheEntry | None:
        """What a sidecar says, or None where there is none or it is of another schema or damaged."""
        try:
            data = json.loads(sidecar.read_bytes())
            if data["schema_version"] != _SCHEMA_VERSION:
                return None
            return CacheEntry(
                path=sidecar.with_suffix(_ENGINE),
                request=EngineRequest.from_dict(data["request"]),
                facts=data["facts"],
                size=data["bytes"],
                sha256=data["sha256"],
                build_seconds=data["build_seconds"],
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None


def _sidecar(entry: CacheEntry) -> bytes:
    data = {
        "schema_version": _SCHEMA_VERSION,
        "thermalsdk": __version__,
        "request": entry.request.to_dict(),
        "bytes": entry.size,
        "sha256": entry.sha256,
        "build_seconds": entry.build_seconds,
        "facts": entry.facts,
    }
    return json.dumps(data, indent=1).encode() + b"\n"


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingDependency(
            f"the engine cache needs the package {name}",
            f"pip install {name}; 'thermalsdk[tensorrt]' and 'thermalsdk[rtx]' bring it.",
        ) from error
