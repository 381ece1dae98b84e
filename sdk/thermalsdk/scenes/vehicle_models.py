"""Cars, minibuses, buses and trucks with random proportions, paint and running state."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thermalsdk.scenes import light as lighting
from thermalsdk.scenes.light import Light
from thermalsdk.scenes.vehicle_builder import DARK, PANE, Builder, Part, Shape, Vehicle, end_quad

_PAINTS = (
    (0.75, 0.75, 0.74),
    (0.03, 0.03, 0.035),
    (0.33, 0.34, 0.35),
    (0.55, 0.56, 0.57),
    (0.42, 0.04, 0.04),
    (0.05, 0.11, 0.34),
    (0.08, 0.20, 0.14),
    (0.62, 0.48, 0.10),
    (0.30, 0.22, 0.15),
    (0.10, 0.28, 0.42),
    (0.70, 0.66, 0.55),
    (0.14, 0.14, 0.15),
)


@dataclass(frozen=True)
class Heat:
    """Kelvin above what the weather alone would give, for one vehicle. All zero for one long parked."""

    engine: float
    tyre: float
    rim: float
    exhaust: float
    cabin: float
    under: float


def draw_heat(rng: np.random.Generator, light: Light, moving: bool, recent: float) -> Heat:
    """Draw the heat of a moving vehicle, or what is left of it in a parked one (`recent`, 0..1)."""
    scale = float(rng.uniform(0.7, 1.2)) if moving else recent
    heating = float(np.clip((290.0 - light.conditions.ambient_kelvin) * 0.12, 0.0, 2.5))
    wet = 1.0 - 0.45 * light.conditions.wetness
    return Heat(
        engine=scale * float(rng.uniform(7, 18)) * wet,
        tyre=scale * float(rng.uniform(6, 15)) * wet if moving else scale * 4.0,
        rim=scale * float(rng.uniform(7, 20)),
        exhaust=float(rng.uniform(12, 30)) * scale if moving else 4.0 * scale,
        cabin=heating * scale + 0.3,
        under=scale * float(rng.uniform(3, 8)) + 0.4,
    )


def make_vehicle(
    rng: np.random.Generator, kind: str, light: Light, heading: int, moving: bool, lamp: float
) -> Vehicle:
    """One vehicle of `kind` (car, minibus, bus, truck) facing `heading`."""
    recent = float(rng.choice([0.0, 0.0, 0.25, 0.7]))
    heat = draw_heat(rng, light, moving, recent)
    builder = Builder(light, heading, lamp)
    paint = np.clip(np.array(_PAINTS[rng.integers(len(_PAINTS))]) * rng.uniform(0.7, 1.2), 0.02, 0.85)
    make = {"car": _car, "minibus": _minibus, "bus": _bus, "truck": _truck}[kind]
    vehicle = make(rng, builder, paint, heat)
    if moving or (light.conditions.night and rng.random() < 0.05):
        _switch_lamps_on(rng, builder, vehicle)
    return vehicle


def _switch_lamps_on(rng: np.random.Generator, builder: Builder, vehicle: Vehicle) -> None:
    half, length = vehicle.width / 2 - 0.25, vehicle.length / 2
    low = 0.72 if vehicle.kind == "car" else 0.85
    night = builder.light.conditions.night
    braking = 1.0 if rng.random() < 0.3 else 0.35
    for side in (-1, 1):
        white = (3.2, 3.0, 2.6) if night else (0.25, 0.25, 0.22)
        red = (1.6 * braking, 0.10 * braking, 0.06 * braking)
        if not night:
            red = (0.25 * braking, 0.02, 0.01)
        vehicle.lamps.append(builder.spot((side * half, low, length), (0.17, 0.13), 1.5, white, 1))
        vehicle.lamps.append(builder.spot((side * half, low + 0.1, -length), (0.14, 0.11), 0.0, red, -1))
        if night:
            halo = (0.05 * white[0], 0.05 * white[1], 0.05 * white[2])
            vehicle.lamps.append(builder.spot((side * half, low, length), (0.9, 0.7), 0.0, halo, 1))


def _end_details(
    builder: Builder, shape: Shape, front: bool, silver: float, heat: Heat, plate: bool = True
) -> list[Part]:
    """Lamps, grille or bumper, number plate on the lowest end segment of a profile."""
    quad = end_quad(shape, len(shape.outline) - 2 if front else 0)
    if front:
        quad = [quad[2], quad[3], quad[0], quad[1]]
    parts = [
        builder.rect(quad, (0.0, 0.0, 1.0, 0.28), DARK, lighting.PLASTIC, 0.2 * heat.engine if front else 0.3)
    ]
    lens = (0.55, 0.56, 0.55) if front else (0.33, 0.02, 0.02)
    extra = 1.0 if front else 0.4
    parts += [
        builder.rect(quad, (u, 0.58, u + 0.2, 0.86), lens, lighting.PLASTIC, extra) for u in (0.04, 0.76)
    ]
    if front:
        parts.append(
            builder.rect(
                quad, (0.3, 0.36, 0.7, 0.8), (0.04 + 0.1 * silver,) * 3, lighting.PLASTIC, heat.engine
            )
        )
    if plate:
        parts.append(builder.rect(quad, (0.38, 0.14, 0.62, 0.34), (0.7, 0.7, 0.66), lighting.BARE_METAL))
    return parts


def _add_wheels(
    builder: Builder,
    parts: list[Part],
    half: float,
    places: tuple[float, ...],
    radius: float,
    heat: Heat,
    silver: float,
) -> list[Part]:
    """Hang discs on the side parts; return the treads to draw before the body."""
    for part in parts:
        if abs(part.normal[0]) < 0.9 or len(part.points) < 5:
            continue
        side = 1 if part.normal[0] * builder.heading > 0 else -1
        for z in places:
            part.details += builder.wheel(side * (half + 0.005), z, radius, heat.tyre, heat.rim, silver)
    tips = ((-1, min(places) - radius * 0.8), (1, max(places) + radius * 0.8))
    return [
        builder.tread(side * (half - 0.14), z, radius, heat.tyre, end) for end, z in tips for side in (-1, 1)
    ]


def _attach(parts: list[Part], builder: Builder, front: bool, details: list[Part]) -> None:
    sign = builder.heading * (1 if front else -1)
    ends = [part for part in parts if part.normal[2] * sign > 0.9]
    min(ends, key=lambda part: float(part.points[:, 1].mean())).details.extend(details)


def _car(rng: np.random.Generator, builder: Builder, paint: npt.NDArray[np.float64], heat: Heat) -> Vehicle:
    style = rng.choice(["sedan", "hatch", "suv"], p=[0.4, 0.35, 0.25])
    length = float({"sedan": 4.6, "hatch": 4.0, "suv": 4.6}[style] * rng.uniform(0.94, 1.06))
    half = float(rng.uniform(0.84, 0.93))
    tall = float({"sedan": 1.43, "hatch": 1.47, "suv": 1.68}[style] * rng.uniform(0.97, 1.03))
    belt, low = tall * 0.64, 0.24 if style != "suv" else 0.32
    back, e = -length / 2, length / 2
    roof_rear = {"sedan": 0.27, "hatch": 0.10, "suv": 0.06}[style] * length
    glass_rear = {"sedan": 0.15, "hatch": 0.02, "suv": 0.01}[style] * length
    nose = belt * 0.83
    lower = Shape(
        (
            (back, low, half * 0.97),
            (back - 0.02, belt * 0.93, half * 0.96),
            (back + 0.12, belt, half * 0.95),
            (e - 0.27 * length, belt, half * 0.95),
            (e - 0.08, nose, half * 0.92),
            (e, nose * 0.86, half * 0.93),
            (e + 0.02, low, half * 0.95),
        )
    )
    screen = e - 0.26 * length
    top = half * 0.74
    cabin = Shape(
        (
            (back + glass_rear, belt - 0.02, half * 0.93),
            (back + roof_rear, tall - 0.03, top),
            (0.0, tall, top),
            (screen - 0.2 * length, tall - 0.04, top),
            (screen, belt - 0.02, half * 0.92),
        ),
        glass=(0, 3),
        side_glass=(
            (back + glass_rear + 0.55 * (roof_rear - glass_rear) + 0.12, belt + 0.03, -0.02, tall - 0.13),
            (0.06, belt + 0.03, screen - 0.14 * length, tall - 0.13),
        ),
    )
    silver = float(rng.uniform(0.08, 0.5))
    bonnet = {3: heat.engine * 0.75, 4: heat.engine * 0.8, 5: heat.engine * 0.55, -1: 0.08 * heat.engine}
    shell = builder.body(lower, paint, lighting.METAL, bonnet, heat.cabin)
    _attach(shell, builder, True, _end_details(builder, lower, True, silver, heat))
    _attach(shell, builder, False, _end_details(builder, lower, False, silver, heat))
    radius = 0.31 if style != "suv" else 0.36
    treads = _add_wheels(
        builder, shell, half * 0.96, (back + 0.19 * length, e - 0.19 * length), radius, heat, silver
    )
    roof = builder.body(cabin, paint, lighting.METAL, {}, heat.cabin)
    gaps = [builder.underside(half * 0.9, end * length / 2, low + 0.1, end) for end in (-1, 1)]
    hot = [
        builder.spot((0.0, nose * 0.75, e), (half * 0.6, 0.2), 0.35 * heat.engine, end=1),
        builder.spot((0.0, belt * 0.95, e - 0.16 * length), (half * 0.55, 0.12), 0.4 * heat.engine, end=1),
        builder.spot(
            (float(rng.choice([-0.5, 0.5])), low + 0.06, back - 0.03), (0.11, 0.09), heat.exhaust, end=-1
        ),
    ]
    return Vehicle("car", length, 2 * half, tall, [gaps + treads + shell + roof], hot, [], heat.under)


def _window_row(
    low: float, high: float, start: float, end: float, count: int
) -> tuple[tuple[float, float, float, float], ...]:
    pitch = (end - start) / count
    return tuple((start + pitch * i + 0.06, low, start + pitch * (i + 1) - 0.06, high) for i in range(count))


def _minibus(
    rng: np.random.Generator, builder: Builder, paint: npt.NDArray[np.float64], heat: Heat
) -> Vehicle:
    length, half = float(rng.uniform(5.0, 6.3)), float(rng.uniform(0.96, 1.04))
    tall, e, low, belt = float(rng.uniform(2.15, 2.75)), length / 2, 0.3, 1.2
    box = Shape(
        (
            (-e, low, half),
            (-e - 0.01, belt, half),
            (-e + 0.06, tall - 0.08, half * 0.9),
            (-e + 0.4, tall, half * 0.88),
            (e - 1.6, tall, half * 0.88),
            (e - 0.75, belt + 0.02, half * 0.95),
            (e - 0.05, 0.95, half * 0.95),
            (e, low, half * 0.95),
        ),
        glass=(1, 4),
        side_glass=(
            *_window_row(belt + 0.05, tall - 0.35, -e + 0.3, e - 1.5, int(rng.integers(2, 5))),
            (e - 1.42, belt + 0.05, e - 1.02, tall - 0.65),
        ),
    )
    shell = builder.body(
        box, paint, lighting.METAL, {5: heat.engine, 6: heat.engine * 0.6, -1: 0.05 * heat.engine}, heat.cabin
    )
    _attach(shell, builder, True, _end_details(builder, box, True, 0.2, heat))
    _attach(shell, builder, False, _end_details(builder, box, False, 0.2, heat))
    treads = _add_wheels(
        builder, shell, half, (-e + 1.1, e - 0.85), 0.35, heat, float(rng.uniform(0.1, 0.45))
    )
    gaps = [builder.underside(half * 0.9, end * length / 2, low + 0.1, end) for end in (-1, 1)]
    hot = [
        builder.spot((0.0, 0.75, e), (half * 0.6, 0.25), 0.4 * heat.engine, end=1),
        builder.spot((-0.55, 0.35, -e - 0.02), (0.12, 0.1), heat.exhaust, end=-1),
    ]
    return Vehicle("minibus", length, 2 * half, tall, [gaps + treads + shell], hot, [], heat.under)


def _bus(rng: np.random.Generator, builder: Builder, paint: npt.NDArray[np.float64], heat: Heat) -> Vehicle:
    length, half = float(rng.uniform(9.5, 12.2)), float(rng.uniform(1.22, 1.28))
    tall, low, e = float(rng.uniform(2.95, 3.25)), 0.32, length / 2
    box = Shape(
        (
            (-e, low, half),
            (-e, 1.35, half),
            (-e, tall - 0.25, half),
            (-e + 0.15, tall, half * 0.95),
            (e - 0.15, tall, half * 0.95),
            (e, tall - 0.25, half),
            (e + 0.04, 1.05, half),
            (e, low, half),
        ),
        glass=(1, 5),
        side_glass=_window_row(1.35, tall - 0.55, -e + 0.5, e - 0.3, int(rng.integers(5, 8))),
    )
    warm = {0: heat.engine * 0.6, -1: heat.cabin * 0.6, 6: 1.0, 3: heat.cabin * 0.4}
    cabin = heat.cabin * 1.8 + 0.8
    shell = builder.body(box, paint, lighting.METAL, warm, cabin)
    _attach(shell, builder, True, _end_details(builder, box, True, 0.1, Heat(2.0, 0, 0, 0, 0, 0)))
    _attach(shell, builder, False, _end_details(builder, box, False, 0.1, heat))
    stripe = np.clip(paint * 0.4 + rng.uniform(0, 0.5, 3), 0.02, 0.8)
    for part in shell:
        if abs(part.normal[0]) > 0.9:
            side = 1 if part.normal[0] * builder.heading > 0 else -1
            x = side * (half + 0.002)
            quad = [(x, 0.85, -e), (x, 0.85, e), (x, 1.1, e), (x, 1.1, -e)]
            part.details.insert(0, builder.face(quad if side < 0 else quad[::-1], stripe, lighting.METAL))
            for z in (e - 1.3, 0.2):
                door = [
                    (x, 0.4, z - 0.6),
                    (x, 0.4, z + 0.6),
                    (x, tall - 0.6, z + 0.6),
                    (x, tall - 0.6, z - 0.6),
                ]
                if side > 0:
                    part.details.append(builder.face(door[::-1], PANE, lighting.GLASS, cabin))
    treads = _add_wheels(builder, shell, half, (-e + 2.6, e - 2.3), 0.47, heat, 0.3)
    gaps = [builder.underside(half * 0.9, end * length / 2, low + 0.1, end) for end in (-1, 1)]
    hot = [
        builder.spot((0.2, 0.9, -e - 0.02), (0.8, 0.4), 0.7 * heat.engine, end=-1),
        builder.spot((-0.8, 0.42, -e - 0.02), (0.15, 0.12), heat.exhaust, end=-1),
    ]
    return Vehicle("bus", length, 2 * half, tall, [gaps + treads + shell], hot, [], heat.under + 2.0)


def _truck(rng: np.random.Generator, builder: Builder, paint: npt.NDArray[np.float64], heat: Heat) -> Vehicle:
    length, half = float(rng.uniform(6.5, 9.5)), float(rng.uniform(1.15, 1.27))
    e, low = length / 2, 0.45
    cab_tall, cargo_tall = float(rng.uniform(2.4, 2.8)), float(rng.uniform(2.6, 3.7))
    cab_back = e - float(rng.uniform(1.7, 2.1))
    cab = Shape(
        (
            (cab_back, low, half * 0.95),
            (cab_back, cab_tall, half * 0.92),
            (e - 0.35, cab_tall, half * 0.9),
            (e - 0.05, 1.55, half * 0.95),
            (e, low, half * 0.97),
        ),
        glass=(2,),
        side_glass=((cab_back + 0.35, 1.5, e - 0.35, cab_tall - 0.25),),
    )
    bed = Shape(
        (
            (-e, 0.95, half),
            (-e, cargo_tall, half),
            (cab_back - 0.15, cargo_tall, half),
            (cab_back - 0.15, 0.95, half),
        )
    )
    chassis = Shape(
        (
            (-e + 0.1, 0.55, half * 0.8),
            (-e + 0.1, 0.95, half * 0.8),
            (-e + 0.3, 0.98, half * 0.8),
            (cab_back, 0.95, half * 0.8),
            (cab_back, 0.55, half * 0.8),
        )
    )
    cargo_paint = (
        np.array([0.72, 0.72, 0.70]) * rng.uniform(0.4, 1.1) if rng.random() < 0.6 else paint * 0.8 + 0.05
    )
    front = builder.body(
        cab, paint, lighting.METAL, {3: heat.engine * 0.6, -1: 0.15 * heat.engine}, heat.cabin
    )
    _attach(front, builder, True, _end_details(builder, cab, True, 0.3, heat))
    cargo = builder.body(bed, np.clip(cargo_paint, 0.03, 0.85), lighting.METAL, {}, 0.0)
    rear_quad = end_quad(bed, 0)
    seam = [builder.rect(rear_quad, (0.49, 0.02, 0.51, 0.98), DARK, lighting.PLASTIC, 0.5)]
    seam += [
        builder.rect(rear_quad, (u, 0.0, u + 0.09, 0.06), (0.3, 0.02, 0.02), lighting.PLASTIC)
        for u in (0.03, 0.88)
    ]
    _attach(cargo, builder, False, seam)
    frame = builder.body(chassis, (0.04, 0.04, 0.04), lighting.METAL, {-1: 0.2 * heat.engine}, 0.0)
    rear = _add_wheels(builder, frame, half * 0.93, (-e + 1.3, -e + 2.3), 0.46, heat, 0.25)
    steer = _add_wheels(builder, front, half * 0.95, (e - 1.0,), 0.46, heat, 0.25)
    gaps = [
        builder.underside(half * 0.85, -e + 0.2, 0.75, -1),
        builder.underside(half * 0.85, e - 0.02, 0.55, 1),
    ]
    hot = [
        builder.spot((0.0, 1.0, e), (0.8, 0.45), 0.5 * heat.engine, end=1),
        builder.spot((-half * 0.6, 0.55, -e + 0.05), (0.16, 0.13), heat.exhaust, end=-1),
    ]
    groups = [gaps[:1] + rear + frame + cargo, gaps[1:] + steer[2:] + front]
    return Vehicle("truck", length, 2 * half, max(cab_tall, cargo_tall), groups, hot, [], heat.under + 1.0)
