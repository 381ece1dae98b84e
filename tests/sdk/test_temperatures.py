"""Temperatures: checks and the map made of them."""

import numpy as np
import pytest

from thermalsdk import Temperatures
from thermalsdk.errors import TemperatureError

CLASSES = ("road", "car", "person")


def test_instance_goes_before_class_and_class_before_ambient():
    temperatures = Temperatures(ambient=283.0, classes={"car": 290.0}, instances={7: 310.0, 99: 200.0})
    labels = np.array([[0, 1, 2], [1, 1, 2]], np.uint8)
    instances = np.array([[0, 0, 0], [7, 5, 7]], np.uint16)
    thermal_labels = temperatures.thermal_labels(labels, instances, CLASSES)
    assert thermal_labels.dtype == np.float32
    np.testing.assert_array_equal(thermal_labels, np.float32([[283, 290, 283], [310, 290, 310]]))


@pytest.mark.parametrize(
    "arguments",
    [
        {"ambient": 20.0},
        {"ambient": 283.0, "classes": {"car": 20.0}},
        {"ambient": 283.0, "instances": {3: 20.0}},
        {"ambient": -10},
    ],
)
def test_celsius_is_recognised(arguments):
    with pytest.raises(TemperatureError, match="no surface has") as caught:
        Temperatures(**arguments)
    assert "293.15 K" in caught.value.hint or "263.15 K" in caught.value.hint


@pytest.mark.parametrize("value", [149.9, 2000.1, float("nan"), float("inf"), -500.0])
def test_impossible_temperatures(value):
    with pytest.raises(TemperatureError, match="no surface has"):
        Temperatures(ambient=value)


@pytest.mark.parametrize("value", ["warm", None, [283.0]])
def test_temperatures_are_numbers(value):
    with pytest.raises(TemperatureError, match="no number"):
        Temperatures(ambient=value)


@pytest.mark.parametrize("number", [-1, 65536, True, 1.5])
def test_instance_ids_are_those_of_the_map(number):
    with pytest.raises(TemperatureError, match="is no id"):
        Temperatures(ambient=283.0, instances={number: 300.0})


def test_numpy_numbers_are_welcome():
    Temperatures(
        ambient=np.float32(283), classes={"car": np.float64(290)}, instances={np.uint16(3): np.int64(300)}
    )


def test_unknown_class_lists_the_bundle():
    with pytest.raises(TemperatureError, match="'bicycle'") as caught:
        Temperatures(ambient=283.0, classes={"bicycle": 290.0}).check(CLASSES, has_instances=False)
    assert "road, car, person" in caught.value.hint


def test_instances_need_a_map():
    with pytest.raises(TemperatureError, match="without an instance map"):
        Temperatures(ambient=283.0, instances={3: 290.0}).check(CLASSES, has_instances=False)
