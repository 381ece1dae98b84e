"""A bundle whose networks know smaller frames: it sees those of tests reduced."""

import shutil
from dataclasses import replace
from pathlib import Path

from thermalsdk.bundle import Bundle, write_manifest


def copy_that_knows(bundle: str | Path, side: int, out: Path, **fields: object) -> Path:
    """Copy a bundle to `out`, with networks that are said to know frames of that shorter side.

    `fields` of the manifest are changed too.
    """
    opened = Bundle.open(bundle)
    shutil.copytree(opened.path, out)
    write_manifest(out, replace(opened.manifest, known_side_pixels=side, **fields))
    return out
