"""`python -m train downstream`: corpora, average precision in boxes, seeds, resumed runs."""

import argparse
import json
from functools import partial

import numpy as np
import pytest
import torch

from thermalsdk import Synthesizer
from thermalsdk.labels import STREET_CLASSES
from thermalsdk.scenes import StreetScene
from train.data import Box, Dataset, DatasetError, DatasetWriter, FrameSpec, ThermalSpec
from train.downstream import command, training
from train.downstream.corpora import (
    TARGETS,
    displayed,
    grey_colours,
    real_thermal,
    synthetic_thermal,
    target_of,
)
from train.downstream.scoring import covered_cells, score_boxes
from train.downstream.table import summarise, table_markdown
from train.downstream.training import DetectorConfig, draw_batch, predictor, train_detector
from train.networks.segmenter import Segmenter

SIZE = (96, 128)


def boxes_of(scene):
    """Boxes of the people and cars of a rendered scene."""
    boxes = []
    for number in np.unique(scene.instances)[1:]:
        rows, columns = np.nonzero(scene.instances == number)
        name = STREET_CLASSES[scene.labels[rows[0], columns[0]]]
        if name in ("person", "car"):
            edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            boxes.append(Box(name, *(float(edge) for edge in edges)))
    return boxes


def write_street(root, with_boxes=True, label_source="true"):
    writer = DatasetWriter(
        root,
        name="street",
        classes=STREET_CLASSES,
        thermal=ThermalSpec("centikelvin16", 0.0, 0.01, radiometric=True),
        source="tests",
        licence="none",
    )
    with writer:
        for seed, split in enumerate(("train", "train", "train", "val", "val")):
            scene = StreetScene(seed, *SIZE).render(0.0)
            writer.add(
                split,
                f"frame{seed}",
                scene.rgb,
                thermal=np.rint(scene.kelvin * 100).astype(np.uint16),
                labels=scene.labels,
                boxes=boxes_of(scene) if with_boxes else [],
                frame=FrameSpec(seed % 2 == 1, None, label_source),
            )
    return Dataset.open(root)


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    return write_street(tmp_path_factory.mktemp("downstream") / "street")


def test_targets_follow_the_classes():
    labels = np.array([[STREET_CLASSES.index(n) for n in ("road", "person", "bus", "car")] + [255]], np.uint8)
    names = [TARGETS[i] if i < 255 else "unsure" for i in target_of(labels)[0]]
    assert names == ["other", "person", "vehicle", "vehicle", "unsure"]


def test_the_three_corpora_share_targets_and_differ_in_pictures(street):
    with Synthesizer.load("street", threads=1, warmup=False) as synth:
        synthetic = synthetic_thermal(street, synth)
    real, grey = real_thermal(street), grey_colours(street)
    assert len(real) == len(synthetic) == len(grey) == 3
    for a, b, c in zip(real, synthetic, grey, strict=True):
        assert a.picture.dtype == b.picture.dtype == c.picture.dtype == np.uint8
        np.testing.assert_array_equal(a.target, b.target)
        np.testing.assert_array_equal(a.target, c.target)
        assert not np.array_equal(a.picture, b.picture)
        assert not np.array_equal(b.picture, c.picture)


def test_a_corpus_without_labels_to_trust_is_refused(street, tmp_path):
    bare = write_street(tmp_path / "bare", label_source="unreliable")
    for corpus in (real_thermal, grey_colours):
        with pytest.raises(DatasetError, match="no train frame with labels to trust"):
            corpus(bare)


def test_displayed_is_what_a_frame_shows(street):
    with Synthesizer.load("street", threads=1, warmup=False) as synth:
        frame = synth(street.sample("frame0").rgb)
    np.testing.assert_array_equal(displayed(frame.kelvin), frame.display)


def test_cells_are_covered_by_their_centres():
    covered = covered_cells([Box("car", 5, 2, 13, 7)], (4, 5))
    expected = np.zeros((4, 5), bool)
    expected[0:2, 1:3] = True  # centres at 2, 6 down and 6, 10 across
    np.testing.assert_array_equal(covered, expected)


