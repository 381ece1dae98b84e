"""Class maps are analysed once, and what they hand out is the caller's own."""

import numpy as np
import pytest

from thermalsdk import Temperatures
from thermalsdk.bundle import Bundle
from thermalsdk.class_map import ClassMaps
from thermalsdk.compositing import connected_components
from thermalsdk.errors import LabelError
from thermalsdk.regions import SIDES


@pytest.fixture
def class_maps(tiny_bundle):
    return ClassMaps(Bundle.open(tiny_bundle).manifest, SIDES)


@pytest.fixture
def classes(tiny_bundle):
    return Bundle.open(tiny_bundle).manifest.classes


def test_an_equal_map_is_not_analysed_again(class_maps, labels):
    first = class_maps.of(labels, None)
    assert class_maps.of(labels.copy(), None) is first
    expected, count = connected_components(labels)
    np.testing.assert_array_equal(first.objects.ids(), expected)
    assert first.objects.count == count


def test_any_change_is_seen(class_maps, labels):
    first = class_maps.of(labels, None)
    labels[5, 7] = (labels[5, 7] + 1) % 3
    changed = class_maps.of(labels, None)
    assert changed is not first
    np.testing.assert_array_equal(changed.labels, labels)
    instances = np.zeros(labels.shape, np.uint16)
    with_instances = class_maps.of(labels, instances)
    assert with_instances is not changed
    instances[3, 3] = 9
    assert class_maps.of(labels, instances) is not with_instances
    transposed = np.ascontiguousarray(labels.T)
    assert class_maps.of(transposed.reshape(labels.shape), None) is not class_maps.of(transposed, None)


def test_temperatures_are_painted_anew_when_they_change(class_maps, classes, labels):
    class_map = class_maps.of(labels, None)
    cold, warm = (
        Temperatures(ambient=270.0),
        Temperatures(ambient=270.0, classes={classes[labels[0, 0]]: 300.0}),
    )
    for _ in range(4):  # a scene that stands still is painted once
        painted = class_map.thermal_labels(cold, classes)
        assert (painted == 270.0).all()
        painted[:] = 0.0  # the caller's, who may do that
    np.testing.assert_array_equal(
        class_map.thermal_labels(warm, classes), warm.thermal_labels(labels, None, classes)
    )


def test_temperatures_that_were_changed_in_place_are_painted_anew(class_maps, classes, labels):
    class_map = class_maps.of(labels, None)
    name = classes[labels[0, 0]]
    changing = Temperatures(ambient=270.0, classes={name: 280.0})
    for kelvin in (280.0, 280.0, 300.0):
        changing.classes[name] = kelvin
        assert class_map.thermal_labels(changing, classes)[0, 0] == kelvin


def test_a_refused_map_leaves_the_one_before_it_whole(class_maps, classes, labels):
    before = class_maps.of(labels, None).objects.count
    refused = np.arange(labels.size, dtype=np.uint8).reshape(labels.shape)
    with pytest.raises(LabelError):
        class_maps.of(refused, None)
    assert class_maps.of(labels, None).objects.count == before


def test_one_temperature_per_object(class_maps, labels):
    class_map = class_maps.of(labels, None)
    means = np.linspace(270, 300, class_map.objects.count).astype(np.float32)
    np.testing.assert_array_equal(class_map.thermal_labels_of(means), means[class_map.objects.ids()])


def test_nothing_a_caller_keeps_can_change_it(class_maps, labels):
    class_map = class_maps.of(labels, None)
    before = class_map.labels.copy()
    labels[:] = 0
    np.testing.assert_array_equal(class_map.labels, before)
    assert not class_map.labels.flags.writeable
