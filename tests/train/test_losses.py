"""Losses against NumPy references."""

import numpy as np
import torch

from train.losses import class_balanced, correlation_loss, gradient_l1, gradient_penalty


def test_class_balanced_counts_small_classes() -> None:
    error = torch.zeros(1, 10, 10)
    error[0, 0, 0] = 1.0
    masks = torch.zeros(1, 3, 10, 10)
    masks[0, 0] = 1
    masks[0, 0, 0, 0] = 0
    masks[0, 1, 0, 0] = 1
    # Pixel mean 0.01; class means 0 and 1, the third class is absent.
    assert class_balanced(error, masks).item() == np.float32(0.5 * 0.01 + 0.5 * 0.5)


def test_correlation_loss_is_one_minus_pearson() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3, 8, 9))
    expected = np.mean([1 - np.corrcoef(x.ravel(), y.ravel())[0, 1] for x, y in zip(a, b, strict=True)])
    got = correlation_loss(torch.from_numpy(a), torch.from_numpy(b))
    np.testing.assert_allclose(got.item(), expected, rtol=1e-9)


def test_gradient_l1_ignores_level_and_sees_edges() -> None:
    truth = torch.rand(1, 6, 6)
    assert gradient_l1(truth + 5, truth).item() < 1e-5
    edged = truth.clone()
    edged[:, :, 3:] += 2
    np.testing.assert_allclose(gradient_l1(edged, truth).item(), 2 / 5, rtol=1e-5)


def test_gradient_penalty_of_a_linear_critic() -> None:
    """D(x) = 3 * x[0] has a gradient of norm 3 everywhere: penalty (3 - 1)^2."""

    class Linear(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 3 * x[:, 0, 0, 0]

    real, fake = torch.rand(2, 1, 4, 4), torch.rand(2, 1, 4, 4)
    penalty = gradient_penalty(Linear(), real, fake, torch.rand(2, 1, 1, 1))
    np.testing.assert_allclose(penalty.item(), 4.0, rtol=1e-6)
