"""What the native module accepts, and how it refuses the rest."""

import numpy as np
import pytest

from tests.cpp_ops.frames import blocky_labels, random_frame
from thermalsdk import compositing
from thermalsdk.errors import DtypeError, InputError, LabelError, ShapeError

LABELS = np.zeros((8, 12), np.uint8)
KELVIN = np.full((8, 12), 290, np.float32)
RGB = np.zeros((8, 12, 3), np.uint8)
LOGITS = np.zeros((3, 2, 3), np.float32)
TABLE = np.arange(400, dtype=np.float32)
INSTANCES = np.zeros((8, 12), np.uint16)
OBJECTS = compositing.ObjectMap(2)
OBJECTS.analyse(LABELS)
REGIONS = np.array([[0, 0, 0, 8, 12, 0, 0, 8, 12]], np.int32)
CONTRASTS = np.zeros(8 * 12, np.float32)
SUMS = np.zeros((1, 1), np.float32)
PART = np.zeros((2, 3, 4), np.float32)

#: Name of the function, arguments that it accepts.
ACCEPTED = {
    "connected_components": (LABELS, INSTANCES),
    "ObjectMap": (2,),
    "object_means": (OBJECTS, KELVIN),
    "paint": (OBJECTS, TABLE[:1]),
    "contrast_sums": (OBJECTS, REGIONS, 0, CONTRASTS, SUMS),
    "composite": (OBJECTS, REGIONS, CONTRASTS, SUMS, KELVIN, 10.0),
    "copy_part": (PART, PART.copy()),
    "planes": (RGB,),
    "planes_4": (RGB,),
    "conditions": (LABELS, KELVIN, 3, 283.15, 20.0),
    "class_fractions": (LABELS, 3),
    "labels_from_logits": (LOGITS,),
    "plan_regions": (LABELS[:, :8], 1, 1, 4, (2, 4)),
    "reduce": (RGB, 2),
    "enlarge": (KELVIN, 2),
    "interpolate": (KELVIN, TABLE, 100.0, 0.5),
    "take": (LABELS, np.arange(256, dtype=np.float32)),
    "blur": (KELVIN, np.array([0.5, 0.25], np.float32)),
    "raw16": (KELVIN,),
    "agc_linear": (KELVIN, 280.0, 300.0),
}
#: Functions that return nothing, and the argument that they write into.
WRITTEN = {"contrast_sums": 4, "copy_part": 1}
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
    ("name", "position"),
    [("connected_components", 1), ("object_means", 1), ("composite", 4), ("conditions", 1)],
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
        ("ObjectMap", (0, 5), "feather is 5"),
        ("ObjectMap", (0, -1), "feather is -1"),
        ("composite", (5, float("nan")), "contrast_kelvin is not finite"),
        ("composite", (2, CONTRASTS[1:]), "contrasts hold 95 values"),
        ("contrast_sums", (2, 1), "no region 1"),
        ("contrast_sums", (2, -1), "no region -1"),
        ("contrast_sums", (3, CONTRASTS[1:]), "contrasts hold 95 values"),
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


@pytest.mark.parametrize(
    ("column", "value"),
    [(0, -1), (0, 256), (1, -1), (3, 0), (3, 9), (4, 0), (4, 13), (5, 1), (6, 1), (7, 7), (8, 11)],
)
def test_regions_that_are_no_core_in_a_box_are_refused(column, value):
    regions = REGIONS.copy()
    regions[0, column] = value
    for name in ("contrast_sums", "composite"):
        with pytest.raises(InputError, match="is no core in a box"):
            call(name, (1, regions))


def test_wrong_counts_are_refused():
    with pytest.raises(InputError, match="stride is 0"):
        compositing.object_means(OBJECTS, KELVIN, 0)
    for name in ("composite", "conditions", "planes", "planes_4", "labels_from_logits", "reduce"):
        with pytest.raises(InputError, match="threads is 0"):
            getattr(compositing, name)(*ACCEPTED[name], threads=0)
    for name, position in (("paint", 1), ("composite", 3), ("contrast_sums", 4)):
        with pytest.raises(ShapeError, match="shape"):
            call(name, (position, np.zeros((*ACCEPTED[name][position].shape[:-1], 2), np.float32)))


def test_labels_without_contrasts_are_refused():
    elsewhere = np.array([[0, 0, 0, 8, 4, 0, 0, 8, 12]], np.int32)
    with pytest.raises(LabelError, match="class 0, whose contrasts are in no region"):
        call("composite", (1, elsewhere))
    of_another_class = REGIONS + np.eye(1, 9, dtype=np.int32)
    with pytest.raises(LabelError, match="class 0, whose contrasts are in no region"):
        call("composite", (1, of_another_class))
    with pytest.raises(LabelError, match="class 7 of only 3"):
        call("class_fractions", (0, LABELS + np.uint8(7)))


