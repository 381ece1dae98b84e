"""Shared pieces: the tiny bundle, a loaded synthesizer, a street-like frame, short videos."""

import signal
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.sdk.tiny_bundle import write_tiny_bundle
from thermalsdk import Synthesizer
from thermalsdk.cli.main import main


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory):
    return write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="session")
def synth(tiny_bundle):
    with Synthesizer.load(tiny_bundle, device="cpu", threads=1, warmup=False) as synthesizer:
        yield synthesizer


@pytest.fixture
def rgb():
    return np.random.default_rng(1).integers(0, 256, (96, 128, 3), np.uint8)


@pytest.fixture
def labels():
    """Sky over road, with a building, two cars and a person: ids of the street classes."""
    ids = np.full((96, 128), 2, np.uint8)
    ids[:40] = 1
    ids[10:60, :30] = 3
    ids[50:70, 40:70] = 8
    ids[50:70, 90:115] = 8
    ids[45:75, 76:84] = 9
    return ids


def moving_picture(index: int, height: int = 96, width: int = 128) -> np.ndarray:
    picture = np.full((height, width, 3), (5 * index) % 200, np.uint8)
    picture[20:60, index : index + 30] = np.random.default_rng(index).integers(0, 256, 3)
    return picture


def write_video(path: Path, frames: int = 12, codec: str = "libx264", **options: str) -> Path:
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=15)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(moving_picture(index), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def truncated(path: Path, share: float = 0.6) -> Path:
    content = path.read_bytes()
    short = path.with_name(f"short_{path.name}")
    short.write_bytes(content[: int(len(content) * share)])
    return short


@pytest.fixture(scope="session")
def video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("videos") / "road.mp4")


@pytest.fixture
def folder(tmp_path):
    """Three pictures whose natural order is not the order of their names as text."""
    directory = tmp_path / "frames"
    directory.mkdir()
    for place, number in enumerate((1, 2, 10)):
        Image.fromarray(moving_picture(place)).save(directory / f"frame{number}.png")
    return directory


@pytest.fixture
def heard_interrupts():
    """A shell that runs the tests in the background makes them ignore SIGINT: listen to it again."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def run(tiny_bundle, capsys):
    """Call the command in this process: exit code, stdout, stderr."""

    def call(*arguments, bundle=tiny_bundle):
        options = ["--bundle", str(bundle), "--device", "cpu", "--threads", "1"]
        code = main([*(str(argument) for argument in arguments), *options])
        out, err = capsys.readouterr()
        return code, out, err

    return call
