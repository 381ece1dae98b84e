"""Measured temperatures from the files that thermal data sets come in, as 16-bit centikelvin."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from thermalsdk.temperatures.limits import CELSIUS_ZERO
from train.data import pictures
from train.data.errors import DatasetError

#: Files that can hold the temperatures of one frame, in the order in which they are looked for.
SUFFIXES = (".npy", ".png", ".tiff", ".tif")
#: Celsius below this, kelvin above: no outdoor scene is hotter than 150 °C or colder than 150 K.
_KELVIN_FROM = 150.0
_COUNTS = np.iinfo(np.uint16)


def find_temperatures(folder: Path, stem: str) -> Path:
    """The file of a frame's temperatures. Raises DatasetError where there is none."""
    for suffix in SUFFIXES:
        if (folder / f"{stem}{suffix}").exists():
            return folder / f"{stem}{suffix}"
    raise DatasetError(
        f"{folder} has no temperatures of {stem}", f"Add {stem}.npy (also read: {', '.join(SUFFIXES[1:])})."
    )


def read_kelvin(path: Path) -> npt.NDArray[np.float64]:
    """Temperatures of a frame, float64 HxW in kelvin.

    .npy holds floating point numbers in °C or in kelvin (told apart at 150); a picture holds uint16, 0.01 K
    per count. Raises DatasetError naming the file for anything else, NaN included.
    """
    if path.suffix == ".npy":
        return _checked(path, _from_numpy(path))
    counts = pictures.read(path)
    if counts.dtype != np.uint16 or counts.ndim != 2:
        raise DatasetError(
            f"{path} is {counts.dtype} of {counts.ndim} axes, no temperatures",
            "Save 16-bit grey, 0.01 K per count, or .npy in degrees.",
        )
    return _checked(path, counts / 100.0)


def centikelvin(kelvin: npt.NDArray[np.floating]) -> npt.NDArray[np.uint16]:
    """Round kelvin HxW to 0.01 K per count, clipped to what 16 bits hold."""
    return np.clip(np.rint(kelvin * 100), 0, _COUNTS.max).astype(np.uint16)


def _from_numpy(path: Path) -> npt.NDArray[np.float64]:
    try:
        values = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} is no NumPy array: {error}", "Write the file again.") from error
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim != 2 or values.dtype.kind != "f":
        raise DatasetError(
            f"{path} holds {values.dtype} of shape {values.shape}", "Save floating point degrees, HxW."
        )
    kelvin = values.astype(np.float64)
    return kelvin if np.median(kelvin) >= _KELVIN_FROM else kelvin + CELSIUS_ZERO


def _checked(path: Path, kelvin: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    if not np.isfinite(kelvin).all():
        raise DatasetError(f"{path} holds NaN or infinity", "Fill the gaps, or leave the frame out.")
    if kelvin.min() < 0 or kelvin.max() * 100 > _COUNTS.max:
        raise DatasetError(
            f"{path} holds {kelvin.min():.0f} to {kelvin.max():.0f} K, beyond 16-bit centikelvin",
            "Save degrees Celsius or kelvin.",
        )
    return kelvin
