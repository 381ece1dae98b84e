"""A thermal camera for AirSim and its forks that keep AirSim's object ids (Colosseum)."""

from thermalsdk.adapters.airsim.objects import AirSimObject, AirSimObjects
from thermalsdk.adapters.airsim.thermal_camera import ThermalCamera, ThermalImage

__all__ = ["AirSimObject", "AirSimObjects", "ThermalCamera", "ThermalImage"]
