"""Scenes that cameras are measured with."""

import numpy as np

from thermalsdk.camera import Camera, CameraConfig
from thermalsdk.camera.config import Blur

COLD, HOT = 298.15, 302.15


def two_blackbodies(height=96, width=128):
    """The left half at 25 °C, the right one at 29 °C: float32 HxW, kelvin."""
    kelvin = np.full((height, width), COLD, np.float32)
    kelvin[:, width // 2 :] = HOT
    return kelvin


def flat(kelvin=300.0, height=96, width=128):
    return np.full((height, width), kelvin, np.float32)


def slanted_edge(angle=5.0, height=96, width=128, fine=16):
    """Share of a pixel on the hot side of an edge, float64 HxW: the mean of fine x fine points."""
    rows = (np.arange(height * fine) + 0.5) / fine - height / 2
    columns = (np.arange(width * fine) + 0.5) / fine - width / 2
    hot = columns[None] * np.cos(np.radians(angle)) + rows[:, None] * np.sin(np.radians(angle)) > 0
    return hot.reshape(height, fine, width, fine).mean((1, 3))


def blurred_only(mtf_at_nyquist):
    return CameraConfig("blur", blur=Blur(mtf_at_nyquist))


def captures(camera: Camera, kelvin, count, period=None):
    """Pictures of a still scene of black bodies."""
    radiance = camera.config.band.radiance(kelvin)
    return [camera.capture(radiance, None if period is None else i * period) for i in range(count)]
