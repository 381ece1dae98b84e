"""The paper's generators: their parts, their cost, and what reaches what."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from train.networks.paper import (
    PaperGenerator,
    PaperLayer,
    ReducedGenerator,
    SegmentationGenerator,
    outlined_maps,
    paper_conditions,
)
from train.networks.resnet import BLOCK_CHANNELS, BasicBlock, ResNet18

# Slim: four feature maps at the finest resolution of 32x32.
SIZE, NARROW = 32, {"channel_multiplier": 1 / 128, "cap": 16}


def gigamacs(module: torch.nn.Module, *inputs: torch.Tensor) -> float:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(*inputs)
    return counter.get_total_flops() / 2e9


def test_resnet18_has_the_papers_size_cost_and_blocks() -> None:
    """11.69 M of table 1 less the classifier's 0.51 M; 1.8 GMAC at 224x224 grow with the area."""
    with torch.device("meta"):
        network, rgb = ResNet18(3).eval(), torch.empty(1, 3, 512, 512)
    features, latent = network(rgb)
    assert sum(p.numel() for p in network.parameters()) == 11_689_512 - (512 * 1000 + 1000)
    assert gigamacs(network, rgb) == pytest.approx(9.5, abs=0.05)
    assert [f.shape[1] for f in features] == list(BLOCK_CHANNELS)
    assert [f.shape[2] for f in features] == [128, 128, 64, 64, 32, 32, 16, 16]
    assert latent.shape == (1, 512)


@pytest.mark.parametrize("outputs", [8, 16])
def test_a_silent_residual_leaves_the_shortcut(outputs: int) -> None:
    block = BasicBlock(8, outputs).eval()
    torch.nn.init.zeros_(block.norm2.weight)
    x = torch.rand(1, 8, 6, 6)
    with torch.no_grad():
        torch.testing.assert_close(block(x), block.shortcut(x).relu())
    assert block(x).shape[2] == (6 if outputs == 8 else 3)


def test_a_layer_of_the_paper_costs_what_its_parts_cost() -> None:
    """60.1 + 9.5 GMAC of the design's arithmetic; two more planes of input cost the encoder 0.4."""
    with torch.device("meta"):
        layer, planes = PaperLayer(512).eval().requires_grad_(False), torch.empty(1, 5, 512, 512)
    two_planes = 2 * 49 * 64 * 256**2 / 1e9
    assert gigamacs(layer, planes) == pytest.approx(60.1 + 9.5 + two_planes, abs=0.1)
    assert len(layer.skips) == 8
    assert layer(planes).shape == (1, 1, 512, 512)


@pytest.mark.parametrize("size", [16, 32, 64])
def test_the_finest_blocks_feed_the_finest_resolutions(size: int) -> None:
    layer = PaperLayer(size, **NARROW).eval()
    latent, noises = layer.encode(torch.rand(1, 5, size, size))
    assert latent.shape == (1, 512)
    assert [n.shape[-1] for n in noises] == [4 * 2**i for i in range(len(layer.skips))]
    assert noises[-1].shape[-1] == size
    for index, skip in enumerate(layer.skips):
        torch.nn.init.zeros_(skip.weight)
        torch.nn.init.constant_(skip.bias, index)
    with torch.no_grad():
        _, noises = layer.encode(torch.rand(1, 5, size, size))
    assert [float(n.mean()) for n in reversed(noises)] == list(range(len(noises)))


def test_the_latent_is_the_last_blocks_average() -> None:
    network = ResNet18(3).eval()
    with torch.no_grad():
        features, latent = network(torch.rand(2, 3, 96, 64))
    torch.testing.assert_close(latent, features[-1].flatten(2).sum(2) / (3 * 2))


def test_noise_maps_are_resized_to_the_nearest_cell() -> None:
    layer = PaperLayer(32, **NARROW).eval()
    planes = torch.rand(1, 5, 32, 32)
    with torch.no_grad():
        features, _ = layer.encoder(planes)
        _, noises = layer.encode(planes)
        own = layer.skips[0](features[0])
    assert torch.equal(noises[-1], own.repeat_interleave(4, 2).repeat_interleave(4, 3))


def test_two_runs_are_equal() -> None:
    """Noise is what the encoder sees: no random number is drawn."""
    layer = PaperLayer(SIZE, **NARROW).eval()
    planes = torch.rand(2, 5, SIZE, SIZE)
    with torch.no_grad():
        first = layer(planes)
        torch.manual_seed(1)
        assert torch.equal(layer(planes), first)
    assert first.abs().max() <= 1
    assert first.std() > 0


def test_every_parameter_of_a_layer_learns() -> None:
    torch.manual_seed(0)
    layer = PaperLayer(SIZE, **NARROW)
    layer(torch.rand(3, 5, SIZE, SIZE)).square().sum().backward()
    idle = [n for n, p in layer.named_parameters() if p.grad is None or not p.grad.any()]
    assert not idle


