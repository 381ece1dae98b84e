"""The physical prior: what sun, sky, rain and engines do to the street classes."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermalsdk import ScenePrior
from thermalsdk.errors import TemperatureError
from thermalsdk.labels import STREET_CLASSES
from thermalsdk.temperatures import scene_prior

VEHICLES = ("truck", "bus", "minibus", "car")
AIR = 288.15
NIGHT = ScenePrior(sun=0.0, cloud=0.1)


def test_every_class_but_the_sky_has_properties_with_sources():
    table = json.loads(scene_prior._TABLE.read_text())
    assert set(table["classes"]) == set(STREET_CLASSES) - {"sky"}
    for row in scene_prior.class_properties().values():
        assert row.sources
        assert set(row.sources) <= set(table["sources"])
        assert 0.8 < row.emissivity < 1


@given(st.floats(253.0, 313.0), st.floats(0, 1000), st.floats(0, 1), st.floats(0, 10), st.floats(0, 1))
def test_temperatures_are_those_of_a_street(ambient, sun, cloud, wind, wetness):
    prior = ScenePrior(sun=sun, cloud=cloud, wind=wind, wetness=wetness)
    for name in STREET_CLASSES:
        assert ambient - 35 < prior.kelvin(name, ambient) < ambient + 50


@pytest.mark.parametrize("name", [name for name in STREET_CLASSES if name != "sky"])
def test_sun_warms(name):
    assert replace(NIGHT, sun=800.0).kelvin(name, AIR) > NIGHT.kelvin(name, AIR) + 0.5


@pytest.mark.parametrize("name", ["road", "car", "building", "background"])
def test_clouds_wind_and_rain_bring_surfaces_towards_the_air(name):
    noon = ScenePrior(sun=800.0, stored=0.0)
    for change in ({"wind": 8.0}, {"wetness": 1.0}):
        assert replace(noon, **change).kelvin(name, AIR) < noon.kelvin(name, AIR)
    clear, covered = ScenePrior(cloud=0.0, stored=0.0), ScenePrior(cloud=1.0, stored=0.0)
    assert clear.kelvin(name, AIR) < covered.kelvin(name, AIR)


def test_a_clear_sky_is_cold_and_clouds_are_not():
    assert ScenePrior(cloud=0.0).kelvin("sky", AIR) < AIR - 12
    assert AIR - 10 < ScenePrior(cloud=1.0).kelvin("sky", AIR) < AIR - 4


@pytest.mark.parametrize("name", VEHICLES)
def test_engines_cool_down(name):
    kelvin = [replace(NIGHT, engine_off=minutes).kelvin(name, AIR) for minutes in (0.0, 60.0, None)]
    assert kelvin[0] > kelvin[1] > kelvin[2]
    assert (kelvin[1] - kelvin[2]) / (kelvin[0] - kelvin[2]) == pytest.approx(0.3679, abs=1e-3)
    assert NIGHT.kelvin("road", AIR) == replace(NIGHT, engine_off=None).kelvin("road", AIR)


def test_people_are_warmer_than_a_cold_night_and_less_so_than_their_skin():
    for ambient in (258.15, 273.15, 288.15):
        assert ambient + 3 < NIGHT.kelvin("person", ambient) < 304.0


def test_the_road_is_hotter_than_people_at_a_summer_noon():
    noon = ScenePrior(sun=890.0, cloud=0.1)
    assert noon.kelvin("road", 303.15) > noon.kelvin("person", 303.15)


def test_reflections_lie_between_sky_and_air():
    for name in STREET_CLASSES:
        assert NIGHT.kelvin("sky", AIR) < NIGHT.reflected(name, AIR) <= AIR + 1e-2
    assert NIGHT.reflected("road", AIR) < NIGHT.reflected("building", AIR)
    assert NIGHT.emissivity("sky") == 1.0


def test_a_class_of_another_bundle_is_like_the_air():
    assert NIGHT.kelvin("boat", AIR) == AIR
    assert NIGHT.emissivity("boat") == 1.0


@pytest.mark.parametrize(
    "weather",
    [{"sun": -1.0}, {"sun": 5000.0}, {"cloud": 50}, {"wind": "weak"}, {"wetness": True}, {"engine_off": -3}],
)
def test_impossible_weather(weather):
    with pytest.raises(TemperatureError, match=next(iter(weather))):
        ScenePrior(**weather)
