"""pix2pix's and ThermalGAN's networks have the size, the reach and the randomness of their papers."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from train.networks.thermalgan import ThermalGanGenerator
from train.networks.unet import PatchGan, UNet


def millions(module: torch.nn.Module) -> float:
    return sum(p.numel() for p in module.parameters()) / 1e6


@pytest.mark.parametrize(
    ("inputs", "downs", "expected", "within"),
    [(3, 8, 54.41, 0.01), (4, 9, 67.0, 0.05), (3, 7, 54.41 - 12.58, 0.05)],
    ids=["U-Net-256", "U-Net-512", "U-Net-128"],
)
def test_unet_has_the_known_number_of_parameters(
    inputs: int, downs: int, expected: float, within: float
) -> None:
    """A level more or less is 512*512*16 down and twice that up, with norms: 12.58 M."""
    with torch.device("meta"):
        network = UNet(inputs, 1, downs)
        size = 2**downs
        out = network(torch.empty(2, inputs, size, 2 * size))
    assert millions(network) == pytest.approx(expected, abs=within)
    assert out.shape == (2, 1, size, 2 * size)


def test_unet_512_costs_what_is_known() -> None:
    with torch.device("meta"):
        network, planes = UNet(4, 1, 9).eval(), torch.empty(1, 4, 512, 512)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(planes)
    assert counter.get_total_flops() / 2e9 == pytest.approx(24.0, abs=0.05)


def test_frames_that_do_not_halve_are_refused() -> None:
    with torch.device("meta"):
        network = UNet(3, 1, 7)
        with pytest.raises(ValueError, match="128"):
            network(torch.empty(1, 3, 128, 192))


def test_dropout_in_the_three_inner_up_blocks_acts_in_training_alone() -> None:
    torch.manual_seed(0)
    network = UNet(3, 1, 5)
    assert [up.dropout.p for up in network.ups] == [0.5, 0.5, 0.5, 0.0]
    x = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        assert not torch.equal(network(x), network(x))
        network.eval()
        assert torch.equal(network(x), network(x))


def test_one_frame_of_the_smallest_size_can_be_trained_on() -> None:
    """The innermost cell stands alone: batch normalisation would refuse it."""
    network = UNet(3, 1, 5)
    network(torch.rand(1, 3, 32, 32)).sum().backward()
    assert all(p.grad is not None for p in network.parameters())


def test_skips_carry_detail_past_the_bottleneck() -> None:
    """With the inner blocks silent the outermost skip still reaches the output."""
    torch.manual_seed(0)
    network = UNet(3, 1, 5).eval()
    torch.nn.init.zeros_(network.ups[-1].conv.weight)
    with torch.no_grad():
        out = network(torch.rand(1, 3, 32, 32))
    assert out.std() > 0


def test_patch_gan_sees_70_pixels_and_has_the_known_size() -> None:
    discriminator = PatchGan(6).eval()
    assert millions(discriminator) == pytest.approx(2.769, abs=0.001)
    x = torch.rand(1, 6, 128, 128, requires_grad=True)
    scores = discriminator(x)
    assert scores.shape == (1, 1, 14, 14)
    scores[0, 0, 7, 7].backward()
    seen = x.grad.abs().sum((0, 1))
    assert int(seen.sum(0).bool().sum()) == 70
    assert int(seen.sum(1).bool().sum()) == 70


def test_patch_gan_gives_logits() -> None:
    discriminator = PatchGan(2).eval()
    torch.nn.init.constant_(discriminator.layers[-1].bias, 5.0)
    assert discriminator(torch.rand(1, 2, 64, 64)).max() > 1


def test_thermalgan_goes_from_temperatures_to_segmentation_to_contrast() -> None:
    torch.manual_seed(0)
    generator = ThermalGanGenerator(2, downs=5).eval()
    rgb, temperatures = torch.rand(2, 3, 32, 64), torch.tensor([[0.1, 0.5], [0.3, 0.0]])
    with torch.no_grad():
        segmentation, contrast = generator(rgb, temperatures)
        temperatures[0, 1] = 1
        warmer, _ = generator(rgb, temperatures)
        given = generator.contrast(segmentation, rgb)
    assert segmentation.shape == contrast.shape == (2, 1, 32, 64)
    assert not torch.equal(warmer[0], segmentation[0])
    torch.testing.assert_close(warmer[1], segmentation[1])
    torch.testing.assert_close(given, contrast)


def test_both_steps_of_thermalgan_have_its_size() -> None:
    with torch.device("meta"):
        generator = ThermalGanGenerator(6)
    assert millions(generator.step2) == pytest.approx(67.0, abs=0.05)
    assert generator.step1.first.in_channels == 3 + 6
