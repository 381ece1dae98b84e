"""What the viewer's controls say, and what the synthesizer and the camera make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from thermalsdk.camera import Camera, camera_names
from thermalsdk.camera.config import GAIN_MODES, Gain, Noise
from thermalsdk.camera.files import read_preset
from thermalsdk.display import palette_names
from thermalsdk.errors import OptionError
from thermalsdk.temperatures import Temperatures

NO_CAMERA = "none"
#: Gain modes that need no range of their own.
GAINS = tuple(mode for mode in GAIN_MODES if mode != "fixed")


@dataclass(frozen=True)
class Settings:
    """State of every control.

    Args:
        automatic: whether the bundle predicts the temperatures; else they are set.
        ambient: kelvin of whatever has no temperature of its own.
        classes: kelvin by class name.
        palette: of the display.
        camera: name of a camera that ships, or "none" for a perfect radiometer.
        gain: of that camera.
        netd_mk: its temporal noise in mK; 0 switches it off.
        paused: whether the same frame is shown again.

    Raises OptionError for a value that the control cannot have; temperatures are checked where they are used.
    """

    automatic: bool = True
    ambient: float = 283.15
    classes: Mapping[str, float] = field(default_factory=dict)
    palette: str = "white-hot"
    camera: str = NO_CAMERA
    gain: str = "plateau"
    netd_mk: float = 50.0
    paused: bool = False

    def __post_init__(self) -> None:
        _check_choice("palette", self.palette, palette_names())
        _check_choice("camera", self.camera, (NO_CAMERA, *camera_names()))
        _check_choice("gain", self.gain, GAINS)
        numbers = {"ambient": self.ambient, "netd_mk": self.netd_mk, **self.classes}
        for name, value in numbers.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise OptionError(f"{name} is {value!r}", "Give a number.")
        if not 0 <= self.netd_mk <= 1000:
            raise OptionError(f"netd_mk is {self.netd_mk:g}", "Give 0 to 1000 mK.")

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """A copy with some values changed; `classes` adds to those that are set. Raises OptionError."""
        known = {control.name for control in fields(self)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise OptionError(f"there is no control {unknown[0]!r}", f"Controls: {', '.join(sorted(known))}.")
        changes = dict(values)
        if "classes" in changes:
            if not isinstance(changes["classes"], Mapping):
                raise OptionError("classes is no mapping", "Give kelvin by class name.")
            changes["classes"] = {**self.classes, **changes["classes"]}
        return replace(self, **changes)

    def temperatures(self) -> Temperatures | None:
        """What is set, or None where the bundle predicts. Raises TemperatureError."""
        return None if self.automatic else Temperatures(self.ambient, self.classes)

    def open_camera(self) -> Camera | None:
        """The camera with its gain and noise, or None. Raises CameraError."""
        if self.camera == NO_CAMERA:
            return None
        config = read_preset(self.camera)
        gain = replace(config.gain or Gain(self.gain), mode=self.gain)
        noise = None
        if self.netd_mk > 0:
            noise = replace(config.noise or Noise(self.netd_mk), netd_mk=self.netd_mk)
        return Camera(replace(config, gain=gain, noise=noise))

    def optics(self) -> tuple[str, str, float]:
        """What a camera is made of: another one is needed when this changes."""
        return self.camera, self.gain, self.netd_mk

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise OptionError(f"{name} is {value!r}", f"Choose one of {', '.join(choices)}.")
