"""What the viewer's controls say, and what the synthesizer and the camera make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from thermalsdk.camera import Camera, camera_names
from thermalsdk.camera.config import GAIN_MODES, POLARITIES, Blur, Gain, Noise
from thermalsdk.camera.files import read_preset
from thermalsdk.display import palette_names
from thermalsdk.errors import OptionError
from thermalsdk.temperatures import Temperatures

NO_CAMERA = "none"
#: Contrast at half a cycle per pixel that means no blur.
SHARP = 1.0
_OPTICS = ("camera", "gain", "low_kelvin", "high_kelvin", "polarity", "mtf_at_nyquist", "netd_mk")
_NUMBERS = ("ambient", "low_kelvin", "high_kelvin", "mtf_at_nyquist", "netd_mk")


@dataclass(frozen=True)
class Settings:
    """State of every control.

    Args:
        automatic: whether the bundle predicts the temperatures; else they are set.
        ambient: kelvin of whatever has no temperature of its own.
        classes: kelvin by class name.
        palette: of the display.
        camera: name of a camera that ships, or "none" for a perfect radiometer.
        gain: of that camera, which brings its own figures for this and what follows.
        low_kelvin, high_kelvin: black and white of the gain "fixed".
        polarity: "white_hot" or "black_hot".
        mtf_at_nyquist: contrast that its blur leaves at half a cycle per pixel; 1 switches blur off.
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
    low_kelvin: float = 263.15
    high_kelvin: float = 313.15
    polarity: str = "white_hot"
    mtf_at_nyquist: float = SHARP
    netd_mk: float = 50.0
    paused: bool = False

    def __post_init__(self) -> None:
        _check_choice("palette", self.palette, palette_names())
        _check_choice("camera", self.camera, (NO_CAMERA, *camera_names()))
        _check_choice("gain", self.gain, GAIN_MODES)
        _check_choice("polarity", self.polarity, POLARITIES)
        numbers = {name: getattr(self, name) for name in _NUMBERS}
        for name, value in {**numbers, **self.classes}.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise OptionError(f"{name} is {value!r}", "Give a number.")
        if not 0 <= self.netd_mk <= 1000:
            raise OptionError(f"netd_mk is {self.netd_mk:g}", "Give 0 to 1000 mK.")
        if not 0.01 <= self.mtf_at_nyquist <= SHARP:
            raise OptionError(f"mtf_at_nyquist is {self.mtf_at_nyquist:g}", "Give 0.01 to 1.")
        if not self.low_kelvin + 0.1 <= self.high_kelvin:
            raise OptionError(
                f"low_kelvin {self.low_kelvin:g} is not below high_kelvin {self.high_kelvin:g}",
                "Black is colder than white; the polarity turns them around.",
            )

    def changed(self, values: Mapping[str, Any]) -> Settings:
        """A copy with some values changed. Raises OptionError.

        `classes` adds to those that are set, or takes their place where the bundle predicted until now, and
        another camera brings its own figures.
        """
        known = {control.name for control in fields(self)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise OptionError(f"there is no control {unknown[0]!r}", f"Controls: {', '.join(sorted(known))}.")
        changes = dict(values)
        if "classes" in changes:
            if not isinstance(changes["classes"], Mapping):
                raise OptionError("classes is no mapping", "Give kelvin by class name.")
            takes_over = self.automatic and changes.get("automatic") is False
            changes["classes"] = {**({} if takes_over else self.classes), **changes["classes"]}
        if changes.get("camera", self.camera) != self.camera:
            changes = {**_own_figures(changes["camera"]), **changes}
        return replace(self, **changes)

    def temperatures(self) -> Temperatures | None:
        """What is set, or None where the bundle predicts. Raises TemperatureError."""
        return None if self.automatic else Temperatures(self.ambient, self.classes)

    def open_camera(self) -> Camera | None:
        """The camera with what the controls say about it, or None. Raises CameraError."""
        if self.camera == NO_CAMERA:
            return None
        config = read_preset(self.camera)
        gain = replace(
            config.gain or Gain(self.gain),
            mode=self.gain,
            low_kelvin=self.low_kelvin,
            high_kelvin=self.high_kelvin,
        )
        noise = None
        if self.netd_mk > 0:
            noise = replace(config.noise or Noise(self.netd_mk), netd_mk=self.netd_mk)
        blur = Blur(self.mtf_at_nyquist) if self.mtf_at_nyquist < SHARP else None
        return Camera(replace(config, gain=gain, noise=noise, blur=blur, polarity=self.polarity))

    def optics(self) -> tuple[str | float, ...]:
        """What a camera is made of: another one is needed when this changes."""
        return tuple(getattr(self, name) for name in _OPTICS)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def _own_figures(camera: Any) -> dict[str, Any]:
    """What a camera that ships says of its gain, polarity, blur and noise; nothing of any other name."""
    if camera not in camera_names():
        return {}
    config = read_preset(camera)
    return {
        "gain": config.gain.mode if config.gain else Settings.gain,
        "polarity": config.polarity,
        "mtf_at_nyquist": config.blur.mtf_at_nyquist if config.blur else SHARP,
        "netd_mk": config.noise.netd_mk if config.noise else 0.0,
    }


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise OptionError(f"{name} is {value!r}", f"Choose one of {', '.join(choices)}.")
