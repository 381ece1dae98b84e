"""The differentiable composition computes what the run time's specification computes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from thermalsdk.compositing import reference
from train.composition import compose, conditions, painters_weights

CLASSES = 4


def blocky_labels(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    cells = rng.integers(0, CLASSES, (height // 4, width // 4), dtype=np.uint8)
    return np.kron(cells, np.ones((4, 4), np.uint8))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), feather=st.integers(1, 3))
def test_composition_equals_the_specification(seed: int, feather: int) -> None:
    rng = np.random.default_rng(seed)
    labels = blocky_labels(rng, 24, 32)
    objects, count = reference.connected_components(labels)
    contrasts = rng.uniform(-1, 1, (CLASSES, 24, 32)).astype(np.float32)
    thermal_labels = rng.uniform(270, 310, count).astype(np.float32)[objects]
    expected = reference.composite(
        labels, objects, list(contrasts), thermal_labels, contrast_kelvin=10.0, feather=feather
    )
    got = compose(
        torch.from_numpy(contrasts)[None],
        torch.from_numpy(labels).long()[None],
        torch.from_numpy(objects).long()[None],
        count,
        torch.from_numpy(thermal_labels)[None],
        10.0,
        feather,
    )
    np.testing.assert_allclose(got[0].numpy(), expected, rtol=0, atol=2e-3)


def test_conditions_equal_the_specification() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, CLASSES, (16, 24), dtype=np.uint8)
    thermal_labels = rng.uniform(270, 310, (16, 24)).astype(np.float32)
    got = conditions(
        torch.from_numpy(labels).long()[None], torch.from_numpy(thermal_labels)[None], CLASSES, 283.15, 20.0
    )
    expected = reference.conditions(labels, thermal_labels, CLASSES, 283.15, 20.0)
    np.testing.assert_allclose(got[0].numpy(), expected, atol=1e-6)


def test_a_layer_is_only_told_its_own_temperature() -> None:
    labels = torch.zeros(1, 8, 8, dtype=torch.long)
    labels[:, :, 4:] = 1
    cold = torch.full((1, 8, 8), 280.0)
    warm = torch.where(labels == 1, cold + 15, cold)
    before, after = (conditions(labels, r, 2, 283.15, 20.0) for r in (cold, warm))
    assert torch.equal(before[:, 0], after[:, 0])
    assert not torch.equal(before[:, 1], after[:, 1])


def test_weights_sum_to_one_and_favour_the_front() -> None:
    alpha = painters_weights(torch.full((1, 2, 1, 1), 0.5))
    assert alpha.sum().item() == pytest.approx(1.0)
    assert alpha[0, 1].item() == pytest.approx(2 / 3)


def test_gradient_reaches_every_class_present() -> None:
    labels = torch.zeros(1, 16, 16, dtype=torch.long)
    labels[:, :, 8:] = 1
    contrasts = torch.zeros(1, 2, 16, 16, requires_grad=True)
    weights = torch.linspace(-1, 1, 256).view(1, 16, 16)
    kelvin = compose(contrasts, labels, labels, 2, torch.full((1, 16, 16), 285.0), 10.0, 2)
    (kelvin * weights).sum().backward()
    assert (contrasts.grad.abs().sum((2, 3)) > 0).all()
