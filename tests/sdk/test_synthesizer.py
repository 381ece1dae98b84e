"""The synthesizer on the tiny bundle: contracts of every argument and result."""

import threading

import numpy as np
import pytest

from tests.sdk.tiny_bundle import write_tiny_bundle
from thermalsdk import Frame, Synthesizer, Temperatures, compositing
from thermalsdk.backends.onnxruntime import OnnxRuntimeGraph
from thermalsdk.bundle import Bundle
from thermalsdk.errors import BundleError, ClosedError, InferenceError
from thermalsdk.labels import STREET_CLASSES, table

FEATHER = 2
STREET = Temperatures(
    ambient=283.15, classes={"sky": 250.0, "building": 287.0, "car": 295.0, "person": 305.0}
)


def load(bundle, **options):
    return Synthesizer.load(bundle, device="cpu", threads=1, warmup=False, **options)


def check_whole(frame, size):
    assert isinstance(frame, Frame)
    assert (frame.kelvin.shape, frame.kelvin.dtype) == (size, np.float32)
    assert (frame.labels.shape, frame.labels.dtype) == (size, np.uint8)
    assert (frame.thermal_labels.shape, frame.thermal_labels.dtype) == (size, np.float32)
    assert (frame.raw16.shape, frame.raw16.dtype) == (size, np.uint16)
    assert (frame.display.shape, frame.display.dtype) == (size, np.uint8)
    assert frame.kelvin.flags.c_contiguous
    assert np.isfinite(frame.kelvin).all()
    assert 150 < frame.kelvin.min() < frame.kelvin.max() < 400


def test_colour_alone(synth, rgb):
    frame = synth(rgb)
    check_whole(frame, (96, 128))
    timing = frame.timing
    assert set(timing.classes) == {STREET_CLASSES[number] for number in np.unique(frame.labels)}
    stages = timing.prepare + timing.segmenter + timing.temperatures + timing.encoder + timing.composite
    assert timing.total == pytest.approx(stages + timing.layers, rel=1e-6)


def test_predicted_maps_given_back_give_the_same_frame(synth, rgb):
    frame = synth(rgb)
    again = synth(rgb, labels=frame.labels, thermal_labels=frame.thermal_labels)
    np.testing.assert_array_equal(again.kelvin, frame.kelvin)
    np.testing.assert_array_equal(synth(rgb, labels=frame.labels).thermal_labels, frame.thermal_labels)


def test_repetition_is_bit_exact(synth, rgb, labels):
    first, second = (synth(rgb, labels=labels, temperatures=STREET) for _ in range(2))
    np.testing.assert_array_equal(first.kelvin, second.kelvin)


@pytest.mark.parametrize("size", [(64, 64), (64, 200), (65, 67), (96, 128), (97, 131), (127, 65), (241, 113)])
def test_any_size(synth, size):
    rng = np.random.default_rng(0)
    frame = synth(rng.integers(0, 256, (*size, 3), np.uint8))
    check_whole(frame, size)


def test_padding_is_that_of_a_frame_padded_by_hand(synth, rgb, labels):
    """Away from the edge, padding by the SDK equals padding outside of it."""
    height, width = 90, 121
    small_rgb, small_labels = rgb[:height, :width], labels[:height, :width]
    margins = ((0, 96 - height), (0, 128 - width))
    padded_rgb = np.pad(small_rgb, (*margins, (0, 0)), mode="edge")
    padded_labels = np.pad(small_labels, margins, mode="edge")
    thermal_labels = STREET.thermal_labels(small_labels, None, STREET_CLASSES)

    small = synth(small_rgb, labels=small_labels, thermal_labels=thermal_labels)
    padded = synth(
        padded_rgb, labels=padded_labels, thermal_labels=np.pad(thermal_labels, margins, mode="edge")
    )
    # Means of objects that reach into the padding differ; an object's contrast around its mean does not.
    for ids, count in [compositing.connected_components(small_labels)]:
        inner = np.zeros(small_labels.shape, bool)
        inner[4:-4, 4:-4] = True
        for number in range(count):
            pixels = (ids == number) & inner & _uniform(small_labels)
            if pixels.any():
                difference = small.kelvin[pixels] - padded.kelvin[:height, :width][pixels]
                assert np.ptp(difference) < 1e-3


def _uniform(labels):
    """Pixels whose window of the feather holds one label only."""
    uniform = np.ones(labels.shape, bool)
    for dy in range(-FEATHER, FEATHER + 1):
        for dx in range(-FEATHER, FEATHER + 1):
            uniform &= np.roll(labels, (dy, dx), (0, 1)) == labels
    return uniform


def test_object_mean_is_the_temperature_that_was_set(synth, rgb, labels):
    frame = synth(rgb, labels=labels, temperatures=STREET)
    ids, count = compositing.connected_components(labels)
    for number in range(count):
        inside = (ids == number) & _uniform(labels)
        wanted = frame.thermal_labels[ids == number]
        assert np.ptp(wanted) == 0
        # The feather exchanges a little at the border, so the mean is taken with a generous tolerance.
        assert abs(frame.kelvin[inside].mean() - wanted[0]) < 6.0


