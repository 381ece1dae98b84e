"""Label tables: facts of each source numbering, fall-backs, refusals."""

import json

import numpy as np
import pytest

from thermalsdk import labels
from thermalsdk.errors import LabelTableError
from thermalsdk.inputs import check_labels
from thermalsdk.labels import STREET_CLASSES, LabelTable, read_table, table, table_names
from thermalsdk.labels.unlabelled import warn_of_unlabelled

IDS = {name: index for index, name in enumerate(STREET_CLASSES)}


def test_class_ids_are_the_painters_order():
    assert STREET_CLASSES[0] == "background"
    assert STREET_CLASSES[-1] == "person"
    assert len(STREET_CLASSES) == 10


@pytest.mark.parametrize("name", table_names())
def test_every_table_gives_a_full_lookup(name):
    found = table(name).lookup(STREET_CLASSES)
    assert found.dtype == np.uint8
    assert found.shape == (256,)
    assert np.all((found < len(STREET_CLASSES)) | (found == labels.VOID))
    assert table(name).source


def test_shipped_names():
    assert table_names() == (
        "airsim",
        "camvid",
        "carla",
        "carla-0.9.13",
        "cityscapes",
        "cityscapes-train",
        "thermalworld",
    )


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        (
            "cityscapes",
            {7: "road", 11: "building", 21: "vegetation", 24: "person", 27: "truck", 33: "background"},
        ),
        ("cityscapes-train", {0: "road", 2: "building", 10: "sky", 12: "person", 13: "car", 15: "bus"}),
        (
            "carla",
            {
                1: "road",
                3: "building",
                11: "sky",
                12: "person",
                14: "car",
                15: "truck",
                16: "bus",
                24: "road",
            },
        ),
        (
            "carla-0.9.13",
            {1: "building", 4: "person", 6: "road", 9: "vegetation", 10: "car", 12: "background"},
        ),
        (
            "camvid",
            {0: "sky", 1: "building", 2: "background", 3: "road", 5: "vegetation", 8: "car", 9: "person"},
        ),
    ],
)
def test_facts(name, facts):
    found = table(name).lookup(STREET_CLASSES)
    assert {key: STREET_CLASSES[found[key]] for key in facts} == facts


def test_carla_ids_are_cityscapes_train_ids_plus_one():
    carla = table("carla").lookup(STREET_CLASSES)
    cityscapes = table("cityscapes-train").lookup(STREET_CLASSES)
    np.testing.assert_array_equal(carla[1:20], cityscapes[0:19])


def test_void_ids():
    assert table("cityscapes-train").lookup(STREET_CLASSES)[255] == labels.VOID
    assert table("cityscapes").lookup(STREET_CLASSES)[1] == labels.VOID
    assert table("camvid").lookup(STREET_CLASSES)[11] == labels.VOID


def test_missing_classes_fall_back():
    bundle = ("background", "building", "car", "person")
    found = table("cityscapes-train").lookup(bundle)
    assert [bundle[found[key]] for key in (14, 15, 13, 11, 10, 0)] == [
        "car",
        "car",
        "car",
        "person",
        "background",
        "background",
    ]


def test_a_bundle_without_background_is_refused():
    with pytest.raises(LabelTableError):
        table("carla").lookup(("car", "person"))


def test_a_shipped_table_is_the_callers_own():
    mine = table("carla")
    mine.classes[1] = "car"
    assert table("carla").classes[1] == "road"


def test_a_table_that_was_changed_counts_as_it_is_now():
    mine = LabelTable("mine", "", {np.int64(1): "road"}, "background")
    assert json.dumps(mine.classes) == '{"1": "road"}'
    labels = np.ones((64, 64), np.uint8)
    assert check_labels(labels, (64, 64), mine, STREET_CLASSES).max() == STREET_CLASSES.index("road")
    mine.classes[1] = "car"
    assert check_labels(labels, (64, 64), mine, STREET_CLASSES).max() == STREET_CLASSES.index("car")


def test_classes_of_a_table_are_names():
    with pytest.raises(LabelTableError, match="unknown classes"):
        LabelTable("mine", "", {1: None, 2: "zz"}, "background")


def test_unknown_table_names_the_shipped_ones():
    with pytest.raises(LabelTableError, match="kitti") as caught:
        table("kitti")
    assert "cityscapes" in caught.value.hint


def test_own_table(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"source": "me", "classes": {"7": "minibus"}, "default": "void"}))
    found = read_table(path).lookup(STREET_CLASSES)
    assert found[7] == IDS["minibus"]
    assert found[8] == labels.VOID


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        '{"classes": {}}',
        '{"source": "me", "classes": {"1": "boat"}, "default": "void"}',
        '{"source": "me", "classes": {"300": "car"}, "default": "void"}',
        '{"source": "me", "classes": {"x": "car"}, "default": "void"}',
    ],
)
def test_bad_tables_are_refused(tmp_path, text):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(LabelTableError):
        read_table(path)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(LabelTableError):
        read_table(tmp_path / "none.json")


def test_ids_that_a_numbering_does_not_list_are_said_once(caplog):
    carla = table("carla")
    ids = np.full((96, 128), 1, np.uint8)
    warn_of_unlabelled(carla, ids)
    assert not caplog.records
    ids[:24] = 77
    for _ in range(3):
        warn_of_unlabelled(carla, ids)
    (record,) = caplog.records
    assert (
        "the ids 77, which the numbering 'carla' does not list: 25 % of the map is taken as background"
        in (record.message)
    )
    ids[24:48] = 200
    warn_of_unlabelled(carla, ids)
    assert "the ids 77, 200" in caplog.text


def test_ids_of_another_numbering_are_said(synth, rgb, caplog):
    synth(rgb, labels=np.full(rgb.shape[:2], 6), label_ids="airsim")
    assert "100 % of the map is taken as background" in caplog.text


def test_unsure_pixels_of_a_data_set_are_background_and_said(synth, rgb, caplog):
    maps = np.zeros(rgb.shape[:2], np.uint8)
    maps[:24] = 11
    labels = synth(rgb, labels=maps, label_ids="camvid").labels
    assert synth.info.classes[labels[0, 0]] == "background"
    assert "the ids 11, which carry no class in the numbering 'camvid': 25 % of the map" in caplog.text
