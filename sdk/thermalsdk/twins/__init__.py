"""Thermal twins of data sets: every colour picture's thermal image, with its name and annotations."""

from thermalsdk.twins.converter import Converter, Places, Recipe
from thermalsdk.twins.job import TwinJob
from thermalsdk.twins.layouts import FORMATS, Layout, open_layout
from thermalsdk.twins.processes import convert_in_processes
from thermalsdk.twins.ray_data import convert_on_ray

__all__ = [
    "FORMATS",
    "Converter",
    "Layout",
    "Places",
    "Recipe",
    "TwinJob",
    "convert_in_processes",
    "convert_on_ray",
    "open_layout",
]