def test_setting_one_class_changes_only_its_area_and_feather(synth, rgb, labels):
    cold = synth(rgb, labels=labels, temperatures=STREET)
    warm = synth(
        rgb,
        labels=labels,
        temperatures=Temperatures(ambient=283.15, classes={**STREET.classes, "car": 320.0}),
    )
    reach = np.zeros(labels.shape, bool)
    rows, columns = np.nonzero(labels == STREET_CLASSES.index("car"))
    for dy in range(-FEATHER, FEATHER + 1):
        for dx in range(-FEATHER, FEATHER + 1):
            reach[np.clip(rows + dy, 0, 95), np.clip(columns + dx, 0, 127)] = True
    np.testing.assert_array_equal(cold.kelvin[~reach], warm.kelvin[~reach])
    assert (cold.kelvin != warm.kelvin)[labels == STREET_CLASSES.index("car")].all()


def test_temperatures_of_instances(synth, rgb, labels):
    instances = np.zeros(labels.shape, np.uint16)
    instances[:, 80:][labels[:, 80:] == 8] = 700
    frame = synth(
        rgb,
        labels=labels,
        instances=instances,
        temperatures=Temperatures(ambient=283.15, classes={"car": 290.0}, instances={700: 310.0}),
    )
    assert (frame.thermal_labels[instances == 700] == 310.0).all()
    assert (frame.thermal_labels[60, 40:70] == 290.0).all()
    assert frame.kelvin[52:68, 92:113].mean() - frame.kelvin[52:68, 42:68].mean() > 5


def test_instances_split_touching_objects(synth, rgb):
    """Two instances of a class get temperatures of their own from the labeller even where they touch."""
    labels = np.full((96, 128), 8, np.uint8)
    instances = np.zeros((96, 128), np.uint16)
    instances[:, 64:] = 1
    one = synth(rgb, labels=labels)
    two = synth(rgb, labels=labels, instances=instances)
    assert len(np.unique(one.thermal_labels)) == 1
    assert len(np.unique(two.thermal_labels)) == 2


def test_only_layers_of_present_classes_run(synth, rgb, labels):
    frame = synth(rgb, labels=labels, temperatures=STREET)
    assert set(frame.timing.classes) == {"sky", "road", "building", "car", "person"}
    assert frame.timing.segmenter == 0.0


def test_channel_order(synth, rgb, labels):
    bgr = rgb[..., ::-1]
    plain = synth(rgb, labels=labels)
    np.testing.assert_array_equal(synth(bgr, labels=labels, color="bgr").kelvin, plain.kelvin)
    assert not np.array_equal(synth(bgr, labels=labels).kelvin, plain.kelvin)


def test_strides_do_not_matter(synth, rgb, labels):
    wide = np.zeros((192, 256, 4), np.uint8)
    wide[::2, ::2, :3] = rgb
    thermal_labels = STREET.thermal_labels(labels, None, STREET_CLASSES)
    plain = synth(rgb, labels=labels, thermal_labels=thermal_labels)
    strided = synth(
        wide[::2, ::2, :3],
        labels=np.asfortranarray(labels),
        thermal_labels=np.asfortranarray(thermal_labels.astype(np.float64)),
    )
    np.testing.assert_array_equal(strided.kelvin, plain.kelvin)


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.uint16, np.int64])
def test_integer_types_of_labels(synth, rgb, labels, dtype):
    frame = synth(rgb, labels=labels.astype(dtype), temperatures=STREET)
    np.testing.assert_array_equal(frame.labels, labels)


def test_other_numberings(synth, rgb):
    tags = np.full((96, 128), 7, np.uint8)  # Cityscapes: road
    tags[50:70, 40:70] = 26  # car
    frame = synth(rgb, labels=tags, label_ids="cityscapes", temperatures=STREET)
    np.testing.assert_array_equal(frame.labels, table("cityscapes").lookup(STREET_CLASSES)[tags])
    assert set(frame.timing.classes) == {"road", "car"}


def test_results_are_owned(synth, rgb, labels):
    thermal_labels = np.full(labels.shape, 290, np.float32)
    frame = synth(rgb, labels=labels, thermal_labels=thermal_labels)
    kelvin, raw16 = frame.kelvin.copy(), frame.raw16.copy()
    for result, given in ((frame.labels, labels), (frame.thermal_labels, thermal_labels)):
        assert not np.shares_memory(result, given)
    synth(rgb[::-1], labels=labels[::-1], thermal_labels=thermal_labels)
    np.testing.assert_array_equal(frame.kelvin, kelvin)
    np.testing.assert_array_equal(frame.raw16, raw16)