def test_class_maps_have_white_edges() -> None:
    labels = torch.zeros(1, 4, 6, dtype=torch.int64)
    labels[:, :, 3:] = 1
    maps = outlined_maps(labels, 3)
    assert maps[0, 0, 0].tolist() == [0.5, 0.5, 1, 0, 0, 0]
    assert maps[0, 1, 0].tolist() == [0, 0, 0, 1, 0.5, 0.5]
    assert not maps[:, 2].any()


def frame() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """RGB, labels of classes 0 and 1 out of three, and R in kelvin."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.zeros(2, SIZE, SIZE, dtype=torch.int64)
    labels[0, 8:24, 8:24] = 1
    return torch.rand(2, 3, SIZE, SIZE, generator=generator), labels, 280.0 + 10 * labels


def test_absent_layers_stay_silent_and_present_ones_see_their_own_sample() -> None:
    torch.manual_seed(0)
    generator = PaperGenerator(("background", "car", "bus"), SIZE, **NARROW).eval()
    rgb, labels, kelvin = frame()
    conditions = paper_conditions(labels, kelvin, 3, 283.15, 20.0)
    present = torch.tensor([[True, True, False], [True, False, False]])
    with torch.no_grad():
        out = generator(rgb, conditions, present)
        alone = generator.layers["car"](torch.cat((2 * rgb[:1] - 1, conditions[:1, 1]), 1))
    assert out.shape == (2, 3, SIZE, SIZE)
    assert not out[1, 1].any()
    assert not out[:, 2].any()
    torch.testing.assert_close(out[0, 1], alone[0, 0])
    assert out[0, 1].any()


def test_a_layer_pairs_colour_and_condition_of_the_same_sample() -> None:
    torch.manual_seed(0)
    generator = PaperGenerator(("car",), SIZE, **NARROW).eval()
    rgb, labels, kelvin = frame()
    conditions = paper_conditions(labels, kelvin, 2, 283.15, 20.0)[:, :1]
    with torch.no_grad():
        both = generator(rgb, conditions, torch.tensor([[True], [True]]))
        second = generator(rgb, conditions, torch.tensor([[False], [True]]))
    assert not second[0].any()
    torch.testing.assert_close(second[1], both[1])


def test_temperatures_of_a_class_reach_its_layer_alone() -> None:
    torch.manual_seed(0)
    generator = PaperGenerator(("background", "car"), SIZE, **NARROW).eval()
    rgb, labels, kelvin = frame()
    present = torch.tensor([[True, True], [True, False]])
    with torch.no_grad():
        cold = generator(rgb, paper_conditions(labels, kelvin, 2, 283.15, 20.0), present)
        kelvin[labels == 1] += 15
        hot = generator(rgb, paper_conditions(labels, kelvin, 2, 283.15, 20.0), present)
    assert torch.equal(hot[:, 0], cold[:, 0])
    assert not torch.equal(hot[0, 1], cold[0, 1])


def test_layers_share_no_parameter() -> None:
    generator = PaperGenerator(("background", "car"), SIZE, **NARROW)
    first, second = ({id(p) for p in layer.parameters()} for layer in generator.layers.values())
    assert not first & second


def test_mask_and_edge_may_come_apart() -> None:
    generator = PaperGenerator(("background",), SIZE, **NARROW, conditions=3).eval()
    rgb, _, _ = frame()
    out = generator(rgb, torch.rand(2, 1, 3, SIZE, SIZE), torch.ones(2, 1, dtype=torch.bool))
    assert out.shape == (2, 1, SIZE, SIZE)


def test_reduced_generator_sees_all_it_is_given() -> None:
    torch.manual_seed(0)
    generator = ReducedGenerator(2, SIZE, **NARROW).eval()
    rgb, labels, kelvin = frame()
    inputs = [rgb, outlined_maps(labels, 2), (kelvin[:, None] - 283.15) / 20]
    with torch.no_grad():
        out = generator(*inputs)
        assert out.shape == (2, 1, SIZE, SIZE)
        for index, planes in enumerate(inputs):
            changed = [*inputs[:index], planes.flip(3) * 2, *inputs[index + 1 :]]
            assert not torch.equal(generator(*changed), out)


def test_first_approach_hears_the_temperature_vector_through_the_latent() -> None:
    torch.manual_seed(0)
    generator = SegmentationGenerator(2, SIZE, **NARROW).eval()
    _, labels, kelvin = frame()
    maps, thermal = outlined_maps(labels, 2), (kelvin[:, None] - 283.15) / 20
    temperatures = torch.tensor([[0.1, 0.5], [0.1, 0.0]])
    with torch.no_grad():
        out = generator(maps, thermal, temperatures)
        temperatures[0, 1] = 1
        warmer = generator(maps, thermal, temperatures)
        torch.nn.init.zeros_(generator.temperature.weight)
        deaf = generator(maps, thermal, temperatures)
        plain = generator.layer(torch.cat((maps, thermal), 1))
    assert out.shape == (2, 1, SIZE, SIZE)
    assert not torch.equal(warmer[0], out[0])
    assert torch.equal(warmer[1], out[1])
    torch.testing.assert_close(deaf, plain)
