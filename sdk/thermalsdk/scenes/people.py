"""Walking people: a jointed figure of capsules, warm where skin is bare, cooler where clothes are thick."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thermalsdk.scenes import light as lighting
from thermalsdk.scenes import noise
from thermalsdk.scenes.camera import NEAR, Camera
from thermalsdk.scenes.light import Light
from thermalsdk.scenes.raster import Canvas

Array = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]
_CLOTHES = (
    (0.03, 0.03, 0.035),
    (0.06, 0.08, 0.16),
    (0.45, 0.06, 0.05),
    (0.70, 0.69, 0.66),
    (0.28, 0.29, 0.30),
    (0.10, 0.22, 0.12),
    (0.60, 0.50, 0.20),
    (0.16, 0.30, 0.48),
    (0.34, 0.22, 0.14),
    (0.62, 0.36, 0.44),
)
_SKINS = ((0.55, 0.36, 0.27), (0.42, 0.26, 0.18), (0.20, 0.12, 0.08), (0.62, 0.44, 0.35))
_DETAIL = 11.0  # pixels per metre below which arms and shoes are not drawn
_HAIRS = ((0.02, 0.017, 0.015), (0.10, 0.06, 0.03), (0.35, 0.25, 0.12), (0.30, 0.30, 0.30))


@dataclass(frozen=True)
class Person:
    """Size in metres, gait, and the paint and radiance of every piece of clothing ([4] each)."""

    height: float
    girth: float
    stride_hz: float
    phase: float
    skin: Array
    face: Array
    hair: Array
    jacket: Array
    trousers: Array
    shoes: Array
    bag: Array | None
    bare_arms: bool
    skirt: bool
    warm_core: float


def make_person(rng: np.random.Generator, light: Light, lamp: float) -> Person:
    """Draw one person; the thinner the cloth, the nearer its temperature is to the skin's."""
    ambient = light.conditions.ambient_kelvin
    cold = float(np.clip((293.0 - ambient) / 16.0, 0.0, 1.0))
    skin = 306.4 - 2.2 * cold + float(rng.normal(0, 0.5))
    side = (0.0, 0.15, -0.99)

    def piece(albedo: npt.ArrayLike, share: float, material: lighting.Material = lighting.CLOTH) -> Array:
        """`share` of the way from the weather's temperature of that cloth to the skin."""
        weather = light.kelvin(material, albedo, 0.6 * light.facing((0.0, 1.0, 0.0)), 0.2)
        flat = light.kelvin(material, albedo, light.facing(side), light.sky_view(side))
        return light.source(albedo, material, side, lamp, weather - flat + share * (skin - weather))

    def colour() -> npt.NDArray[np.float64]:
        return np.clip(np.array(_CLOTHES[rng.integers(len(_CLOTHES))]) * rng.uniform(0.6, 1.25), 0.02, 0.8)

    tone = np.array(_SKINS[rng.integers(len(_SKINS))]) * rng.uniform(0.85, 1.1)
    thickness = float(np.clip(0.62 - 0.30 * cold + rng.normal(0, 0.09), 0.2, 0.85))
    legs = float(np.clip(0.62 - 0.16 * cold + rng.normal(0, 0.08), 0.3, 0.85))
    bare = bool(ambient > 291.0 and rng.random() < 0.6)
    return Person(
        height=float(np.clip(rng.normal(1.70, 0.10), 1.25, 1.95)),
        girth=float(rng.uniform(0.9, 1.2)),
        stride_hz=float(rng.uniform(0.8, 1.05)),
        phase=float(rng.uniform(0, 6.28)),
        skin=piece(tone, 0.92, lighting.SKIN),
        face=piece(tone, 1.0, lighting.SKIN),
        hair=piece(_HAIRS[rng.integers(len(_HAIRS))], 0.62),
        jacket=piece(colour(), thickness),
        trousers=piece(colour() * 0.7, legs),
        shoes=piece((0.06, 0.05, 0.05), 0.25),
        bag=piece(colour(), 0.08) if rng.random() < 0.3 else None,
        bare_arms=bare,
        skirt=bool(rng.random() < 0.2),
        warm_core=float(rng.uniform(0.6, 2.0)) * light.per_kelvin,
    )


