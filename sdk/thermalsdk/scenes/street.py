"""Layout of one street: what stands or moves where, as a pure function of seed, slot and time.

Everything repeats in slots: a strip is a line along the street at a lateral position, divided into slots of
equal pitch that move with the strip's speed. What a slot holds depends on (seed, strip, slot) only.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from thermalsdk.scenes import buildings, clutter, people, plants, vehicle_models
from thermalsdk.scenes.ground import Profile
from thermalsdk.scenes.light import Light

# Instance ids are 16 bits wide: up to 63 strips of 1024 slots, far more than one view holds.
_FIRST_INSTANCE = 16
_SLOTS_PER_STRIP = 1024
_CACHE_LIMIT = 4096


@dataclass(frozen=True)
class Strip:
    """A row of slots: lateral `x` (m), `speed` along z (m/s), `pitch` (m), `chance` that a slot is filled."""

    number: int
    kind: str
    x: float
    speed: float
    pitch: float
    chance: float
    heading: int
    jitter: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Item:
    """One filled slot: place at the asked time, `model` for its kind to draw, a stable `instance` id."""

    strip: Strip
    instance: int
    x: float
    z: float
    model: Any


class Street:
    """Cross-section, strips and cached models of one seed."""

    def __init__(
        self, seed: int, light: Light, profile: Profile, strips: tuple[Strip, ...], ego_x: float
    ) -> None:
        self.seed, self.light, self.profile, self.strips, self.ego_x = seed, light, profile, strips, ego_x
        self._models: dict[tuple[int, int], tuple[float, float, Any] | None] = {}

    def items(self, strip: Strip, start: float, end: float, time_s: float) -> list[Item]:
        """List the filled slots of a strip between the world coordinates `start` and `end` at a time."""
        shift = strip.speed * time_s
        first = int(np.floor((start - shift) / strip.pitch)) - 1
        last = int(np.ceil((end - shift) / strip.pitch))
        entries = ((slot, self._model(strip, slot)) for slot in range(first, last + 1))
        base = _FIRST_INSTANCE + strip.number * _SLOTS_PER_STRIP
        return [
            Item(
                strip,
                base + slot % _SLOTS_PER_STRIP,
                strip.x + entry[0],
                slot * strip.pitch + entry[1] + shift,
                entry[2],
            )
            for slot, entry in entries
            if entry is not None
        ]

    def _model(self, strip: Strip, slot: int) -> tuple[float, float, Any] | None:
        key = (strip.number, slot)
        if key not in self._models:
            if len(self._models) >= _CACHE_LIMIT:
                self._models.clear()
            self._models[key] = self._make(strip, slot)
        return self._models[key]

    def _make(self, strip: Strip, slot: int) -> tuple[float, float, Any] | None:
        rng = np.random.default_rng((self.seed, strip.number, slot + (1 << 24)))
        if rng.random() >= strip.chance:
            return None
        dx = float(rng.uniform(-1, 1)) * strip.jitter[0]
        dz = float(rng.uniform(-1, 1)) * strip.jitter[1]
        x, z = strip.x + dx, slot * strip.pitch + dz
        lamp = float(self.light.lamp_level(np.array(x), np.array(z), 1.0)) * 0.8 if strip.speed == 0 else 0.3
        return dx, dz, self._fill(rng, strip, z, lamp)

    def _fill(self, rng: np.random.Generator, strip: Strip, z: float, lamp: float) -> Any:
        light = self.light
        if strip.kind in ("traffic", "parked"):
            mix = (0.60, 0.14, 0.12, 0.14) if strip.kind == "traffic" else (0.80, 0.11, 0.0, 0.09)
            kind = str(rng.choice(["car", "minibus", "bus", "truck"], p=mix))
            return vehicle_models.make_vehicle(rng, kind, light, strip.heading, strip.kind == "traffic", lamp)
        if strip.kind in ("walkers", "standing", "crossing"):
            return people.make_person(rng, light, lamp)
        if strip.kind in ("tree", "bush"):
            return plants.make_plant(rng, light, strip.kind == "bush", lamp)
        if strip.kind == "furniture":
            kind = str(rng.choice(clutter.KINDS))
            return clutter.make_furniture(rng, kind, light, lamp, strip.heading)
        if strip.kind == "building":
            gap = float(rng.choice([0.0, 0.0, 0.0, rng.uniform(1.5, 5.0)]))
            return buildings.make_building(rng, strip.heading, abs(strip.x), z, z + strip.pitch - gap, light)
        return None


def draw_profile(rng: np.random.Generator) -> Profile:
    """Random cross-section: one to two lanes each way, sidewalks, perhaps grass."""
    per_side = int(rng.choice([1, 1, 2]))
    lane = float(rng.uniform(3.0, 3.5))
    parking = float(rng.choice([0.0, 2.2]))
    half = per_side * lane + parking
    sidewalk = float(rng.uniform(2.2, 4.5))
    verge = float(rng.choice([0.0, 0.0, rng.uniform(1.5, 5.0)]))
    lanes = [(side * lane * (i + 0.5), side) for side in (-1, 1) for i in range(per_side)]
    tone = float(rng.uniform(0.25, 0.6))
    return Profile(
        road_half=half,
        sidewalk=sidewalk,
        building_line=half + sidewalk + verge + 0.3,
        verge_grass=bool(rng.random() < 0.7),
        lanes=tuple(lanes),
        dash=float(rng.uniform(2.0, 4.0)),
        dash_gap=float(rng.uniform(3.0, 7.0)),
        edge_lines=bool(rng.random() < 0.5),
        crossing_pitch=float(rng.choice([0.0, 37.0, 58.0])),
        asphalt=float(rng.uniform(0.08, 0.34)),
        paving=(tone, tone * float(rng.uniform(0.88, 1.0)), tone * float(rng.uniform(0.75, 1.0))),
        patch_strength=float(rng.uniform(0.4, 1.6)),
    )


def draw_strips(
    rng: np.random.Generator,
    profile: Profile,
    ego_x: float,
    ego_speed: float,
    lamp_sides: tuple[int, ...],
    lamp_pitch: float,
) -> tuple[Strip, ...]:
    """Draw what fills the street: facades, trees, furniture, parked and moving vehicles, people."""
    rows: list[Strip] = []

    def add(
        kind: str,
        x: float,
        speed: float,
        pitch: float,
        chance: float,
        heading: int,
        jitter: tuple[float, float],
    ) -> None:
        rows.append(Strip(len(rows), kind, x, speed, pitch, chance, heading, jitter))

    has_parking = profile.road_half - max(abs(lane[0]) for lane in profile.lanes) > 3.2
    crowd = float(rng.uniform(0.15, 0.75))
    for side in (-1, 1):
        add(
            "building",
            side * profile.building_line,
            0.0,
            float(rng.uniform(13, 24)),
            float(rng.uniform(0.75, 1.0)),
            side,
            (0, 0),
        )
        curb = side * (profile.road_half + 0.7)
        inner = side * (profile.building_line - 0.6)
        if rng.random() < 0.7:
            add("tree", curb, 0.0, float(rng.uniform(7, 14)), float(rng.uniform(0.4, 0.9)), side, (0.1, 1.5))
        if rng.random() < 0.6:
            add(
                "bush", inner, 0.0, float(rng.uniform(2.5, 6)), float(rng.uniform(0.2, 0.7)), side, (0.2, 0.8)
            )
        add(
            "tree",
            side * (profile.building_line + 3.0),
            0.0,
            11.0,
            float(rng.uniform(0.1, 0.5)),
            side,
            (1.0, 3.0),
        )
        add(
            "furniture", curb, 0.0, float(rng.uniform(5, 9)), float(rng.uniform(0.4, 0.85)), side, (0.15, 1.5)
        )
        if has_parking:
            x = side * (profile.road_half - 1.15)
            add(
                "parked", x, 0.0, float(rng.uniform(6.4, 8.0)), float(rng.uniform(0.3, 0.9)), side, (0.1, 0.4)
            )
        walk = side * (profile.road_half + profile.sidewalk * 0.55)
        spread = profile.sidewalk * 0.3
        for heading in (-1, 1):
            pace = heading * float(rng.uniform(0.9, 1.5))
            add("walkers", walk, pace, float(rng.uniform(4, 9)), crowd * 0.7, heading, (spread, 1.5))
        add("standing", walk, 0.0, 9.0, crowd * 0.5, side, (spread, 3.0))
    if not ego_speed:
        add("crossing", 0.0, 0.0, float(rng.uniform(17, 40)), crowd, 1, (0.0, 5.0))
    for x, heading in profile.lanes:
        own = abs(x - ego_x) < 0.6
        speed = ego_speed if own else heading * float(rng.uniform(3.0, 11.0)) * float(rng.random() < 0.85)
        add(
            "traffic",
            x,
            speed,
            float(rng.uniform(16, 30)),
            float(rng.uniform(0.3, 0.75)),
            heading,
            (0.15, 1.5),
        )
    for side in lamp_sides:
        add("lamp", side * (profile.road_half + 0.5), 0.0, lamp_pitch, 1.0, side, (0, 0))
    return tuple(rows)
