"""A thermal camera for CARLA."""

from thermalsdk.adapters.carla.tags import tags_of_library, tags_of_version
from thermalsdk.adapters.carla.thermal_camera import ThermalCamera, ThermalImage, attached

__all__ = ["ThermalCamera", "ThermalImage", "attached", "tags_of_library", "tags_of_version"]
