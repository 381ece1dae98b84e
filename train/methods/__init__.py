"""The methods that the paper compares, ours, and the control: one constructor per name."""

from collections.abc import Callable

from train.methods.inputs import FrameInputs
from train.methods.layered import EdgeMethod, PaperMethod, ReducedMethod, SegmentationMethod
from train.methods.method import Method
from train.methods.patch import Pix2Pix, ThermalGan

#: From frame side and channel cap of the paper's networks to the method.
METHODS: dict[str, Callable[[int, int], Method]] = {
    "pix2pix": lambda size, cap: Pix2Pix(size, told=False),
    "pix2pix-told": lambda size, cap: Pix2Pix(size, told=True),
    "thermalgan": lambda size, cap: ThermalGan(size),
    "segmentation": SegmentationMethod,
    "reduced": ReducedMethod,
    "paper": PaperMethod,
    "edge": EdgeMethod,
}

__all__ = ["METHODS", "FrameInputs", "Method"]
