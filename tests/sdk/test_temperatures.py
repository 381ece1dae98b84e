"""Temperatures: checks and the map made of them."""

import numpy as np
import pytest

from thermalsdk import ScenePrior, Temperatures
from thermalsdk.errors import TemperatureError
from thermalsdk.labels import STREET_CLASSES
from thermalsdk.temperatures.files import preset_names

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


def test_counts_are_recognised():
    with pytest.raises(TemperatureError) as caught:
        Temperatures(ambient=29315)
    assert "293.15 K" in caught.value.hint


@pytest.mark.parametrize("emissivity", [0.0, 1.1, -0.5, float("nan"), "shiny", True])
def test_impossible_emissivities(emissivity):
    with pytest.raises(TemperatureError, match="emissivity of 'car'"):
        Temperatures(ambient=283.0, emissivity={"car": emissivity})


def test_names_are_whole_regular_expressions_and_ids_go_first():
    temperatures = Temperatures(
        ambient=283.0, instances={"BP_Truck.*": 300.0, "BP_.*": 290.0, "Truck": 310.0, 9: 320.0}
    )
    names = {3: "BP_Truck_3", 4: "BP_Car", 9: "BP_Truck_9", 12: "My_Truck"}
    assert temperatures.resolved(names).instances == {3: 300.0, 4: 290.0, 9: 320.0}


def test_names_need_names():
    with pytest.raises(TemperatureError, match="have no names") as caught:
        Temperatures(ambient=283.0, instances={"Truck": 290.0}).check(CLASSES, has_instances=True)
    assert "instance_names=" in caught.value.hint
    with pytest.raises(TemperatureError, match="no regular expression"):
        Temperatures(ambient=283.0, instances={"Truck(": 290.0})


def test_changed_keeps_the_rest():
    before = Temperatures(ambient=283.0, classes={"car": 290.0, "person": 305.0}, prior=ScenePrior(sun=100))
    after = before.changed(classes={"person": 310.0}, instances={3: 300.0})
    assert after.classes == {"car": 290.0, "person": 310.0}
    assert (after.ambient, after.instances, after.prior) == (283.0, {3: 300.0}, before.prior)
    assert before.changed(ambient=270.0).ambient == 270.0
    assert before.classes["person"] == 305.0


def test_classes_that_are_set_go_before_the_prior():
    temperatures = Temperatures(
        ambient=283.0,
        classes={"car": 320.0},
        emissivity={"car": 0.5},
        reflected={"car": 250.0},
        prior=ScenePrior(sun=700),
    )
    assert temperatures.of_class("car") == 320.0
    assert temperatures.of_class("road") == temperatures.prior.kelvin("road", 283.0) > 290.0
    surfaces = temperatures.surfaces(CLASSES)
    assert surfaces.emissivity[1] == 0.5
    assert surfaces.reflected[1] == 250.0
    assert surfaces.emissivity[0] == np.float32(temperatures.prior.emissivity("road"))


def test_without_emissivities_everything_is_black():
    assert Temperatures(ambient=283.0, reflected={"car": 250.0}).surfaces(CLASSES) is None
    surfaces = Temperatures(ambient=283.0, emissivity={"car": 0.8}).surfaces(CLASSES)
    np.testing.assert_array_equal(surfaces.emissivity, np.float32([1, 0.8, 1]))
    np.testing.assert_array_equal(surfaces.reflected, np.float32([283, 283, 283]))


@pytest.mark.parametrize("name", preset_names())
def test_presets(name):
    temperatures = Temperatures.preset(name)
    temperatures.check(STREET_CLASSES, has_instances=False)
    assert temperatures.prior is not None
    assert all(240 < temperatures.of_class(name) < 330 for name in STREET_CLASSES)