def _joints(person: Person, heading: tuple[float, float], walked: float) -> dict[str, Points]:
    """Joints relative to the feet, [3] each. `walked` is the phase of the gait in radians, 0 stands."""
    size = person.height / 1.75
    ahead = np.array([heading[0], 0.0, heading[1]])
    right = np.array([heading[1], 0.0, -heading[0]])
    up = np.array([0.0, 1.0, 0.0])
    swing = float(np.sin(walked))
    bob = 0.025 * abs(float(np.cos(walked)))
    joints = {
        "head": up * (1.60 + bob) + ahead * 0.03,
        "neck": up * (1.46 + bob),
        "chest": up * (1.25 + bob) + ahead * 0.01,
        "waist": up * (0.95 + bob),
    }
    for name, side in (("l", -1.0), ("r", 1.0)):
        leg, arm = side * swing * 0.42, -side * swing * 0.38
        lift = max(0.0, -side * float(np.cos(walked))) if walked else 0.0
        hip = up * (0.90 + bob) + right * (0.09 * side)
        knee = hip + (ahead * np.sin(leg + 0.25 * lift) - up * np.cos(leg)) * 0.42
        bend = leg - 0.55 * lift
        joints["hip" + name] = hip
        joints["knee" + name] = knee
        joints["foot" + name] = knee + (ahead * np.sin(bend) - up * np.cos(bend)) * 0.42
        shoulder = up * (1.40 + bob) + right * (0.185 * side)
        elbow = shoulder + (ahead * np.sin(arm) - up * np.cos(arm) + right * 0.12 * side) * 0.27
        joints["shoulder" + name] = shoulder
        joints["elbow" + name] = elbow
        joints["hand" + name] = elbow + (ahead * np.sin(arm + 0.35) - up * np.cos(arm + 0.35)) * 0.26
    return {name: place * size for name, place in joints.items()}


def draw_person(
    canvas: Canvas,
    camera: Camera,
    light: Light,
    person: Person,
    place: Points,
    heading: tuple[float, float],
    walked: float,
) -> None:
    """Draw a person with the feet at `place` ([3]) as the object named by `canvas.begin`."""
    if place[2] - camera.z < 2 * NEAR:
        return
    joints = _joints(person, heading, walked)
    names = list(joints)
    flat = camera.project(np.array([joints[name] + place for name in names]))
    at = dict(zip(names, flat, strict=True))
    pixels = camera.scale(float(place[2])) * person.height / 1.75
    far_side = "l" if heading[0] < 0 or (heading[0] == 0 and heading[1] > 0) else "r"
    near_side = "r" if far_side == "l" else "l"
    _limbs(canvas, person, at, far_side, pixels)
    _torso(canvas, person, at, pixels)
    _limbs(canvas, person, at, near_side, pixels)
    _head(canvas, person, at, pixels, heading)
    if person.bag is not None and pixels > _DETAIL:
        _bag(canvas, person.bag, at, near_side, pixels, heading)
    core = np.array([0.0, 0.0, 0.0, person.warm_core], np.float32)
    canvas.glow(
        at["chest"], np.array([0.13 * pixels, 0.0]), np.array([0.0, 0.22 * pixels]), core, canvas.instance
    )
    canvas.texture(at["waist"], 60.0 / pixels, 0.10, 0.55 * light.per_kelvin, noise.COARSE)


