"""Cells of a qualitative figure: a titled picture of fixed width, and thermal values as grey."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

WIDTH = 320
_TITLE_ROWS = 16
_WINDOW = (0.5, 99.5)


def grey(
    values: npt.NDArray[np.floating], reference: npt.NDArray[np.floating] | None = None
) -> npt.NDArray[np.uint8]:
    """Values HxW over the range of `reference`, or over their own."""
    low, high = np.percentile(values if reference is None else reference, _WINDOW)
    return np.rint(np.clip((values - low) / max(high - low, 1e-6), 0, 1) * 255).astype(np.uint8)


def cell(title: str, picture: npt.NDArray[np.uint8], width: int = WIDTH) -> npt.NDArray[np.uint8]:
    """A grey or colour picture under its title, uint8 [?,width,3]; small ones keep their pixels."""
    image = Image.fromarray(picture).convert("RGB")
    height = round(width * image.height / image.width)
    resample = Image.Resampling.BOX if width < image.width else Image.Resampling.NEAREST
    canvas = Image.new("RGB", (width, height + _TITLE_ROWS))
    canvas.paste(image.resize((width, height), resample), (0, _TITLE_ROWS))
    ImageDraw.Draw(canvas).text((4, 2), title, fill="white")
    return np.array(canvas)