def test_presets_differ_as_the_weather_does():
    noon, night = Temperatures.preset("summer-noon"), Temperatures.preset("winter-night")
    assert noon.of_class("road") - noon.of_class("person") > 5
    assert night.of_class("person") - night.of_class("road") > 5
    with pytest.raises(TemperatureError, match="'spring'") as caught:
        Temperatures.preset("spring")
    assert "winter-night" in caught.value.hint


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
def test_files_round_trip(tmp_path, suffix):
    path = tmp_path / f"scene{suffix}"
    temperatures = Temperatures(
        ambient=np.float32(283.5),
        classes={"car": 290.0},
        instances={7: 300.0, "BP_Truck.*": 310.0},
        emissivity={"car": 0.9},
        reflected={"car": 260.0},
        prior=ScenePrior(sun=np.float32(300.0), engine_off=None),
    )
    temperatures.save(path)
    assert Temperatures.load(path) == temperatures
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_kelvin_in_a_file_of_celsius_are_refused(tmp_path):
    path = tmp_path / "scene.yaml"
    path.write_text("unit: celsius\nambient: 283\n")
    with pytest.raises(TemperatureError, match=r"scene\.yaml: ambient is 283 °C"):
        Temperatures.load(path)


@pytest.mark.parametrize("suffix", [".yaml", ".json", ".YAML"])
def test_a_name_of_digits_stays_a_name(tmp_path, suffix):
    path = tmp_path / f"scene{suffix}"
    temperatures = Temperatures(ambient=283.5, instances={"77": 350.0, 77: 300.0})
    temperatures.save(path)
    assert Temperatures.load(path).resolved({9: "77", 10: "7"}).instances == {9: 350.0, 77: 300.0}


def test_celsius_in_a_file(tmp_path):
    path = tmp_path / "scene.yaml"
    path.write_text("unit: celsius\nambient: 10\nclasses: {person: 31}\nemissivity: {person: 0.98}\n")
    temperatures = Temperatures.load(path)
    assert temperatures.ambient == pytest.approx(283.15)
    assert temperatures.classes == {"person": pytest.approx(304.15)}
    assert temperatures.emissivity == {"person": 0.98}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ambient: 10", "unit: celsius"),
        ("ambient: 283\nclasses: {person: 5000}", "class 'person' is 5000 K"),
        ("ambient: 283\nclasses: {person: warm}", "classes: person is 'warm'"),
        ("ambient: 283\nclasses: [person]", "no mapping"),
        ("unit: fahrenheit\nambient: 50", "kelvin or celsius"),
        ("unit: [celsius]\nambient: 10", "kelvin or celsius"),
        ("classes: {person: 300}", "no field 'ambient'"),
        ("ambient: 283\nclases: {person: 300}", "unknown field 'clases'"),
        ("ambient: 283\nprior: {sunshine: 3}", "unknown field 'sunshine'"),
        ("ambient: 283\nprior: {cloud: 80}", "cloud is 80"),
        ("- 283", "no mapping"),
    ],
)
def test_files_that_say_nonsense(tmp_path, text, words):
    path = tmp_path / "scene.yaml"
    path.write_text(text)
    with pytest.raises(TemperatureError) as caught:
        Temperatures.load(path)
    assert words in str(caught.value)
    assert str(path) in caught.value.message


def test_a_mapping_that_changes_afterwards_changes_nothing():
    classes = {"road": 280.0}
    before = Temperatures(ambient=283.0, classes=classes)
    classes["road"] = 300.0
    assert before.of_class("road") == 280.0
    assert Temperatures(ambient=283.0, classes=classes) != before


def test_a_preset_belongs_to_who_asked_for_it():
    Temperatures.preset("rain").classes["person"] = 350.0
    assert Temperatures.preset("rain").classes.get("person") != 350.0


@pytest.mark.parametrize("values", [None, ["person"], 300.0])
def test_temperatures_of_classes_are_a_mapping(values):
    with pytest.raises(TemperatureError, match="classes is") as caught:
        Temperatures(ambient=283.0, classes=values)
    assert "mapping" in caught.value.hint