def _limbs(canvas: Canvas, person: Person, at: dict[str, Points], side: str, pixels: float) -> None:
    girth = person.girth * pixels
    lower = person.skin if person.skirt else person.trousers
    canvas.capsule(at["hip" + side], at["knee" + side], 0.085 * girth, person.trousers, 0.065 * girth)
    canvas.capsule(at["knee" + side], at["foot" + side], 0.062 * girth, lower, 0.042 * girth)
    if pixels < _DETAIL:
        return
    toe = at["foot" + side] + (0.0, 0.02 * pixels)
    canvas.ellipse(toe, np.array([0.075 * pixels, 0.0]), np.array([0.0, 0.045 * pixels]), person.shoes)
    sleeve = person.skin if person.bare_arms else person.jacket
    canvas.capsule(at["shoulder" + side], at["elbow" + side], 0.055 * girth, person.jacket, 0.047 * girth)
    canvas.capsule(at["elbow" + side], at["hand" + side], 0.045 * girth, sleeve, 0.036 * girth)
    palm = max(0.045 * pixels, 0.35)
    canvas.ellipse(at["hand" + side], np.array([palm, 0.0]), np.array([0.0, palm]), person.skin)


def _torso(canvas: Canvas, person: Person, at: dict[str, Points], pixels: float) -> None:
    grow = 0.075 * pixels * person.girth
    left, right = at["shoulderl"], at["shoulderr"]
    if right[0] < left[0]:
        left, right = right, left
    wide = max(0.10 * pixels - (right[0] - left[0]) / 2, 0.0)
    low = (at["waist"] + (at["hipl"] + at["hipr"]) / 2) / 2
    hips = 0.085 * pixels * person.girth
    neck, drop = at["neck"], 0.07 * pixels
    shape = np.array(
        [
            [neck[0] - 0.03 * pixels, neck[1] + drop],
            [neck[0] + 0.03 * pixels, neck[1] + drop],
            [right[0] + wide * 0.4 - 0.01 * pixels, right[1] + drop],
            [low[0] + hips, low[1] + 0.02 * pixels],
            [low[0] - hips, low[1] + 0.02 * pixels],
            [left[0] - wide * 0.4 + 0.01 * pixels, left[1] + drop],
        ]
    )
    canvas.polygon(shape, person.jacket, grow * 0.7)
    if person.skirt:
        hem = np.array(
            [
                [low[0] - hips, low[1]],
                [low[0] + hips, low[1]],
                [low[0] + 2.2 * hips, low[1] + 0.42 * pixels],
                [low[0] - 2.2 * hips, low[1] + 0.42 * pixels],
            ]
        )
        canvas.polygon(hem, person.trousers, 0.02 * pixels)


def _bag(
    canvas: Canvas,
    paint: Array,
    at: dict[str, Points],
    side: str,
    pixels: float,
    heading: tuple[float, float],
) -> None:
    """Draw a rucksack on a back that the camera sees, else a bag in the hand."""
    if heading[1] > 0.5:
        x, y = (at["chest"] + 0.25 * (at["waist"] - at["chest"])) / pixels
        back = np.array([[x - 0.12, y - 0.2], [x + 0.12, y - 0.2], [x + 0.15, y + 0.2], [x - 0.15, y + 0.2]])
        canvas.polygon(back * pixels, paint, 0.02 * pixels)
        return
    x, y = at["hand" + side] / pixels
    bag = np.array([[x - 0.1, y + 0.03], [x + 0.1, y + 0.03], [x + 0.13, y + 0.3], [x - 0.13, y + 0.3]])
    canvas.polygon(bag * pixels, paint)


def _head(
    canvas: Canvas, person: Person, at: dict[str, Points], pixels: float, heading: tuple[float, float]
) -> None:
    canvas.capsule(at["neck"], at["head"], 0.055 * pixels, person.skin)
    head, wide, tall = at["head"], 0.082 * pixels, 0.118 * pixels
    towards = -heading[1]
    if towards < -0.5:
        canvas.ellipse(head, np.array([wide, 0.0]), np.array([0.0, tall]), person.hair)
        return
    canvas.ellipse(head, np.array([wide * 1.06, 0.0]), np.array([0.0, tall * 1.05]), person.hair)
    shift = np.array([0.35 * wide * heading[0], 0.22 * tall])
    canvas.ellipse(head + shift, np.array([wide * 0.86, 0.0]), np.array([0.0, tall * 0.86]), person.face)
