"""AirSim: names to ids, classes and temperatures; responses to thermal frames."""

import json
import re
from functools import partial

import numpy as np
import pytest

from tests.sdk.adapters.recorded_airsim import PALETTE, Client
from thermalsdk.adapters.airsim import AirSimObject, AirSimObjects, ThermalCamera
from thermalsdk.adapters.airsim.images import bgr, ids_of_colours, read_palette
from thermalsdk.errors import LabelError, LabelTableError, OptionError, ShapeError, VideoError
from thermalsdk.labels import STREET_CLASSES, table

PLAIN = [
    AirSimObject(r"SM_road\w*", "road", 290.0),
    AirSimObject(r"SM_sky\w*", "sky", 250.0),
    AirSimObject(r"SM_(building)\w*", "building"),
    AirSimObject(r"\w*person\w*", "person", 305.0),
    AirSimObject(r"\w*zebra\w*", "background", 298.0),
]


@pytest.fixture
def client(moments):
    return Client(moments[0])


@pytest.fixture
def objects():
    return AirSimObjects(PLAIN)


def test_every_class_has_ten_ids_and_the_rest_is_background():
    found = table("airsim").lookup(STREET_CLASSES)
    for number, name in enumerate(STREET_CLASSES[1:], start=1):
        np.testing.assert_array_equal(
            np.flatnonzero(found == number), np.arange(10 * number, 10 * number + 10)
        )
        assert name in table("airsim").classes.values()


def test_objects_get_ids_of_their_class(client, objects, caplog):
    absent = objects.assign(client)
    assert absent == (r"\w*zebra\w*",)
    assert "zebra" in caplog.text
    lookup = table("airsim").lookup(STREET_CLASSES)
    for name, number in client.ids.items():
        kind = name.split("_")[1].lower()
        known = kind in ("road", "sky", "building", "person")
        assert STREET_CLASSES[lookup[number]] == (kind if known else "background")
        assert (number == 0) == (not known)


def test_a_later_pattern_wins(client):
    person = next(name for name in client.meshes if "Person" in name)
    objects = AirSimObjects([*PLAIN, AirSimObject(re.escape(person), "person", 320.0)])
    objects.assign(client)
    assert objects.ids[client.ids[person]].kelvin == 320.0


@pytest.mark.parametrize("palette", [None, PALETTE], ids=["infrared", "segmentation"])
def test_a_thermal_frame_has_the_temperatures_of_the_names(street, client, objects, palette):
    objects.assign(client)
    see = partial(street, temperatures=objects.temperatures(ambient=285.0, classes={"building": 287.0}))
    image = ThermalCamera(client, see, palette=palette).read()
    moment = client.moment
    ids = client.object_ids()
    expected = street(
        moment.rgb,
        labels=ids,
        label_ids="airsim",
        instances=ids,
        temperatures=objects.temperatures(285.0, {"building": 287.0}),
    )
    np.testing.assert_array_equal(image.thermal.kelvin, expected.kelvin)
    kelvin = {"road": 290.0, "sky": 250.0, "building": 287.0, "person": 305.0, "car": 285.0}
    for name, value in kelvin.items():
        there = moment.labels == STREET_CLASSES.index(name)
        assert np.all(image.thermal.thermal_labels[there] == value)
    assert image.time_stamp == 1_700_000_000_000_000_000
    assert image.camera_position.z_val == -3.0


def test_an_empty_response_is_an_error(street, client):
    client.empty = True
    with pytest.raises(VideoError, match="empty"):
        ThermalCamera(client, street).read()


def test_a_response_with_alpha_is_refused(client):
    response = client._response("0", 0, False, False)
    response.image_data_uint8 = bytes(96 * 128 * 4)
    with pytest.raises(ShapeError, match="49152 bytes"):
        bgr(response)


def test_colours_give_their_ids():
    ids = np.random.default_rng(0).integers(0, 256, (40, 60), np.uint8)
    np.testing.assert_array_equal(ids_of_colours(PALETTE[ids][..., ::-1], PALETTE), ids)


def test_a_colour_of_no_id_is_refused():
    pixels = PALETTE[np.zeros((4, 4), np.uint8)][..., ::-1].copy()
    pixels[2, 2, 0] ^= 1
    with pytest.raises(LabelError, match="no object id"):
        ids_of_colours(pixels, PALETTE)


def palette_text(palette):
    return "".join(f"{number}\t{colour.tolist()}\n" for number, colour in enumerate(palette))


def test_palettes_in_airsims_form(tmp_path):
    path = tmp_path / "seg_rgbs.txt"
    path.write_text(palette_text(PALETTE))
    np.testing.assert_array_equal(read_palette(path), PALETTE)


@pytest.mark.parametrize("text", ["", palette_text(PALETTE[:255]), palette_text(PALETTE // 128), "0 1 2"])
def test_bad_palettes_are_refused(tmp_path, text):
    path = tmp_path / "seg_rgbs.txt"
    path.write_text(text)
    with pytest.raises(LabelTableError, match="seg_rgbs"):
        read_palette(path)


@pytest.mark.parametrize(
    ("name", "human", "soil"), [("africa-winter", 292.0, 278.0), ("africa-summer", 301.0, 288.0)]
)
def test_shipped_objects_have_the_temperatures_of_airsims_script(name, human, soil):
    kelvin = {described.pattern: described.kelvin for described in AirSimObjects.preset(name).objects}
    assert (kelvin[r"\w*Poacher\w*"], kelvin[r"\w*Base_Terrain\w*"]) == (human, soil)


def test_unknown_preset_names_the_shipped_ones():
    with pytest.raises(OptionError, match="mars") as caught:
        AirSimObjects.preset("mars")
    assert "africa-winter" in caught.value.hint


@pytest.mark.parametrize(
    ("objects", "error"),
    [
        ([AirSimObject("(", "car")], OptionError),
        ([AirSimObject("x", "boat")], LabelTableError),
        ([AirSimObject(f"car{n}", "car") for n in range(11)], LabelTableError),
    ],
)
def test_objects_that_cannot_be_numbered_are_refused(objects, error):
    with pytest.raises(error):
        AirSimObjects(objects)


@pytest.mark.parametrize("content", ["{", "{}", json.dumps({"objects": [{"patern": "x", "label": "car"}]})])
def test_bad_files_of_objects_are_refused(tmp_path, content):
    path = tmp_path / "objects.json"
    path.write_text(content)
    with pytest.raises(LabelTableError, match=r"objects\.json"):
        AirSimObjects.load(path)
