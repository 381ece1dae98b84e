"""Small synthetic data sets, and the real ones where a machine has them."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from train.data import Box, DatasetWriter, FrameSpec, ThermalSpec
from train.prepare import prepare

CLASSES = ("background", "road", "car", "person")
SIZE = (64, 80)


def draw_frame(rng):
    """A colour frame, its labels (road, car, person), instances, and kelvin that follow the classes."""
    labels = np.zeros(SIZE, np.uint8)
    labels[40:] = 1
    labels[30:48, 8:30] = 2
    labels[16:52, 50:60] = 3
    labels[:3, :3] = 255
    instances = np.where(labels == 2, 1, np.where(labels == 3, 2, 0)).astype(np.uint16)
    kelvin = np.array([280.0, 282.0, 288.0, 296.0, *[281.0] * 252])[labels] + rng.normal(0, 0.5, SIZE)
    return rng.integers(0, 256, (*SIZE, 3), np.uint8), labels, instances, kelvin


def write_dataset(root, thermal, maps, label_source, night_from):
    """Two train and two val frames with every optional part."""
    rng = np.random.default_rng(3)
    writer = DatasetWriter(
        root, name="small", classes=CLASSES, thermal=thermal, source="tests", licence="none", maps=maps
    )
    with writer:
        for index, split in enumerate(("train", "train", "val", "val")):
            rgb, labels, instances, kelvin = draw_frame(rng)
            counts = np.rint((kelvin - thermal.offset_kelvin) / thermal.kelvin_per_count)
            writer.add(
                split,
                f"frame{index}",
                rgb,
                thermal=counts.astype(np.uint8 if thermal.encoding == "counts8" else np.uint16),
                labels=labels if label_source else None,
                source_map=labels if maps else None,
                instances=instances,
                boxes=[Box("car", 8, 30, 30, 48), Box("person", 50, 16, 60, 52)],
                temperatures={1: 288.0, 2: 296.0},
                frame=FrameSpec(index % 2 >= night_from, f"clip{index}", label_source),
            )


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """Roots of the data sets written so far, by what they hold."""
    folder, roots = tmp_path_factory.mktemp("written"), {}

    def root_of(*parts):
        if parts not in roots:
            roots[parts] = folder / str(len(roots))
            write_dataset(roots[parts], *parts)
        return roots[parts]

    return root_of


@pytest.fixture
def make_dataset(tmp_path, written):
    """Make a small data set that the test may spoil, and return its root."""

    def make(thermal=None, maps="cityscapes-train", label_source="pseudo", night_from=1):
        root = tmp_path / "small"
        return shutil.copytree(written(thermal or ThermalSpec(), maps, label_source, night_from), root)

    return make


@pytest.fixture(scope="session")
def real_data():
    """Folder of the real data sets; the test is skipped where they are absent."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    root = Path(os.environ.get("THERMALSDK_DATA", beside))
    if not (root / "msrs" / "splits.json").exists():
        pytest.skip(f"no real data in {root}: set THERMALSDK_DATA to the folder that holds msrs/")
    return root


@pytest.fixture(scope="session")
def real_validation(real_data, tmp_path_factory):
    """Prepare the validation split of a real set, once."""
    folder, prepared = tmp_path_factory.mktemp("real"), {}

    def prepare_validation(name):
        if name not in prepared:
            src = folder / f"{name}-src"
            src.mkdir()
            for part in (real_data / name).iterdir():
                (src / part.name).symlink_to(part)
            splits = json.loads((src / "splits.json").read_text())
            (src / "splits.json").unlink()
            (src / "splits.json").write_text(json.dumps({"val": splits["val"]}))
            prepared[name] = prepare(name, src, folder / name)
        return prepared[name]

    return prepare_validation
