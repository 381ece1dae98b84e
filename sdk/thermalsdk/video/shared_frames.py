"""Frames between processes of one machine, in shared memory (docs/formats.md, section "Shared frames").

A writer never waits: it fills a ring of slots, and a reader that is too slow finds that frames are gone and
counts them. Each slot carries a number that is odd while it is being written, so that a reader notices a
frame that changed under its hands.
"""

from __future__ import annotations

import math
import struct
import sys
from dataclasses import dataclass
from multiprocessing import resource_tracker, shared_memory
from types import TracebackType
from typing import cast

import numpy as np
import numpy.typing as npt

from thermalsdk.errors import ClosedError, DtypeError, OptionError, ShapeError, VideoError

_MAGIC = b"TSHF0001"
# Magic, height, width, channels, dtype code, slots, closed; then, apart, the number of frames written.
_HEADER = struct.Struct("<8s6I")
_COUNT_AT = 32
_HEADER_BYTES = 64
# Of a slot: its number, and the frame's time in seconds, NaN for none.
_SLOT = struct.Struct("<Qd")
_SLOT_BYTES = 64
_ALIGNMENT = 64
_DTYPES = (np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.float32))


@dataclass(frozen=True)
class _Layout:
    """Shape of the frames and where they lie."""

    height: int
    width: int
    channels: int
    dtype: np.dtype[np.generic]
    slots: int

    @property
    def shape(self) -> tuple[int, ...]:
        planes = (self.height, self.width)
        return planes if self.channels == 1 else (*planes, self.channels)

    @property
    def stride(self) -> int:
        size = self.height * self.width * self.channels * self.dtype.itemsize
        return _SLOT_BYTES + -(-size // _ALIGNMENT) * _ALIGNMENT

    @property
    def size(self) -> int:
        return _HEADER_BYTES + self.slots * self.stride

    def slot(self, number: int) -> int:
        return _HEADER_BYTES + number % self.slots * self.stride


class SharedFrameWriter:
    """Makes a block of shared memory and writes frames into it. A context manager; the block ends with it."""

    def __init__(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: npt.DTypeLike = np.uint8,
        slots: int = 4,
    ) -> None:
        """Make the block.

        Args:
            name: any that is free, without slashes; readers open it as "shm://NAME".
            shape: (H, W) or (H, W, 3) of every frame.
            dtype: uint8, uint16 or float32.
            slots: frames that the block holds; at least 2.

        Raises OptionError, ShapeError or DtypeError; VideoError for a name that is taken.
        """
        self._layout = _checked_layout(shape, dtype, slots)
        if not name or "/" in name:
            raise OptionError(f"{name!r} is no name of shared memory", "Use letters and digits.")
        try:
            self._memory = shared_memory.SharedMemory(name, create=True, size=self._layout.size)
        except FileExistsError as error:
            raise VideoError(
                f"shared memory {name!r} exists already", f"Choose another name, or remove /dev/shm/{name}."
            ) from error
        self._buffer = cast("memoryview", self._memory.buf)
        self._written = 0
        self._open = True
        self._write_header(closed=False)

    def write(self, frame: npt.NDArray[np.generic], time_s: float | None = None) -> None:
        """Add a frame.

        Args:
            frame: of the block's shape and dtype.
            time_s: its time in seconds by the writer's clock, or None where that has none.

        Raises ShapeError, DtypeError or ClosedError.
        """
        if not self._open:
            raise ClosedError("these shared frames are closed", "Make another SharedFrameWriter.")
        if frame.shape != self._layout.shape:
            raise ShapeError(f"the frame is {frame.shape}, the block {self._layout.shape}", "Resize it.")
        if frame.dtype != self._layout.dtype:
            raise DtypeError(f"the frame is {frame.dtype}, the block {self._layout.dtype}", "Convert it.")
        at = self._layout.slot(self._written)
        buffer = self._buffer
        time = math.nan if time_s is None else time_s
        _SLOT.pack_into(buffer, at, 2 * self._written + 1, time)
        _pixels(buffer, at, self._layout)[...] = frame
        _SLOT.pack_into(buffer, at, 2 * self._written + 2, time)
        self._written += 1
        struct.pack_into("<Q", buffer, _COUNT_AT, self._written)

    def close(self) -> None:
        """Tell the readers that this was the last frame, and remove the name; a second call does nothing."""
        if self._open:
            self._open = False
            self._write_header(closed=True)
            self._memory.close()
            self._memory.unlink()

    def __enter__(self) -> SharedFrameWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write_header(self, *, closed: bool) -> None:
        layout = self._layout
        _HEADER.pack_into(
            self._buffer,
            0,
            _MAGIC,
            layout.height,
            layout.width,
            layout.channels,
            _DTYPES.index(layout.dtype),
            layout.slots,
            int(closed),
        )


@dataclass(frozen=True)
class SharedFrame:
    """A copy of one frame, its number from 0, and the time that its writer gave it, if any."""

    pixels: npt.NDArray[np.generic]
    number: int
    time_s: float | None


class SharedFrameReader:
    """Reads frames that another process writes."""

    def __init__(self, name: str) -> None:
        """Open the block. Raises VideoError when there is none, or it holds something else."""
        try:
            self._memory = _attach(name)
        except FileNotFoundError as error:
            raise VideoError(
                f"there is no shared memory {name!r}", "Start its writer first, or check the name."
            ) from error
        self._buffer = cast("memoryview", self._memory.buf)
        magic, height, width, channels, code, slots, _ = _HEADER.unpack_from(self._buffer, 0)
        if magic != _MAGIC or code >= len(_DTYPES):
            self._memory.close()
            raise VideoError(f"shared memory {name!r} holds no frames", "Write it with SharedFrameWriter.")
        self._layout = _Layout(height, width, channels, _DTYPES[code], slots)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of every frame."""
        return self._layout.shape

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of every pixel."""
        return self._layout.dtype

    @property
    def written(self) -> int:
        """Number of frames that were written so far."""
        count: int = struct.unpack_from("<Q", self._buffer, _COUNT_AT)[0]
        return count

    @property
    def ended(self) -> bool:
        """Whether the writer wrote its last frame."""
        return bool(_HEADER.unpack_from(self._buffer, 0)[-1])

    def read(self, number: int) -> SharedFrame | None:
        """A frame by its number; None when it is not yet there, or was overwritten already."""
        at = self._layout.slot(number)
        complete = 2 * number + 2
        before, time = _SLOT.unpack_from(self._buffer, at)
        if before != complete:
            return None
        pixels = _pixels(self._buffer, at, self._layout).copy()
        after = _SLOT.unpack_from(self._buffer, at)[0]
        time_s = None if math.isnan(time) else time
        return SharedFrame(pixels, number, time_s) if after == complete else None

    def close(self) -> None:
        """Let go of the block; a second call does nothing."""
        self._memory.close()


def _checked_layout(shape: tuple[int, ...], dtype: npt.DTypeLike, slots: int) -> _Layout:
    if len(shape) not in (2, 3) or min(shape) < 1 or (len(shape) == 3 and shape[2] == 1):
        raise ShapeError(f"frames cannot have the shape {shape}", "Give (H, W), or (H, W, 3).")
    if np.dtype(dtype) not in _DTYPES:
        raise DtypeError(f"frames cannot hold {np.dtype(dtype)}", "Use uint8, uint16 or float32.")
    if slots < 2:
        raise OptionError(f"slots={slots} is too few", "One is read while the next is written: at least 2.")
    channels = shape[2] if len(shape) == 3 else 1
    return _Layout(shape[0], shape[1], channels, np.dtype(dtype), slots)


def _pixels(buffer: memoryview, slot: int, layout: _Layout) -> npt.NDArray[np.generic]:
    return np.ndarray(layout.shape, layout.dtype, buffer, slot + _SLOT_BYTES)


def _attach(name: str) -> shared_memory.SharedMemory:
    """Open a block that its writer owns: Python before 3.13 would remove it when the reader ends."""
    if sys.version_info >= (3, 13):
        return shared_memory.SharedMemory(name, track=False)
    memory = shared_memory.SharedMemory(name)
    resource_tracker.unregister(memory._name, "shared_memory")  # type: ignore[attr-defined]
    return memory
