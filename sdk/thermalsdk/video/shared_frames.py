"""Frames between processes of one machine, in shared memory (docs/formats.md, section "Shared frames").

A writer never waits: it fills a ring of slots, and a reader that is too slow finds that frames are gone and
counts them. Each slot carries a number that is odd while it is being written, so that a reader notices a
frame that changed under its hands.
"""

from __future__ import annotations

import math
import mmap
import operator
import os
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from multiprocessing import shared_memory
from pathlib import Path
from types import TracebackType
from typing import SupportsIndex, cast

import numpy as np
import numpy.typing as npt

from thermalsdk.errors import ClosedError, DtypeError, OptionError, ShapeError, VideoError

#: Where Linux shows shared memory as files.
_FOLDER = Path("/dev/shm")  # noqa: S108 - not for temporary files
_LONGEST_NAME = 255
_MAGIC = b"TSHF0001"
# Magic, height, width, channels, dtype code, slots, closed; then, apart, the number of frames written.
_HEADER = struct.Struct("<8s6I")
_COUNT_AT = 32
_HEADER_BYTES = 64
# Of a slot: its number, and the frame's time in seconds, NaN for none.
_SLOT = struct.Struct("<Qd")
_SLOT_BYTES = 64
_ALIGNMENT = 64
#: Of a side and of the slots: the header has 32 bits for each.
_HIGHEST = 2**32 - 1
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
        shape: Iterable[SupportsIndex],
        dtype: npt.DTypeLike = np.uint8,
        slots: SupportsIndex = 4,
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
        name = _checked_name(name)
        try:
            self._memory = shared_memory.SharedMemory(name, create=True, size=self._layout.size)
        except FileExistsError as error:
            raise VideoError(
                f"shared memory {name!r} exists already", f"Choose another name, or remove {_FOLDER / name}."
            ) from error
        except OSError as error:
            raise VideoError(
                f"shared memory {name!r} cannot be made: {error}", "Check the size and df -h /dev/shm."
            ) from error
        self._buffer = cast("memoryview", self._memory.buf)
        self._written = 0
        self._open = True
        try:
            self._write_header(closed=False)
        except BaseException:
            self._remove()
            raise

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
            self._remove()

    def __enter__(self) -> SharedFrameWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _remove(self) -> None:
        self._memory.close()
        self._memory.unlink()

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
    """Reads frames that another process, or this one, writes."""

    def __init__(self, name: str) -> None:
        """Open the block.

        Raises OptionError for what is no name, VideoError when there is no such block, or it holds something
        else.
        """
        try:
            self._memory = _map(_checked_name(name))
        except FileNotFoundError as error:
            raise VideoError(
                f"there is no shared memory {name!r}", "Start its writer first, or check the name."
            ) from error
        except (OSError, ValueError) as error:  # ValueError: the block is empty
            raise VideoError(f"shared memory {name!r} cannot be read: {error}", "Check the name.") from error
        layout = _read_layout(self._memory)
        if layout is None:
            self._memory.close()
            raise VideoError(f"shared memory {name!r} holds no frames", "Write it with SharedFrameWriter.")
        self._layout = layout

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of every frame."""
        return self._layout.shape

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of every pixel."""
        return self._layout.dtype

    @property
    def slots(self) -> int:
        """Number of frames that the block holds: those before the last so many are gone."""
        return self._layout.slots

    @property
    def written(self) -> int:
        """Number of frames that were written so far. Raises ClosedError."""
        count: int = struct.unpack_from("<Q", self._opened(), _COUNT_AT)[0]
        return count

    @property
    def ended(self) -> bool:
        """Whether the writer wrote its last frame. Raises ClosedError."""
        return bool(_HEADER.unpack_from(self._opened(), 0)[-1])

    def read(self, number: int) -> SharedFrame | None:
        """A frame by its number; None when it is not there: not yet, no longer, or below 0.

        Raises ClosedError.
        """
        memory = self._opened()
        if number < 0:
            return None
        at = self._layout.slot(number)
        complete = 2 * number + 2
        before, time = _SLOT.unpack_from(memory, at)
        if before != complete:
            return None
        pixels = _pixels(memory, at, self._layout).copy()
        after = _SLOT.unpack_from(memory, at)[0]
        time_s = None if math.isnan(time) else time
        return SharedFrame(pixels, number, time_s) if after == complete else None

    def close(self) -> None:
        """Let go of the block; a second call does nothing."""
        self._memory.close()

    def _opened(self) -> mmap.mmap:
        if self._memory.closed:
            raise ClosedError("this reader of shared frames is closed", "Make another SharedFrameReader.")
        return self._memory


