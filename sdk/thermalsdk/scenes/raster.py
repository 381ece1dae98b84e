"""Painter's canvas: anti-aliased colour and radiance, crisp labels and instances.

`light` holds linear red, green, blue and the 8..14 um radiance of every pixel. Shapes are blended over it
with their pixel coverage; a pixel takes the label of a shape that covers at least half of it.
Coordinates are pixels, (0, 0) the outer corner of the first pixel, so pixel centres lie at halves.
"""

import numpy as np
import numpy.typing as npt

from thermalsdk.scenes import noise

Array = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]


class Canvas:
    """Buffers of one frame and the drawing verbs. `begin` names the object that the next shapes belong to."""

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.light = np.zeros((height, width, 4), np.float32)
        self.labels = np.zeros((height, width), np.uint8)
        self.instances = np.zeros((height, width), np.uint16)
        #: fraction of the direct sun on the ground, lowered by every shadow drawn
        self.sunlit = np.zeros((height, width), np.float32)
        self.xs = np.arange(width, dtype=np.float32) + np.float32(0.5)
        self.ys = np.arange(height, dtype=np.float32) + np.float32(0.5)
        self._label, self._instance = 0, 0
        self._drawn = [width, height, 0, 0]

    def begin(self, label: int, instance: int) -> None:
        """Shapes drawn from here on carry this class id and this instance id."""
        self._label, self._instance = label, instance
        self._drawn = [self.width, self.height, 0, 0]

    @property
    def instance(self) -> int:
        """Instance id of the current object."""
        return self._instance

    @property
    def label(self) -> int:
        """Class id of the current object."""
        return self._label

    def box(self, x0: float, y0: float, x1: float, y1: float) -> tuple[slice, slice] | None:
        """Pixels touched by a rectangle, or None when it lies outside the frame."""
        left, top = max(0, int(np.floor(x0 - 0.5))), max(0, int(np.floor(y0 - 0.5)))
        right, bottom = min(self.width, int(np.ceil(x1 + 0.5))), min(self.height, int(np.ceil(y1 + 0.5)))
        if left >= right or top >= bottom:
            return None
        return slice(top, bottom), slice(left, right)

    def blend(self, box: tuple[slice, slice], coverage: Array, source: Array) -> None:
        """Put `source` ([4] or [h, w, 4]) over the box with float32 [h, w] coverage."""
        region = self.light[box]
        region += coverage[..., None] * (source - region)
        mask = coverage >= 0.5
        self.labels[box][mask] = self._label
        self.instances[box][mask] = self._instance
        drawn = self._drawn
        drawn[0], drawn[1] = min(drawn[0], box[1].start), min(drawn[1], box[0].start)
        drawn[2], drawn[3] = max(drawn[2], box[1].stop), max(drawn[3], box[0].stop)

    def polygon(self, points: Points, source: Array, grow: float = 0.0) -> None:
        """Convex polygon [n, 2] of either winding, its edges moved outwards by `grow` pixels."""
        found = self._polygon_coverage(points, grow)
        if found is not None:
            self.blend(*found, source)

    def _polygon_coverage(self, points: Points, grow: float) -> tuple[tuple[slice, slice], Array] | None:
        low, high = points.min(axis=0) - grow, points.max(axis=0) + grow
        box = self.box(low[0], low[1], high[0], high[1])
        if box is None:
            return None
        step = np.roll(points, -1, axis=0) - points
        area = float(np.sum(points[:, 0] * step[:, 1] - points[:, 1] * step[:, 0]))
        length = np.hypot(step[:, 0], step[:, 1])
        keep = length > 1e-6
        if abs(area) < 1e-3 or keep.sum() < 3:
            return None
        scale = np.sign(area) / length[keep]
        nx, ny = -step[keep, 1] * scale, step[keep, 0] * scale
        offset = grow + 0.5 - nx * points[keep, 0] - ny * points[keep, 1]
        across = (nx[:, None] * self.xs[box[1]]).astype(np.float32)
        down = (ny[:, None] * self.ys[box[0]] + offset[:, None]).astype(np.float32)
        distance = across[0] + down[0][:, None]
        for i in range(1, len(nx)):
            np.minimum(distance, across[i] + down[i][:, None], out=distance)
        # A sliver thinner than a pixel covers at most its own thickness.
        return box, np.clip(distance, 0.0, 1.0, out=distance)

    def ellipse(self, centre: Points, first: Points, second: Points, source: Array) -> None:
        """Ellipse around `centre` with the conjugate half axes `first` and `second` (pixels)."""
        found = self._ellipse_field(centre, first, second, 1.0)
        if found is None:
            return
        box, squared, size = found
        root = np.sqrt(squared)
        self.blend(box, np.clip((1.0 - root) * np.float32(size) + 0.5, 0.0, 1.0), source)

    def _ellipse_field(
        self, centre: Points, first: Points, second: Points, reach: float
    ) -> tuple[tuple[slice, slice], Array, float] | None:
        half = np.hypot(first, second) * reach
        box = self.box(centre[0] - half[0], centre[1] - half[1], centre[0] + half[0], centre[1] + half[1])
        determinant = float(first[0] * second[1] - first[1] * second[0])
        if box is None or abs(determinant) < 1e-4:
            return None
        dx = self.xs[box[1]] - np.float32(centre[0])
        dy = (self.ys[box[0]] - np.float32(centre[1]))[:, None]
        inverse = 1.0 / determinant
        a = np.float32(second[1] * inverse) * dx - np.float32(second[0] * inverse) * dy
        b = np.float32(first[0] * inverse) * dy - np.float32(first[1] * inverse) * dx
        return box, a * a + b * b, float(np.sqrt(abs(determinant)))

    def capsule(
        self, start: Points, end: Points, radius: float, source: Array, end_radius: float | None = None
    ) -> None:
        """Line from `start` to `end` with round ends, tapering from `radius` to `end_radius` (pixels)."""
        last = radius if end_radius is None else end_radius
        widest = max(radius, last)
        low, high = np.minimum(start, end) - widest, np.maximum(start, end) + widest
        box = self.box(low[0], low[1], high[0], high[1])
        if box is None:
            return
        step = end - start
        squared = max(float(step @ step), 1e-9)
        dx = self.xs[box[1]] - np.float32(start[0])
        dy = (self.ys[box[0]] - np.float32(start[1]))[:, None]
        along = np.float32(step[0] / squared) * dx + np.float32(step[1] / squared) * dy
        np.clip(along, 0.0, 1.0, out=along)
        ex, ey = dx - along * np.float32(step[0]), dy - along * np.float32(step[1])
        distance = radius + (last - radius) * along - np.sqrt(ex * ex + ey * ey)
        # Thinner than a pixel: keep the line's weight instead of its width.
        strength = np.float32(min(1.0, 2.0 * widest))
        self.blend(box, np.clip(distance + 0.5, 0.0, 1.0).astype(np.float32) * strength, source)

    def glow(
        self, centre: Points, first: Points, second: Points, add: Array, instance: int | None = None
    ) -> None:
        """Add `add` ([4]) with a Gaussian fall-off of the given half axes, everywhere or in one instance."""
        found = self._ellipse_field(centre, first, second, 2.2)
        if found is None:
            return
        box, squared, _ = found
        weight = np.exp(-squared)
        if instance is not None:
            weight *= self.instances[box] == instance
        self.light[box] += weight[..., None] * add

    def shade_ground(self, points: Points, sun_share: Array, radiance_drop: float, grow: float = 0.0) -> None:
        """Cast a shadow polygon on sunlit ground: takes the sun's share of the colour and some radiance."""
        found = self._polygon_coverage(points, grow)
        if found is None:
            return
        box, coverage = found
        lost = coverage * self.sunlit[box]
        region = self.light[box]
        region[..., :3] *= 1.0 - lost[..., None] * sun_share
        region[..., 3] -= lost * np.float32(radiance_drop)
        self.sunlit[box] -= lost

    def darken_ground(self, points: Points, share: float, radiance: float, soft: float) -> None:
        """Ambient shadow and warmth below something: darkens by `share`, adds `radiance`, with a soft rim."""
        low, high = points.min(axis=0), points.max(axis=0)
        centre, half = (low + high) / 2, (high - low) / 2 + soft
        found = self._ellipse_field(centre, np.array([half[0], 0.0]), np.array([0.0, half[1]]), 1.25)
        if found is None:
            return
        box, squared, _ = found
        weight = np.clip(1.5 - squared, 0.0, 1.0)
        region = self.light[box]
        region[..., :3] *= 1.0 - np.float32(share) * weight[..., None]
        region[..., 3] += np.float32(radiance) * weight

    def texture(
        self, anchor: Points, texels_per_pixel: float, colour: float, radiance: float, kind: int
    ) -> None:
        """Mottle the current object: noise fixed to `anchor`, relative for colour, absolute for radiance."""
        x0, y0, x1, y1 = self._drawn
        if x0 >= x1 or y0 >= y1:
            return
        box = slice(y0, y1), slice(x0, x1)
        rows = (self.ys[box[0]] - anchor[1]) * texels_per_pixel
        columns = (self.xs[box[1]] - anchor[0]) * texels_per_pixel
        pattern = noise.grid(kind, rows, columns) * (self.instances[box] == self._instance)
        region = self.light[box]
        region[..., :3] *= np.maximum(1.0 + np.float32(colour) * pattern, 0.2)[..., None]
        region[..., 3] += np.float32(radiance) * pattern
