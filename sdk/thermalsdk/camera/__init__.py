"""A model of a thermal camera core: optics, detector, shutter, digitiser and display."""

from thermalsdk.camera.camera import Camera
from thermalsdk.camera.capture import Capture
from thermalsdk.camera.config import CameraConfig
from thermalsdk.camera.files import camera_names

__all__ = ["Camera", "CameraConfig", "Capture", "camera_names"]
