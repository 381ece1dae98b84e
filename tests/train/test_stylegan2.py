"""The blocks compute what StyleGAN2 computes, written out from its paper."""

import numpy as np
import pytest
import torch
from scipy.signal import upfirdn
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from train.networks.stylegan2 import (
    EqualConv,
    EqualLinear,
    ModulatedConv,
    ModulatedUpConv,
    StyledConv,
    Synthesis,
    ToThermal,
    Upsample,
    activate,
    fir_kernel,
)

# Parameters of StyleGAN2's mapping network, which the encoder replaces: 8 layers of 512 with biases.
MAPPING = 8 * (512 * 512 + 512)


def randomised(module: torch.nn.Module) -> torch.nn.Module:
    """In float64, with every parameter away from its start, so that none of them is idle."""
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter)
    return module.double()


def with_zeros(x: Tensor) -> Tensor:
    """A zero after every sample in both axes: [N,C,H,W] -> [N,C,2H,2W]."""
    spread = x.new_zeros(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3])
    spread[:, :, ::2, ::2] = x
    return spread


def filtered(x: Tensor, before: int, after: int) -> Tensor:
    """[1,3,3,1] in both axes with gain 4, zeros around."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=x.dtype) / 4
    padded = F.pad(x, (before, after, before, after))
    kernel = torch.outer(taps, taps).expand(x.shape[1], 1, 4, 4)
    return F.conv2d(padded, kernel, groups=x.shape[1])


def textbook_weights(conv: ModulatedConv, latent: Tensor) -> Tensor:
    """Equations 1 and 3: weights of every sample, modulated and demodulated, [N,C',C,3,3]."""
    affine = conv.style
    style = latent @ (affine.weight / affine.weight.shape[1] ** 0.5).T + affine.bias
    inputs = conv.weight.shape[1]
    modulated = style[:, None, :, None, None] * conv.weight[None] / (9 * inputs) ** 0.5
    return modulated / torch.sqrt(modulated.square().sum((2, 3, 4), keepdim=True) + 1e-8)


def grouped(x: Tensor, weights: Tensor, padding: int) -> Tensor:
    """A convolution with its own weights for every sample."""
    samples, channels, height, width = x.shape
    y = F.conv2d(
        x.reshape(1, samples * channels, height, width),
        weights.flatten(0, 1),
        padding=padding,
        groups=samples,
    )
    return y.reshape(samples, -1, *y.shape[2:])


def test_modulated_convolution_equals_modulated_weights() -> None:
    torch.manual_seed(0)
    conv = randomised(ModulatedConv(5, 7, 11))
    x, latent = torch.randn(3, 5, 9, 8).double(), torch.randn(3, 11).double()
    expected = grouped(x, textbook_weights(conv, latent), padding=1)
    torch.testing.assert_close(conv(x, latent), expected, rtol=1e-10, atol=1e-10)


def test_up_sampling_convolution_equals_zeros_inserted_convolved_and_filtered() -> None:
    """Up-sample, convolve with the mirrored kernel, filter; zeros lie outside, and 2N+1 samples between."""
    torch.manual_seed(0)
    conv = randomised(ModulatedUpConv(5, 7, 11))
    x, latent = torch.randn(3, 5, 9, 8).double(), torch.randn(3, 11).double()
    # The last inserted zero lies among the zeros outside: one of padding less after than before.
    spread = F.pad(with_zeros(x), (2, 1, 2, 1))
    convolved = grouped(spread, textbook_weights(conv, latent).flip(3, 4), padding=0)
    assert convolved.shape[2:] == (2 * 9 + 1, 2 * 8 + 1)
    expected = filtered(convolved, 1, 1)
    torch.testing.assert_close(conv(x, latent), expected, rtol=1e-10, atol=1e-10)


def test_to_thermal_is_modulated_but_not_demodulated() -> None:
    torch.manual_seed(0)
    layer = randomised(ToThermal(5, 11))
    x, latent = torch.randn(3, 5, 4, 6).double(), torch.randn(3, 11).double()
    style = latent @ layer.style.weight.T / 11**0.5 + layer.style.bias
    expected = torch.einsum("nchw,nc,c->nhw", x, style, layer.weight[0, :, 0, 0] / 5**0.5) + layer.bias
    torch.testing.assert_close(layer(x, latent)[:, 0], expected, rtol=1e-10, atol=1e-10)


def test_up_sampling_equals_scipy_in_both_axes() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, 5, 7).double()
    # Each axis has gain 2; SciPy gives the full response, one sample more on either side.
    taps = np.array([1.0, 3.0, 3.0, 1.0]) / 4
    rows = upfirdn(taps, x.numpy(), up=2, axis=2)[:, :, 1:-1]
    expected = upfirdn(taps, rows, up=2, axis=3)[..., 1:-1]
    got = Upsample().double()(x)
    assert got.shape == (2, 3, 10, 14)
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(filtered(with_zeros(x), 2, 1), got)


def test_up_sampling_keeps_a_constant() -> None:
    assert float(fir_kernel().sum()) == 4
    inside = Upsample()(torch.ones(1, 1, 8, 8))[..., 1:-1, 1:-1]
    assert torch.equal(inside, torch.ones_like(inside))


def test_activation_keeps_the_second_moment() -> None:
    x = torch.randn(100_000, generator=torch.Generator().manual_seed(0))
    # E = (1 + 0.2 squared) / 2 * 2
    assert float(activate(x).square().mean()) == pytest.approx(1.04, rel=0.02)


