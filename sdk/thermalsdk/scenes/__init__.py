"""A seeded procedural street: colour, class map, instances and the thermal truth of every frame."""

from thermalsdk.labels import STREET_CLASSES, LabelTable
from thermalsdk.scenes.conditions import Conditions, draw_conditions
from thermalsdk.scenes.scene import SceneFrame, StreetScene

#: Numbering of `SceneFrame.labels`.
SCENE_IDS = LabelTable("scene", "thermalsdk.scenes", dict(enumerate(STREET_CLASSES)), "background")
#: Streets from this seed on are in no training set: what is shown or scored stands there.
HELD_OUT = 1_000_000

__all__ = ["HELD_OUT", "SCENE_IDS", "Conditions", "SceneFrame", "StreetScene", "draw_conditions"]
