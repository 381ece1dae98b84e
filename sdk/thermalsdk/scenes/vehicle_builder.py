"""Parts of a vehicle: extruded convex profiles with windows, wheels, lamps and hot spots.

Local frame: x across, y up, z forward, the origin on the ground below the middle, metres. `Builder` turns
everything into the direction of travel, so that a finished vehicle only has to be moved.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from thermalsdk.scenes import light as lighting
from thermalsdk.scenes.light import Light, Material

Array = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]
Corner = tuple[float, float, float]

TYRE = (0.035, 0.035, 0.037)
PANE = (0.05, 0.06, 0.07)
DARK = (0.03, 0.03, 0.032)


@dataclass
class Part:
    """One flat shape with its outward normal. An ellipse has a centre and the ends of two half axes."""

    points: Points
    normal: Points
    source: Array
    ellipse: bool = False
    details: list["Part"] = field(default_factory=list)


@dataclass(frozen=True)
class Spot:
    """A soft patch facing along z: centre, half width and height in metres, colour and radiance to add.

    `facing` is the sign of z that it can be seen from (0: both).
    """

    centre: Points
    half: tuple[float, float]
    add: Array
    facing: int


@dataclass
class Vehicle:
    """A model in its final orientation. `groups` are bodies whose order depends on the view."""

    kind: str
    length: float
    width: float
    height: float
    groups: list[list[Part]]
    hot: list[Spot]
    lamps: list[Spot]
    under_kelvin: float


@dataclass(frozen=True)
class Shape:
    """Convex side profile, (z, y, half width) from the rear bottom over the top to the front bottom.

    `glass` names the segments that are windows, `side_glass` the side windows as (z0, y0, z1, y1).
    """

    outline: tuple[Corner, ...]
    glass: tuple[int, ...] = ()
    side_glass: tuple[tuple[float, float, float, float], ...] = ()


class Builder:
    """Makes parts under one light, in one orientation (`heading` +1 away from the camera, -1 towards it)."""

    def __init__(self, light: Light, heading: int, lamp: float) -> None:
        self.light, self.heading, self.lamp = light, heading, lamp

    def world(self, points: list[Corner]) -> Points:
        """Local points in the direction of travel, [n, 3]."""
        return np.array(points, np.float64) * (self.heading, 1.0, self.heading)

    def face(
        self,
        points: list[Corner],
        albedo: npt.ArrayLike,
        material: Material,
        extra: float = 0.0,
        ellipse: bool = False,
    ) -> Part:
        """Make a flat part, corners counter-clockwise seen from outside. `extra` is heat from within, K."""
        turned = self.world(points)
        normal = np.cross(turned[1] - turned[0], turned[2] - turned[0])
        normal /= max(float(np.linalg.norm(normal)), 1e-9)
        unit = (float(normal[0]), float(normal[1]), float(normal[2]))
        return Part(turned, normal, self.light.source(albedo, material, unit, self.lamp, extra), ellipse)

    def rect(
        self,
        quad: list[Corner],
        box: tuple[float, float, float, float],
        albedo: npt.ArrayLike,
        material: Material,
        extra: float = 0.0,
    ) -> Part:
        """Make a rectangle (u0, v0, u1, v1) in the bilinear coordinates of a quad."""
        a, b, c, d = (np.array(p) for p in quad)
        corners: list[Corner] = []
        for u, v in ((box[0], box[1]), (box[2], box[1]), (box[2], box[3]), (box[0], box[3])):
            spot = (a * (1 - u) + b * u) * (1 - v) + (d * (1 - u) + c * u) * v
            corners.append((float(spot[0]), float(spot[1]), float(spot[2])))
        return self.face(corners, albedo, material, extra)

    def body(
        self, shape: Shape, paint: npt.ArrayLike, material: Material, warm: dict[int, float], cabin: float
    ) -> list[Part]:
        """Make the faces of an extruded profile, far ones first. `warm`: kelvin per segment, -1 for sides."""
        parts = []
        for i in range(len(shape.outline) - 1):
            quad = end_quad(shape, i)
            part = self.face(quad, paint, material, warm.get(i, 0.0))
            if i in shape.glass:
                part.details.append(self.rect(quad, (0.07, 0.1, 0.93, 0.9), PANE, lighting.GLASS, cabin))
            parts.append(part)
        parts.sort(key=lambda part: -float(part.points[:, 2].mean()))
        return parts + [
            self._side(shape, side, paint, material, cabin, warm.get(-1, 0.0)) for side in (-1, 1)
        ]

    def _side(
        self, shape: Shape, side: int, paint: npt.ArrayLike, material: Material, cabin: float, extra: float
    ) -> Part:
        corners = [(side * w, y, z) for z, y, w in shape.outline]
        x = corners[0][0]
        reference = [(x, 0.0, 0.0), (x, 0.0, 1.0), (x, 1.0, 0.0)]
        part = self.face(reference if side < 0 else reference[::-1], paint, material, extra)
        part.points = self.world(corners)
        tops = max(shape.outline, key=lambda corner: corner[1])
        for z0, y0, z1, y1 in shape.side_glass:
            lean = (abs(x) - tops[2]) / max(tops[1] - shape.outline[0][1], 0.1)
            base = shape.outline[0][1]
            low, high = side * (abs(x) - lean * (y0 - base)), side * (abs(x) - lean * (y1 - base))
            quad = [(low, y0, z0), (low, y0, z1), (high, y1, z1), (high, y1, z0)]
            part.details.append(self.face(quad if side < 0 else quad[::-1], PANE, lighting.GLASS, cabin))
        return part

    def wheel(self, x: float, z: float, radius: float, tyre: float, rim: float, silver: float) -> list[Part]:
        """Arch, tyre and rim as discs in the side plane at `x`."""
        side = 1 if x > 0 else -1
        discs = []
        for scale, albedo, extra in ((1.14, DARK, 0.4 * tyre), (1.0, TYRE, tyre), (0.6, (silver,) * 3, rim)):
            r = radius * scale
            points = [(x, radius, z), (x, radius, z - side * r), (x, radius + r, z)]
            discs.append(self.face(points, albedo, lighting.RUBBER, extra, ellipse=True))
        return discs

    def tread(self, x: float, z: float, radius: float, tyre: float, end: int) -> Part:
        """Make a tyre seen from the front or the rear; `end` is the sign of z it faces."""
        half = 0.11
        quad = [
            (x + half, 0.0, z),
            (x - half, 0.0, z),
            (x - half, radius * 1.3, z),
            (x + half, radius * 1.3, z),
        ]
        return self.face(quad if end < 0 else _turned(quad), TYRE, lighting.RUBBER, tyre)

    def underside(self, half_width: float, z: float, height: float, end: int) -> Part:
        """Make the dark gap below a bumper."""
        quad = [
            (half_width, 0.12, z),
            (-half_width, 0.12, z),
            (-half_width, height, z),
            (half_width, height, z),
        ]
        return self.face(quad if end < 0 else _turned(quad), (0.012,) * 3, lighting.PLASTIC, 1.5)

    def spot(
        self,
        centre: Corner,
        half: tuple[float, float],
        kelvin: float,
        colour: tuple[float, float, float] = (0, 0, 0),
        end: int = 0,
    ) -> Spot:
        """Make a soft patch `kelvin` warmer, or a light; `end` is the sign of local z it is seen from."""
        add = np.array([*colour, kelvin * self.light.per_kelvin], np.float32)
        return Spot(self.world([centre])[0], half, add, end * self.heading)


def _turned(quad: list[Corner]) -> list[Corner]:
    return [quad[1], quad[0], quad[3], quad[2]]


def end_quad(shape: Shape, segment: int) -> list[Corner]:
    """Give the four corners of one segment of an extruded profile."""
    (z0, y0, w0), (z1, y1, w1) = shape.outline[segment], shape.outline[segment + 1]
    return [(w0, y0, z0), (-w0, y0, z0), (-w1, y1, z1), (w1, y1, z1)]