@pytest.mark.parametrize("width", [4, 256])
def test_equalised_layers_keep_unit_variance_at_every_width(width: int) -> None:
    torch.manual_seed(0)
    linear, conv = EqualLinear(width, 512), EqualConv(width, 64, 3)
    with torch.no_grad():
        flat = linear(torch.randn(256, width))
        planes = conv(torch.randn(4, width, 18, 18))[..., 1:-1, 1:-1]
    assert float(flat.var()) == pytest.approx(1, rel=0.15)
    assert float(planes.var()) == pytest.approx(1, rel=0.15)
    assert float(linear.weight.detach().var()) == pytest.approx(1, rel=0.15)


def test_demodulation_gives_unit_variance_whatever_the_style() -> None:
    torch.manual_seed(0)
    conv = ModulatedConv(64, 32, 16)
    with torch.no_grad():
        y = conv(torch.randn(4, 64, 18, 18), 50 * torch.randn(4, 16))[..., 1:-1, 1:-1]
    assert float(y.var()) == pytest.approx(1, rel=0.1)


def test_noise_bias_and_activation_come_in_the_papers_order() -> None:
    torch.manual_seed(0)
    layer = StyledConv(ModulatedConv(5, 7, 11))
    assert float(layer.strength.detach()) == 1  # skips are heard from the start
    layer = randomised(layer)
    x, latent, noise = (torch.randn(2, *s).double() for s in ((5, 6, 6), (11,), (1, 6, 6)))
    y = layer.conv(x, latent) + layer.strength * noise + layer.bias[None, :, None, None]
    expected = torch.where(y > 0, y, 0.2 * y) * 2**0.5
    torch.testing.assert_close(layer(x, latent, noise), expected)


def maps_for(network: Synthesis, samples: int, device: str = "cpu") -> list[Tensor]:
    return [torch.randn(samples, 1, r, r, device=device) for r in network.resolutions]


@pytest.mark.parametrize("size", [16, 64])
def test_synthesis_reads_every_noise_map_and_nothing_random(size: int) -> None:
    torch.manual_seed(0)
    network = Synthesis(size, latent=8, channel_multiplier=1 / 16, cap=16)
    latent, noises = torch.randn(2, 8), maps_for(network, 2)
    with torch.no_grad():
        first = network(latent, noises)
        torch.manual_seed(1)
        assert torch.equal(network(latent, noises), first)
        assert first.shape == (2, 1, size, size)
        for index, noise in enumerate(noises):
            changed = [*noises[:index], noise + 1, *noises[index + 1 :]]
            assert not torch.equal(network(latent, changed), first)
        assert not torch.equal(network(latent + 1, noises), first)


def test_synthesis_adds_up_the_outputs_of_all_resolutions() -> None:
    """Figure 7b, with both convolutions of a resolution reading the same map."""
    torch.manual_seed(0)
    network = randomised(Synthesis(16, latent=8, channel_multiplier=1 / 16, cap=16))
    latent, noises = torch.randn(2, 8).double(), [n.double() for n in maps_for(network, 2)]
    x = network.conv(network.constant.repeat(2, 1, 1, 1), latent, noises[0])
    expected = network.to_thermal(x, latent)
    for block, noise in zip(network.blocks, noises[1:], strict=True):
        x = block.conv(block.raise_(x, latent, noise), latent, noise)
        expected = filtered(with_zeros(expected), 2, 1) + block.to_thermal(x, latent)
    torch.testing.assert_close(network(latent, noises), expected)


def test_noise_of_the_wrong_number_is_refused() -> None:
    network = Synthesis(16, latent=8, channel_multiplier=1 / 16, cap=16)
    with pytest.raises(ValueError, match="zip"):
        network(torch.randn(1, 8), maps_for(network, 1)[:-1])


@pytest.mark.parametrize("size", [8, 48, 1024])
def test_other_sizes_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match=str(size)):
        Synthesis(size)


def build_512(multiplier: float) -> tuple[Synthesis, int]:
    """The network at 512x512 on no device, and its parameters with those of the mapping network."""
    with torch.device("meta"):
        network = Synthesis(512, channel_multiplier=multiplier).requires_grad_(False)
    return network, MAPPING + sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(("multiplier", "millions", "gigamacs"), [(2, 30.27, 60.1), (1, 24.85, 18.8)])
def test_size_and_cost_are_those_of_the_design(multiplier: int, millions: float, gigamacs: float) -> None:
    network, parameters = build_512(multiplier)
    with FlopCounterMode(display=False) as counter:
        network(torch.empty(1, 512, device="meta"), maps_for(network, 1, "meta"))
    assert parameters / 1e6 == pytest.approx(millions, abs=0.01)
    assert counter.get_total_flops() / 2e9 == pytest.approx(gigamacs, abs=0.05)


def test_parameters_are_those_of_stylegan2_to_the_last() -> None:
    """Its training log at 1024x1024 prints 30 370 060, three colours and a ninth resolution included."""
    network, parameters = build_512(2)
    widths = [block.to_thermal.weight.shape[1] for block in (network, *network.blocks)]
    two_more_colours = 2 * sum(width + 1 for width in widths)
    up, plain = 9 * 64 * 32 + 513 * 64 + 33, 9 * 32 * 32 + 513 * 32 + 33
    colours = 3 * 32 + 3 + 513 * 32
    assert parameters + two_more_colours + up + plain + colours == 30_370_060
