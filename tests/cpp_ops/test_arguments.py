"""What the native module accepts, and how it refuses the rest."""

import numpy as np
import pytest

from tests.cpp_ops.frames import blocky_labels, random_frame
from thermalsdk import compositing
from thermalsdk.compositing import reference
from thermalsdk.errors import DtypeError, InputError, LabelError, ShapeError

LABELS = np.zeros((8, 12), np.uint8)
OBJECTS = np.zeros((8, 12), np.int32)
KELVIN = np.full((8, 12), 290, np.float32)
RGB = np.zeros((8, 12, 3), np.uint8)
LOGITS = np.zeros((3, 2, 3), np.float32)
TABLE = np.arange(400, dtype=np.float32)
INSTANCES = np.zeros((8, 12), np.uint16)

#: Name of the function, arguments that it accepts.
ACCEPTED = {
    "connected_components": (LABELS, INSTANCES),
    "object_means": (OBJECTS, 1, KELVIN),
    "paint": (OBJECTS, TABLE[:1]),
    "composite": (LABELS, OBJECTS, [KELVIN], KELVIN, 10.0, 2),
    "planes": (RGB,),
    "planes_4": (RGB,),
    "conditions": (LABELS, KELVIN, 3, 283.15, 20.0),
    "class_fractions": (LABELS, 3),
    "labels_from_logits": (LOGITS,),
    "plan_regions": (LABELS[:, :8], 1, 1, 4, (2, 4)),
    "interpolate": (KELVIN, TABLE, 100.0, 0.5),
    "take": (LABELS, np.arange(256, dtype=np.float32)),
    "blur": (KELVIN, np.array([0.5, 0.25], np.float32)),
    "raw16": (KELVIN,),
    "agc_linear": (KELVIN, 280.0, 300.0),
}
ARRAYS = [
    (name, position)
    for name, arguments in ACCEPTED.items()
    for position, argument in enumerate(arguments)
    if isinstance(argument, np.ndarray)
]


def call(name, *changes):
    """Call a function with its accepted arguments, some of them changed: (position, value)."""
    arguments = list(ACCEPTED[name])
    for position, value in changes:
        arguments[position] = value
    return getattr(compositing, name)(*arguments)


def test_every_function_is_listed():
    assert sorted(ACCEPTED) == sorted(compositing.__all__)
    for name in ACCEPTED:
        call(name)


@pytest.mark.parametrize(("name", "position"), ARRAYS)
def test_wrong_dtype_is_refused(name, position):
    wrong = ACCEPTED[name][position].astype(np.float64)
    with pytest.raises(DtypeError, match="float64") as raised:
        call(name, (position, wrong))
    assert "astype" in raised.value.hint


@pytest.mark.parametrize(("name", "position"), ARRAYS)
def test_what_is_no_array_is_refused(name, position):
    with pytest.raises(DtypeError, match="list"):
        call(name, (position, ACCEPTED[name][position].tolist()))


@pytest.mark.parametrize(("name", "position"), ARRAYS)
def test_wrong_number_of_dimensions_is_refused(name, position):
    with pytest.raises(ShapeError, match="shape"):
        call(name, (position, ACCEPTED[name][position][np.newaxis]))


@pytest.mark.parametrize(("name", "position"), ARRAYS)
def test_empty_array_is_refused(name, position):
    with pytest.raises(ShapeError, match="shape"):
        call(name, (position, ACCEPTED[name][position][:0]))


@pytest.mark.parametrize(
    ("name", "position"), [("connected_components", 1), ("composite", 1), ("composite", 3), ("conditions", 1)]
)
def test_planes_of_another_size_are_refused(name, position):
    with pytest.raises(ShapeError, match=r"\(8, 8\), not \(8, 12\)"):
        call(name, (position, np.ascontiguousarray(ACCEPTED[name][position][:, :8])))


@pytest.mark.parametrize(("name", "position"), [("planes_4", 0), ("class_fractions", 0), ("conditions", 0)])
def test_sizes_that_are_no_multiples_of_the_cell_are_refused(name, position):
    with pytest.raises(ShapeError, match="multiples of 4"):
        call(name, (position, ACCEPTED[name][position][:7]))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("object_means", (1, -1), "count is -1"),
        ("composite", (2, []), "0 classes"),
        ("composite", (2, [KELVIN] * 257), "257 classes"),
        ("composite", (4, float("nan")), "contrast_kelvin is not finite"),
        ("composite", (5, 5), "feather is 5"),
        ("composite", (5, -1), "feather is -1"),
        ("composite", (1, OBJECTS - 1), "the id -1"),
        ("composite", (1, OBJECTS + 96), "the id 96"),
        ("object_means", (0, OBJECTS + 1), "the id 1; ids run from 0 to 0"),
        ("paint", (0, OBJECTS + 1), "the id 1; ids run from 0 to 0"),
        ("paint", (0, OBJECTS - 1), "the id -1"),
        ("conditions", (2, 257), "257 classes"),
        ("conditions", (3, float("inf")), "offset is not finite"),
        ("conditions", (4, 0.0), "scale is not positive"),
        ("class_fractions", (1, 0), "0 classes"),
        ("interpolate", (1, TABLE[:1]), "one entry"),
        ("interpolate", (3, 0.0), "step is not positive"),
        ("agc_linear", (1, 300.0), "low is not below high"),
        ("agc_linear", (2, float("nan")), "low is not below high"),
    ],
)
def test_wrong_values_are_refused(name, change, message):
    with pytest.raises(InputError, match=message):
        call(name, change)


