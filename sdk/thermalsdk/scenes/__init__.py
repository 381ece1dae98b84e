"""A seeded procedural street: colour, class map, instances and the thermal truth of every frame."""

from thermalsdk.scenes.conditions import Conditions, draw_conditions
from thermalsdk.scenes.scene import SceneFrame, StreetScene

__all__ = ["Conditions", "SceneFrame", "StreetScene", "draw_conditions"]
