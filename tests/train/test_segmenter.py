"""What the segmenter's loss counts."""

import torch

from thermalsdk.labels import STREET_CLASSES, VOID
from train.segmenter import PERSON, SegmenterConfig, pixel_weights


def test_unsure_pixels_weigh_nothing_and_people_at_night_most() -> None:
    config = SegmenterConfig()
    road, bus = STREET_CLASSES.index("road"), STREET_CLASSES.index("bus")
    row = torch.tensor([[road, bus, PERSON, VOID]])
    weights = pixel_weights(torch.stack([row, row]), torch.tensor([False, True]), config)
    assert weights[0, 0].tolist() == [1.0, config.rare_weight, config.rare_weight, 0.0]
    assert weights[1, 0].tolist() == [1.0, config.rare_weight, config.night_person_weight, 0.0]
