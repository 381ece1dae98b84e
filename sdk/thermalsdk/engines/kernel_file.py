"""Kernels that TensorRT for RTX compiled of an engine on this machine, in a file beside it."""

from __future__ import annotations

import hashlib
import logging

from thermalsdk.engines.cache import CacheEntry
from thermalsdk.partial import replace_whole

_LOG = logging.getLogger("thermalsdk")
_SUFFIX = ".kernels"
_HASH_BYTES = hashlib.sha256().digest_size


class KernelFile:
    """The file of one engine. It starts with a SHA-256 over the engine's own and the content.

    So what was damaged, or compiled of another engine of the same request, is never read.
    """

    def __init__(self, entry: CacheEntry) -> None:
        self._graph = entry.request.graph
        self._path = entry.path.with_suffix(_SUFFIX)
        self._engine = entry.sha256.encode()

    def read(self) -> bytes:
        """What was written, or nothing where there is no such file or it is not sound."""
        try:
            stored = self._path.read_bytes()
        except OSError:
            return b""
        content = stored[_HASH_BYTES:]
        return content if stored[:_HASH_BYTES] == self._hash(content) else b""

    def write(self, content: bytes) -> None:
        """Keep it in one step. Where that fails, the next process compiles again, and the log says so."""
        try:
            replace_whole(self._path, self._hash(content) + content)
        except OSError as error:
            _LOG.warning("%s: its compiled kernels are not kept: %s", self._graph, error)

    def _hash(self, content: bytes) -> bytes:
        return hashlib.sha256(self._engine + content).digest()