def test_an_object_map_that_has_seen_none_has_no_objects():
    empty = compositing.ObjectMap(2)
    assert empty.count == 0
    assert empty.ids().shape == (0, 0)
    with pytest.raises(ShapeError, match="shape"):
        call("composite", (0, empty))


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


def result_of(name, arguments):
    """The array that a call makes, of several the first."""
    returned = getattr(compositing, name)(*arguments)
    if name in WRITTEN:
        return arguments[WRITTEN[name]]
    return returned[0] if isinstance(returned, tuple) else returned


def random_arguments():
    """Arguments of every function that takes arrays, as ACCEPTED, of one random frame."""
    rng = np.random.default_rng(5)
    frame = random_frame(rng, blocky_labels(rng, 24, 36))
    rgb = rng.integers(0, 256, (24, 36, 3), np.uint8)
    instances = rng.integers(0, 4, frame.labels.shape).astype(np.uint16)
    objects, regions = frame.object_map(), frame.whole_regions()
    contrasts, sums = frame.packed(regions), np.zeros((len(regions), objects.count), np.float32)
    part = rng.normal(size=(5, 6, 40)).astype(np.float32)
    return {
        "connected_components": (frame.labels, instances),
        "object_means": (objects, frame.thermal_labels),
        "paint": (objects, np.sqrt(np.arange(objects.count, dtype=np.float32))),
        "contrast_sums": (objects, regions, 1, contrasts, sums),
        "composite": (objects, regions, contrasts, sums, frame.thermal_labels, 10.0),
        "copy_part": (part, np.zeros_like(part)),
        "planes": (rgb,),
        "planes_4": (rgb,),
        "conditions": (frame.labels, frame.thermal_labels, 6, 283.15, 20.0),
        "class_fractions": (frame.labels, 6),
        "labels_from_logits": (rng.normal(size=(3, 6, 9)).astype(np.float32),),
        "plan_regions": (frame.labels[:, :32], 6, 1, 4, (2, 4)),
        "reduce": (rgb, 3),
        "enlarge": (frame.thermal_labels, 3),
        "interpolate": (frame.thermal_labels, np.sqrt(np.arange(400, dtype=np.float32)), 100.0, 0.5),
        "take": (frame.labels, np.sqrt(np.arange(256, dtype=np.float32))),
        "blur": (frame.thermal_labels, np.array([0.5, 0.2, 0.05], np.float32)),
        "raw16": (frame.thermal_labels,),
        "agc_linear": (frame.thermal_labels, 260.0, 320.0),
    }


@pytest.mark.parametrize("arrange", [strided, np.asfortranarray], ids=["strided", "column-major"])
@pytest.mark.parametrize("name", sorted({name for name, _ in ARRAYS}))
def test_arrays_of_any_layout_are_accepted(name, arrange):
    def rearranged(position, argument):
        is_read = isinstance(argument, np.ndarray) and WRITTEN.get(name) != position
        return arrange(argument) if is_read else argument

    arguments = random_arguments()[name]
    ours = result_of(name, [rearranged(*numbered) for numbered in enumerate(arguments)]).copy()
    assert np.array_equal(ours, result_of(name, arguments))
    assert np.any(ours)


@pytest.mark.parametrize(
    "part", [(slice(None), slice(2, 5)), (slice(1, 4), slice(None)), (slice(3), slice(3), slice(16, 40))]
)
def test_parts_are_copied(part):
    whole = np.random.default_rng(3).normal(size=(5, 6, 40)).astype(np.float32)
    out = np.empty(whole[part].shape, np.float32)
    compositing.copy_part(whole[part], out)
    np.testing.assert_array_equal(out, whole[part])


def test_parts_of_packed_records_are_copied():
    """Their rows begin at any byte."""
    records = np.zeros((5, 6), [("id", "u1"), ("row", "<f4", 40)])
    records["row"] = np.random.default_rng(4).normal(size=(5, 6, 40))
    out = np.empty((5, 6, 40), np.float32)
    compositing.copy_part(records["row"], out)
    np.testing.assert_array_equal(out, records["row"])


def test_read_only_input_is_accepted():
    rng = np.random.default_rng(2)
    frame = random_frame(rng, blocky_labels(rng, 16, 20))
    for array in (frame.labels, frame.thermal_labels):
        array.flags.writeable = False
    assert np.abs(frame.composed() - frame.specified).max() < 3e-4
