"""Pinhole camera of the ego vehicle: level, looking along the street."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
NEAR = 0.5


@dataclass(frozen=True)
class Camera:
    """Position in metres (x right, y up, z along the street), focal length and principal point in pixels."""

    x: float
    y: float
    z: float
    focal: float
    cx: float
    horizon: float

    def project(self, points: Points) -> Points:
        """World [n, 3] to pixels [n, 2]. Points must lie beyond the near plane."""
        depth = points[:, 2] - self.z
        scale = self.focal / depth
        return np.stack(
            [self.cx + (points[:, 0] - self.x) * scale, self.horizon - (points[:, 1] - self.y) * scale], 1
        )

    def project_clipped(self, points: Points) -> Points | None:
        """Like `project` for a convex polygon that may reach behind the camera; None when all of it does."""
        inside = points[:, 2] - self.z - NEAR
        if np.all(inside >= 0):
            return self.project(points)
        if np.all(inside < 0):
            return None
        kept = []
        for i in range(len(points)):
            j = (i + 1) % len(points)
            if inside[i] >= 0:
                kept.append(points[i])
            if (inside[i] >= 0) != (inside[j] >= 0):
                share = inside[i] / (inside[i] - inside[j])
                kept.append(points[i] + share * (points[j] - points[i]))
        return self.project(np.array(kept)) if len(kept) >= 3 else None

    def scale(self, z: float) -> float:
        """Pixels per metre at the world coordinate `z`."""
        return self.focal / max(z - self.z, NEAR)