def test_out_receives_kelvin(synth, rgb, labels):
    plain = synth(rgb, labels=labels, temperatures=STREET)
    out = np.empty((96, 128), np.float32)
    frame = synth(rgb, labels=labels, temperatures=STREET, out=out)
    assert frame.kelvin is out
    np.testing.assert_array_equal(out, plain.kelvin)


def test_inputs_stay_as_they_are(synth, rgb, labels):
    before = rgb.copy(), labels.copy()
    synth(rgb, labels=labels, temperatures=STREET)
    np.testing.assert_array_equal(rgb, before[0])
    np.testing.assert_array_equal(labels, before[1])


def test_info(synth, tiny_bundle):
    info = synth.info
    assert info.classes == STREET_CLASSES
    assert info.bundle == str(tiny_bundle)
    assert (info.backend, info.device, info.providers) == ("onnxruntime", "cpu", ("CPUExecutionProvider",))
    assert info.kelvin_range == (253.15, 333.15)
    assert not info.radiometric
    assert info.to_dict()["classes"] == STREET_CLASSES


def test_context_manager_and_double_close(tiny_bundle, rgb):
    with load(tiny_bundle) as synthesizer:
        synthesizer(rgb)
    synthesizer.close()
    for use in (lambda: synthesizer(rgb), synthesizer.warmup, synthesizer.__enter__):
        with pytest.raises(ClosedError):
            use()
    with pytest.raises(ClosedError):
        synthesizer.stream([rgb])
    assert synthesizer.info.name == "tiny"


def test_a_closed_synthesizer_leaves_no_threads(tiny_bundle, rgb):
    before = set(threading.enumerate())
    synthesizers = [Synthesizer.load(tiny_bundle, device="cpu", threads=2, warmup=False) for _ in range(3)]
    for synthesizer in synthesizers:
        synthesizer(rgb)
    assert set(threading.enumerate()) > before
    for synthesizer in synthesizers:
        synthesizer.close()
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("warmup", [False, True])
def test_warmup_runs_every_graph(tiny_bundle, monkeypatch, warmup):
    ran, run = [], OnnxRuntimeGraph.run
    monkeypatch.setattr(
        OnnxRuntimeGraph, "run", lambda graph, *given: ran.append(graph.spec.file) or run(graph, *given)
    )
    files = {spec.file for spec in Bundle.open(tiny_bundle).manifest.graphs.all()}
    with Synthesizer.load(tiny_bundle, device="cpu", threads=1, warmup=warmup) as synthesizer:
        assert set(ran) == (files if warmup else set())
        ran.clear()
        synthesizer.warmup(2, (64, 80))
    assert set(ran) == files
    assert ran.count("encoder.onnx") == 2 * 2  # with a class map and without


def test_threads_take_turns(synth, rgb, labels):
    wanted = synth(rgb, labels=labels, temperatures=STREET).kelvin
    results = []

    def work():
        results.extend(synth(rgb, labels=labels, temperatures=STREET).kelvin for _ in range(3))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 9
    for result in results:
        np.testing.assert_array_equal(result, wanted)


def test_bundle_without_segmenter_or_labeller(tmp_path, rgb, labels):
    bare = write_tiny_bundle(tmp_path / "bare", segmenter=False, labeller=False)
    with Synthesizer.load(bare, device="cpu", threads=1) as synthesizer:
        check_whole(synthesizer(rgb, labels=labels, temperatures=STREET), (96, 128))
        with pytest.raises(BundleError, match="no segmenter") as caught:
            synthesizer(rgb)
        assert "labels=" in caught.value.hint
        with pytest.raises(BundleError, match="no labeller") as caught:
            synthesizer(rgb, labels=labels)
        assert "temperatures=" in caught.value.hint


def test_bundle_of_other_classes(tmp_path, rgb):
    small = write_tiny_bundle(tmp_path / "small", ("background", "car"))
    with load(small) as synthesizer:
        tags = np.full((96, 128), 28, np.uint8)  # Cityscapes: bus, which this bundle draws as a car
        assert set(synthesizer(rgb, labels=tags, label_ids="cityscapes").timing.classes) == {"car"}


def test_numbers_that_are_not_finite_name_the_layer(tiny_bundle, rgb, labels, monkeypatch):
    with load(tiny_bundle) as synthesizer:
        graph = synthesizer._networks._generator._layers._graphs[STREET_CLASSES.index("car")]

        def fail(inputs, outputs):
            outputs["contrast"].fill(np.nan)

        monkeypatch.setattr(graph, "run", fail)
        with pytest.raises(InferenceError, match="car"):
            synthesizer(rgb, labels=labels, temperatures=STREET)


def test_a_segmenter_that_gives_no_numbers(tiny_bundle, rgb, monkeypatch):
    with load(tiny_bundle) as synthesizer:
        monkeypatch.setattr(
            synthesizer._networks._segmenter, "run", lambda inputs, outputs: outputs["logits"].fill(np.nan)
        )
        with pytest.raises(InferenceError, match=r"segmenter\.onnx"):
            synthesizer(rgb)