def test_wrong_counts_are_refused():
    with pytest.raises(InputError, match="stride is 0"):
        compositing.object_means(OBJECTS, 1, KELVIN, 0)
    with pytest.raises(InputError, match="threads is 0"):
        compositing.composite(*ACCEPTED["composite"], threads=0)
    with pytest.raises(InputError, match="threads is 0"):
        compositing.conditions(*ACCEPTED["conditions"], threads=0)


def test_labels_without_a_plane_are_refused():
    with pytest.raises(LabelError, match="class 0, which has no plane"):
        call("composite", (2, [None, KELVIN]))
    with pytest.raises(LabelError, match="class 4, which has no plane"):
        call("composite", (0, LABELS + np.uint8(4)))
    with pytest.raises(LabelError, match="class 7 of only 3"):
        call("class_fractions", (0, LABELS + np.uint8(7)))


@pytest.mark.parametrize(
    ("out", "error"),
    [
        (np.zeros((8, 12)), DtypeError),
        (np.zeros((8, 11), np.float32), ShapeError),
        (np.zeros((8, 24), np.float32)[:, ::2], InputError),
    ],
)
def test_out_that_cannot_be_written_in_place_is_refused(out, error):
    with pytest.raises(error):
        compositing.composite(*ACCEPTED["composite"], out=out)


def test_read_only_out_is_refused():
    out = np.zeros((8, 12), np.float32)
    out.flags.writeable = False
    with pytest.raises(InputError, match="read-only"):
        compositing.composite(*ACCEPTED["composite"], out=out)


def strided(array):
    """The same values in every second element of a larger array."""
    larger = np.zeros([2 * n for n in array.shape], array.dtype)
    view = larger[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view


def first_of(result):
    """The array of a result: connected_components returns a count beside it."""
    return result[0] if isinstance(result, tuple) else result


def random_arguments():
    """Arguments of every function, as ACCEPTED, of one random frame."""
    rng = np.random.default_rng(5)
    frame = random_frame(rng, blocky_labels(rng, 24, 36))
    rgb = rng.integers(0, 256, (24, 36, 3), np.uint8)
    instances = rng.integers(0, 4, frame.labels.shape).astype(np.uint16)
    return {
        "connected_components": (frame.labels, instances),
        "object_means": (frame.objects, frame.objects.max() + 1, frame.thermal_labels),
        "paint": (frame.objects, np.sqrt(np.arange(frame.objects.size, dtype=np.float32))),
        "composite": frame.arguments,
        "planes": (rgb,),
        "planes_4": (rgb,),
        "conditions": (frame.labels, frame.thermal_labels, 6, 283.15, 20.0),
        "class_fractions": (frame.labels, 6),
        "labels_from_logits": (rng.normal(size=(3, 6, 9)).astype(np.float32),),
        "plan_regions": (frame.labels[:, :32], 6, 1, 4, (2, 4)),
        "interpolate": (frame.thermal_labels, np.sqrt(np.arange(400, dtype=np.float32)), 100.0, 0.5),
        "take": (frame.labels, np.sqrt(np.arange(256, dtype=np.float32))),
        "blur": (frame.thermal_labels, np.array([0.5, 0.2, 0.05], np.float32)),
        "raw16": (frame.thermal_labels,),
        "agc_linear": (frame.thermal_labels, 260.0, 320.0),
    }


@pytest.mark.parametrize("arrange", [strided, np.asfortranarray], ids=["strided", "column-major"])
@pytest.mark.parametrize("name", ACCEPTED)
def test_arrays_of_any_layout_are_accepted(name, arrange):
    def rearranged(argument):
        if isinstance(argument, list):
            return [rearranged(plane) for plane in argument]
        return arrange(argument) if isinstance(argument, np.ndarray) else argument

    arguments = random_arguments()[name]
    ours = getattr(compositing, name)(*(rearranged(argument) for argument in arguments))
    expected = getattr(compositing, name)(*arguments)
    assert np.array_equal(first_of(ours), first_of(expected))


def test_read_only_input_is_accepted():
    rng = np.random.default_rng(2)
    frame = random_frame(rng, blocky_labels(rng, 16, 20))
    for array in (frame.labels, frame.objects, frame.thermal_labels):
        array.flags.writeable = False
    difference = compositing.composite(*frame.arguments) - reference.composite(*frame.arguments)
    assert np.abs(difference).max() < 3e-4
