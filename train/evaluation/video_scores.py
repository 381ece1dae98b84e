"""Steadiness along a video: flicker where nothing moves, E_warp, and tOF.

All take neighbouring frames. Optical flow runs on 8-bit grey, the thermal values keep their own unit.
"""

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Values = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]
#: Colours that differ by less than this between frames, of 255, stand still.
STILL = 3.0
#: Pixels that flow forth and back by more than this were hidden in one of the frames.
HIDDEN_PIXELS = 1.0
#: Farneback's pyramid scale, levels, window, iterations, neighbourhood, its sigma and flags, as in TecoGAN.
_FARNEBACK = (0.5, 3, 15, 3, 5, 1.2, 0)
_WINDOW = (0.5, 99.5)


def standing_still(before: Bytes, now: Bytes) -> Mask:
    """Bool HxW: where smoothed colours (HxWx3) hardly differ."""
    difference = np.abs(cv2.GaussianBlur(now, (0, 0), 2).astype(int) - cv2.GaussianBlur(before, (0, 0), 2))
    return difference.max(2) < STILL


def flow_back(before: Bytes, now: Bytes) -> tuple[npt.NDArray[np.float32], Mask]:
    """Where each pixel of `now` (HxWx3) was: float32 HxWx2 (x, y), and bool HxW where it was seen."""
    greys = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (before, now)]
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    back = dis.calc(greys[1], greys[0], None)
    forth = dis.calc(greys[0], greys[1], None)
    height, width = greys[0].shape
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)
    source = grid + back
    returned = back + cv2.remap(forth, source, None, cv2.INTER_LINEAR)
    inside = ((source >= 0) & (source <= (width - 1, height - 1))).all(2)
    return source, inside & (np.linalg.norm(returned, axis=2) < HIDDEN_PIXELS)


def flicker(before: Values, now: Values, still: Mask) -> float | None:
    """Mean absolute difference of two thermal frames (HxW) where colours stand still; None where none do."""
    return float(np.abs(now - before)[still].mean()) if still.any() else None


def warp_error(before: Values, now: Values, source: npt.NDArray[np.float32], seen: Mask) -> float | None:
    """E_warp of one step (Lai et al. 2018, arXiv 1808.00449): mean squared difference to the moved frame.

    source, seen: of `flow_back` on the colour video. Over what is seen in both frames; None if nothing is.
    """
    moved = cv2.remap(before, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return float(np.square(now - moved)[seen].mean()) if seen.any() else None


def flow_error(truth: tuple[Bytes, Bytes], estimate: tuple[Bytes, Bytes]) -> float:
    """Mean length of the difference of flows, in pixels: tOF of TecoGAN (Chu et al. 2020, arXiv 1811.09393).

    truth, estimate: two neighbouring frames each, grey uint8 HxW.
    """
    flows = [cv2.calcOpticalFlowFarneback(*pair, None, *_FARNEBACK) for pair in (truth, estimate)]
    return float(np.linalg.norm(flows[0] - flows[1], axis=2).mean())


def grey_bytes(frames: Values) -> Bytes:
    """A clip (TxHxW) as 8-bit grey over its own range, one range for all its frames."""
    low, high = np.percentile(frames, _WINDOW)
    return np.rint(np.clip((frames - low) / max(high - low, 1e-6), 0, 1) * 255).astype(np.uint8)
