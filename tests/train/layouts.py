"""Procedural scenes in the folder layouts of ThermalWorld VOC and of ThermalGAN."""

import numpy as np
from PIL import Image

from thermalsdk.labels import STREET_CLASSES
from thermalsdk.scenes import StreetScene

SIZE = (96, 128)
#: Ids of ThermalWorld for the street classes that it has.
VOC_IDS = {"person": 1, "car": 2, "truck": 3, "minibus": 4, "bus": 5, "building": 6}


def scene(seed):
    return StreetScene(seed, *SIZE).render(1.0)


def voc_classes(labels):
    """Street class ids as ThermalWorld's, everything that it lacks as 0."""
    table = np.array([VOC_IDS.get(name, 0) for name in STREET_CLASSES], np.uint8)
    return table[labels]


def voc_objects(instances):
    """Instance ids, renumbered from 1 on so that a byte holds them; 0 stays none."""
    ids, numbers = np.unique(np.append(instances.ravel(), 0), return_inverse=True)
    assert len(ids) < 255
    return numbers[:-1].reshape(instances.shape).astype(np.uint8)


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def write_thermalworld(root, seeds, lists=True):
    """One frame a seed; with `lists` the last one is validation. Returns the scenes by stem."""
    scenes = {f"{seed:04d}": scene(seed) for seed in seeds}
    for stem, frame in scenes.items():
        save(root / "ColorImages" / f"{stem}.png", frame.rgb)
        palette = Image.fromarray(voc_classes(frame.labels), mode="P")
        palette.putpalette(list(range(256)) * 3)
        (root / "SegmentationClass").mkdir(exist_ok=True)
        palette.save(root / "SegmentationClass" / f"{stem}.png")
        save(root / "SegmentationObject" / f"{stem}.png", voc_objects(frame.instances))
        (root / "ThermalImages").mkdir(exist_ok=True)
        np.save(root / "ThermalImages" / f"{stem}.npy", (frame.kelvin - 273.15).astype(np.float32))
    if lists:
        folder = root / "ImageSets" / "Segmentation"
        folder.mkdir(parents=True)
        stems = list(scenes)
        (folder / "train.txt").write_text("\n".join(stems[:-1]) + "\n")
        (folder / "val.txt").write_text(stems[-1] + "\n")
    return scenes


def painted_means(frame):
    """Mean kelvin of each pair of class and instance, painted over it."""
    keys = frame.labels.astype(np.int64) * 65536 + frame.instances
    _, objects = np.unique(keys, return_inverse=True)
    objects = objects.ravel()
    means = np.bincount(objects, frame.kelvin.ravel()) / np.bincount(objects)
    return means[objects].reshape(frame.labels.shape)


def write_thermalgan(root, seeds):
    """One training frame a seed and the first of them again as a test frame. Returns the scenes by stem."""
    scenes = {f"{seed:04d}": scene(seed) for seed in seeds}
    for phase, stems in (("train", list(scenes)), ("test", list(scenes)[:1])):
        for folder in ("TV", "IR_32", "LABEL_TEMP"):
            (root / phase / folder).mkdir(parents=True)
        for stem in stems:
            name = stem if phase == "train" else f"{stem}_test"
            frame = scenes[stem]
            save(root / phase / "TV" / f"{name}.png", frame.rgb)
            celsius = (frame.kelvin - 273.15).astype(np.float32)
            np.save(root / phase / "IR_32" / f"{name}.npy", celsius)
            means = (painted_means(frame) - 273.15).astype(np.float32)
            np.save(root / phase / "LABEL_TEMP" / f"{name}.npy", means[..., None])
    return scenes
