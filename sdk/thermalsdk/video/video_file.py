"""One video stream of a file or network address, decoded with PyAV and checked to be whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from thermalsdk.errors import VideoError
from thermalsdk.video.guard import Guard
from thermalsdk.video.packages import import_av
from thermalsdk.video.source import MAY_NOT_READ

_RECOPY = "Copy or record it again; `ffprobe -count_frames FILE` shows what is readable."
_CONNECTION = "Check the camera or server that sends it, and the network."
#: How long a network address may be silent, while it is opened and between its packets.
_PATIENCE_S = 10.0
_DEFAULT_RATE = 25.0
#: Containers without a frame count: how much shorter than declared the last frame may end.
_DURATION_TOLERANCE_S = 0.25


class VideoFile:
    """Iterates over pairs of an av.VideoFrame and its time in seconds since the first.

    A network address that sends nothing for ten seconds is given up, also where its connection stays open.

    A file cut short is refused: at once where the container's index points beyond the end of the file,
    otherwise when a packet is damaged or the stream ends before its declared end: by a frame where the
    container counts them or all last equally long, else by more than a quarter of a second or two frames.

    Attributes:
        live: whether it is a network stream without an end. What a web server holds has one.
        rate: frames per second.
        count: how many frames the container declares, or None.
        tags: metadata of the container, its keys in capital letters; U+FFFD for what is no UTF-8.
    """

    def __init__(self, address: str | Path, *, constant_rate: bool = False) -> None:
        """Open a file, or a network address such as rtsp://camera/1.

        constant_rate: whether all frames are known to last equally long: not even the last may be missing.

        Raises VideoError.
        """
        self._address = str(address)
        self._constant_rate = constant_rate
        self._av = import_av()
        local = "://" not in self._address
        if local:
            _check_is_file(Path(address))
        timeout = None if local else (_PATIENCE_S, _PATIENCE_S)
        try:
            self._container = self._av.open(self._address, metadata_errors="replace", timeout=timeout)
        except self._av.error.ExitError as error:
            raise self._silent("while it is opened") from error
        except (self._av.FFmpegError, OSError) as error:
            raise VideoError(
                f"{address} cannot be opened as a video: {error}", _RECOPY if local else _CONNECTION
            ) from error
        self._guard = Guard(self._container.close)
        if not self._container.streams.video:
            self.close()
            raise VideoError(f"{address} holds no video stream", "Name a video, a picture or a folder.")
        self._stream = self._container.streams.video[0]
        self.rate = float(self._stream.average_rate or _DEFAULT_RATE)
        self.count: int | None = self._stream.frames or None
        self.tags = {key.upper(): value for key, value in self._container.metadata.items()}
        self.live = not local and not self._ends()
        if local:
            self._check_index(Path(address).stat().st_size)

    def __iter__(self) -> Iterator[tuple[Any, float]]:
        index = 0
        end_s = 0.0
        first_s: float | None = None  # transport streams begin anywhere
        discarded = 0
        try:
            for packet, frames in iter(partial(self._read, self._container.demux(self._stream)), None):
                if packet.is_corrupt:
                    raise VideoError(f"{self._address} is damaged after frame {index}", _RECOPY)
                discarded += packet.is_discard
                for frame in frames:
                    time_s = index / self.rate if frame.time is None else float(frame.time)
                    first_s = time_s if first_s is None else first_s
                    yield frame, time_s - first_s
                    index += 1
                    end_s = time_s + 1 / self.rate
        except self._av.error.ExitError as error:
            raise self._silent(f"after frame {index}") from error
        except self._av.FFmpegError as error:
            raise VideoError(f"{self._address} is damaged after frame {index}: {error}", _RECOPY) from error
        with self._guard.reading() as is_open:
            if is_open:
                self._check_end(index, discarded, end_s)

    def _read(self, packets: Iterator[Any]) -> tuple[Any, list[Any]] | None:
        """The next packet with its frames; None at the end, and where the file is closed."""
        with self._guard.reading() as is_open:
            packet = next(packets, None) if is_open else None
            if packet is None:
                return None
            return packet, [] if packet.is_corrupt else packet.decode()

    def close(self) -> None:
        """Close the file, from any thread: at once, or after the read that is going on.

        A second call does nothing.
        """
        self._guard.close()

    def _silent(self, when: str) -> VideoError:
        return VideoError(f"{self._address} sends nothing for {_PATIENCE_S:g} s {when}", _CONNECTION)

    def _ends(self) -> bool:
        web = self._address.lower().startswith(("http://", "https://"))
        return web and self._container.duration is not None

    def _check_index(self, size: int) -> None:
        entries: Any = getattr(self._stream, "index_entries", ())
        if len(entries) and entries[-1].pos + entries[-1].size > size:
            self.close()
            raise VideoError(f"{self._address} is cut short: its index reaches beyond its end", _RECOPY)

    def _check_end(self, decoded: int, discarded: int, end_s: float) -> None:
        if decoded == 0:
            raise VideoError(f"{self._address} holds no frames", _RECOPY)
        if self.live:
            return
        declared_s = self._declared_seconds()
        too_early = declared_s is not None and end_s < declared_s - self._tolerance_s()
        # AVI counts frames that were dropped while it was recorded: it is whole if it lasts to its end.
        lasts = declared_s is not None and not too_early and self._container.format.name == "avi"
        if self.count is not None and decoded + discarded < self.count and not lasts:
            raise VideoError(
                f"{self._address} is cut short: {decoded} of {self.count} frames can be read", _RECOPY
            )
        if self.count is None and too_early:
            raise VideoError(
                f"{self._address} is cut short: {end_s:.2f} of {declared_s:.2f} seconds can be read", _RECOPY
            )

    def _tolerance_s(self) -> float:
        return 0.5 / self.rate if self._constant_rate else max(2 / self.rate, _DURATION_TOLERANCE_S)

    def _declared_seconds(self) -> float | None:
        """Duration of the video stream; the container's own only where no other stream could be longer."""
        tag = self._stream.metadata.get("DURATION")
        if tag:
            hours, minutes, seconds = tag.split(":")
            return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
        if self._stream.duration is not None:
            return float(self._stream.duration * self._stream.time_base)
        if self._container.duration is not None and len(self._container.streams) == 1:
            return float(self._container.duration) / float(self._av.time_base)
        return None


def _check_is_file(path: Path) -> None:
    if not path.exists():
        raise VideoError(f"there is no file {path}", "Check the path.")
    if not path.is_file():
        raise VideoError(
            f"{path} is a pipe or device, of which nobody can tell where it ends",
            "Write it into a file first, or send it from an address such as rtsp://HOST/NAME.",
        )
    if not os.access(path, os.R_OK):
        raise VideoError(f"{path} cannot be read", MAY_NOT_READ)