def test_a_perfect_network_scores_one_and_a_blind_one_the_share_of_positives(street):
    by_picture = {}
    positives = {}
    for stem in street.stems("val"):
        sample = street.sample(stem)
        planes = np.zeros((3, SIZE[0] // 4, SIZE[1] // 4), np.float32)
        for box in sample.boxes:
            planes[1 if box.name == "person" else 2] += covered_cells([box], planes.shape[1:])
        by_picture[displayed(sample.thermal_kelvin).tobytes()] = planes
        time = "night" if sample.night else "day"
        for name, plane in (("person", planes[1]), ("car", planes[2])):
            positives[name, time] = float((plane > 0).mean())
    perfect = score_boxes(street, lambda picture: by_picture[picture.tobytes()])
    blind = score_boxes(street, lambda picture: np.zeros((3, SIZE[0] // 4, SIZE[1] // 4), np.float32))
    assert any(perfect.values())
    for name, times in perfect.items():
        for time, score in times.items():
            assert score == pytest.approx(1)
            assert blind[name][time] == pytest.approx(positives[name, time])


def test_a_set_without_boxes_is_refused(tmp_path):
    dataset = write_street(tmp_path / "bare", with_boxes=False)
    with pytest.raises(DatasetError, match="no boxes"):
        score_boxes(dataset, lambda picture: np.zeros((3, SIZE[0] // 4, SIZE[1] // 4), np.float32))


def test_batches_are_a_function_of_seed_and_index(street):
    config = DetectorConfig(batch=2, size=(64, 64))
    corpora = [real_thermal(street), grey_colours(street)]
    first, again, other = (draw_batch(corpora, config, 1, index) for index in (5, 5, 6))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


def test_the_second_half_of_the_steps_has_its_own_corpora(street, tmp_path, monkeypatch):
    real, grey = real_thermal(street), grey_colours(street)
    seen = []

    def noted(corpora, *rest):
        seen.append(corpora)
        return draw_batch(corpora, *rest)

    monkeypatch.setattr(training, "draw_batch", noted)
    halves = command.Arm(("grey",), ("real",)).halves({"real": real, "grey": grey})
    train_detector(halves, tmp_path, DetectorConfig(steps=3, batch=1, size=(32, 32)), seed=0)
    assert seen == [[grey], [grey], [real]]
    assert command.Arm(("grey", "real")).halves({"real": real, "grey": grey}) == ([grey, real], [grey, real])


def test_predictions_cover_frames_of_any_size():
    network = Segmenter(TARGETS, pretrained=False).eval()
    probabilities = predictor(network)(np.zeros((70, 90), np.uint8))
    assert probabilities.shape == (3, 18, 23)
    np.testing.assert_allclose(probabilities.sum(0), 1, rtol=1e-5)


def test_the_table_holds_mean_and_spread_of_the_seeds():
    runs = [{"person": {"day": 0.5}, "car": {"day": 0.9}}, {"person": {"day": 0.7}, "car": {"day": 0.9}}]
    results = summarise({"real": runs}, bundle="street")
    person = results["arms"]["real"]["person.day"]
    assert person == {"mean": 0.6, "spread": 0.1414, "seeds": [0.5, 0.7]}
    assert results["arms"]["real"]["mean"]["seeds"] == [0.7, 0.8]
    assert "| real | 0.600 ± 0.141 | 0.900 ± 0.000 | 0.750 ± 0.071 |" in table_markdown(results)


@pytest.mark.slow
def test_the_command_trains_every_arm_and_goes_on_from_what_is_there(street, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "DetectorConfig", partial(DetectorConfig, batch=2, size=(64, 64)))
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    words = (
        f"--data {street.root.parent} --real street --labelled street --out {tmp_path} --seeds 1 --steps 1"
    )
    args = parser.parse_args([*words.split(), "--json", str(tmp_path / "copy.json")])
    assert command.main(args) == 0
    results = json.loads((tmp_path / "copy.json").read_text())
    assert set(results["arms"]) == set(command.ARMS)
    assert results["frames"] == {"real": 3, "few": 1, "synthetic": 3, "grey": 3}
    assert all(0 <= arm["mean"]["mean"] <= 1 for arm in results["arms"].values())
    monkeypatch.setattr(command, "train_detector", None)  # nothing is trained a second time
    assert command.main(args) == 0
    assert json.loads((tmp_path / "copy.json").read_text()) == results
    # Scores of another bundle or set are no scores of these.
    for owner, name, changed in (
        (command.Bundle, "hash", "other"),
        (Dataset, "fingerprint", lambda _: "other"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, changed)
            with pytest.raises(TypeError, match="not callable"):
                command.main(args)
