"""What makes the contrasts of a frame out of its colours: region by region, or all at once."""

from thermalsdk.generators.base import Generator
from thermalsdk.generators.by_region import ByRegion
from thermalsdk.generators.choose import choose_generator

__all__ = ["ByRegion", "Generator", "choose_generator"]