def _checked_layout(shape: Iterable[SupportsIndex], dtype: npt.DTypeLike, slots: SupportsIndex) -> _Layout:
    height, width, channels = _checked_shape(shape)
    if np.dtype(dtype) not in _DTYPES:
        raise DtypeError(f"frames cannot hold {np.dtype(dtype)}", "Use uint8, uint16 or float32.")
    layout = _Layout(height, width, channels, np.dtype(dtype), _checked_slots(slots))
    if layout.size > sys.maxsize:
        raise OptionError(f"no memory holds {layout.size} bytes", "Use smaller frames, or fewer slots.")
    return layout


def _checked_shape(shape: Iterable[SupportsIndex]) -> tuple[int, int, int]:
    try:
        sides = tuple(operator.index(side) for side in shape)
    except TypeError as error:
        raise ShapeError(
            f"frames cannot have the shape {shape}", "Give whole numbers: (480, 640, 3)."
        ) from error
    if (
        len(sides) not in (2, 3)
        or sides[2:] not in ((), (3,))
        or not 1 <= min(sides) <= max(sides) <= _HIGHEST
    ):
        raise ShapeError(f"frames cannot have the shape {sides}", "Give (H, W), or (H, W, 3).")
    height, width, channels = (*sides, 1)[:3]
    return height, width, channels


def _checked_slots(slots: SupportsIndex) -> int:
    try:
        count = operator.index(slots)
    except TypeError as error:
        raise OptionError(f"slots={slots!r} is no whole number", "Give 2 or more.") from error
    if not 2 <= count <= _HIGHEST:
        raise OptionError(
            f"slots={count} cannot be had", "One is read while the next is written: at least 2."
        )
    return count


def _read_layout(memory: mmap.mmap) -> _Layout | None:
    """The layout that a block's header describes; None for memory that holds no frames."""
    if len(memory) < _HEADER_BYTES:
        return None
    magic, height, width, channels, code, slots, _ = _HEADER.unpack_from(memory, 0)
    if magic != _MAGIC or channels not in (1, 3) or code >= len(_DTYPES) or slots == 0:
        return None
    layout = _Layout(height, width, channels, _DTYPES[code], slots)
    return layout if layout.size <= len(memory) else None


def _pixels(buffer: memoryview | mmap.mmap, slot: int, layout: _Layout) -> npt.NDArray[np.generic]:
    return np.ndarray(layout.shape, layout.dtype, buffer, slot + _SLOT_BYTES)


def _checked_name(name: str) -> str:
    """A name of shared memory without the slash that it may begin with. Raises OptionError."""
    bare = name.removeprefix("/")
    if bare in ("", ".", "..") or "/" in bare or len(os.fsencode(bare)) > _LONGEST_NAME:
        raise OptionError(f"{name!r} is no name of shared memory", "Use letters and digits.")
    return bare


def _map(name: str) -> mmap.mmap:
    """Map the block of a writer for reading. Raises OSError, or ValueError where it is empty.

    `SharedMemory` would, before Python 3.13, note the block as this process's own and remove it at its end;
    what undoes that makes it forget a writer in this process, or in the parent, as well.
    """
    with (_FOLDER / name).open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
