"""Class maps and instance maps as one-channel pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from thermalsdk.errors import VideoError

#: Of the PNG files: the rest of zlib's scale takes longer and saves little on ids.
_COMPRESSION = 1


def read_ids(path: Path, kind: str = "class map") -> npt.NDArray[Any]:
    """Ids of a one-channel picture, HxW of its own type. Raises VideoError, which calls it `kind`."""
    try:
        with Image.open(path) as picture:
            return np.array(picture)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise VideoError(
            f"the {kind} {path} cannot be read: {error}",
            "Every frame needs one; write them as PNG, since JPEG changes ids.",
        ) from error


def save_ids(path: Path, ids: npt.NDArray[np.uint8]) -> None:
    """Write ids HxW as a PNG that `read_ids` reads again. Raises OSError."""
    Image.fromarray(ids).save(path, compress_level=_COMPRESSION)
