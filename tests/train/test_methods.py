"""The compared methods: what each is told, what it may not know, and that a step teaches it something."""

import pytest
import torch

from thermalsdk.labels import STREET_CLASSES
from train.methods import METHODS, FrameInputs
from train.methods.inputs import CONTRAST_KELVIN
from train.thermal_batch import ThermalBatch

SIZE, CAP, STEPS = 64, 16, 4
ROAD, SKY, CAR = (STREET_CLASSES.index(name) for name in ("road", "sky", "car"))


@pytest.fixture
def batch() -> ThermalBatch:
    rng = torch.Generator().manual_seed(0)
    labels = torch.full((2, SIZE, SIZE), SKY)
    labels[:, 24:] = ROAD
    labels[0, 30:50, 10:40] = CAR
    objects = torch.zeros_like(labels)
    objects[0][labels[0] == ROAD], objects[0][labels[0] == CAR] = 1, 2
    objects[1] = 3 + (labels[1] == ROAD).long()
    means = torch.tensor([260.0, 285.0, 295.0, 262.0, 284.0])
    thermal = means[objects] + 2 * torch.randn(labels.shape, generator=rng)
    return ThermalBatch(
        rgb=torch.rand(2, 3, SIZE, SIZE, generator=rng),
        labels=labels,
        objects=objects,
        object_count=5,
        thermal=thermal,
        thermal_labels=means[objects],
        absolute=torch.tensor([True, True]),
        errors=torch.zeros(5),
    )


def build(name):
    torch.manual_seed(0)
    return METHODS[name](SIZE, CAP)


@pytest.mark.parametrize("name", METHODS)
def test_a_few_steps_lower_the_error(name, batch):
    method = build(name)
    optimizer = torch.optim.Adam(method.generator.parameters(), method.rates[0], method.betas)
    losses = []
    for step in range(STEPS):
        rng = torch.Generator().manual_seed(step)
        made = method.generate(FrameInputs.of(batch))
        loss, scalars = method.generator_loss(batch, made, rng, adversarial=False)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(sum(scalars.values()))
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", METHODS)
def test_the_opponents_learn_to_tell_real_from_made(name, batch):
    method = build(name)
    optimizer = torch.optim.Adam(method.opponents.parameters(), method.rates[1], method.opponent_betas)
    made = method.generate(FrameInputs.of(batch))
    losses = []
    for _ in range(STEPS):
        loss = method.opponent_loss(batch, made, torch.Generator().manual_seed(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    generator_gradients = [p.grad for p in method.generator.parameters() if p.grad is not None]
    assert not generator_gradients, "the generator must not learn from its opponents' loss"


@pytest.mark.parametrize("name", sorted(set(METHODS) - {"pix2pix", "pix2pix-told"}))
def test_temperatures_lie_within_the_contrast_of_what_was_given(name, batch):
    method = build(name)
    with torch.no_grad():
        kelvin = method.kelvin(method.generator.eval(), FrameInputs.of(batch))
    assert kelvin.shape == batch.thermal.shape
    # edge keeps means, so its contrast may be doubled; feathers reach into neighbours.
    assert ((kelvin - batch.thermal_labels).abs() <= 2 * CONTRAST_KELVIN)[:, 4:20].all()


def test_pix2pix_knows_colours_alone_and_its_control_knows_all(batch):
    told = FrameInputs.of(batch)
    hotter = FrameInputs(told.rgb, told.labels, told.objects, told.object_count, told.thermal_labels + 5)
    for name, differs in (("pix2pix", False), ("pix2pix-told", True)):
        method = build(name)
        generator = method.generator.eval()
        with torch.no_grad():
            same = torch.equal(method.kelvin(generator, told), method.kelvin(generator, hotter))
        assert same != differs


def test_first_approach_never_sees_colours(batch):
    method = build("segmentation")
    generator = method.generator.eval()
    told = FrameInputs.of(batch)
    other = FrameInputs(1 - told.rgb, told.labels, told.objects, told.object_count, told.thermal_labels)
    with torch.no_grad():
        assert torch.equal(method.kelvin(generator, told), method.kelvin(generator, other))


def test_temperature_vector_is_the_mean_of_each_class(batch):
    vector = FrameInputs.of(batch).temperature_vector(len(STREET_CLASSES))
    assert vector[0, CAR].item() == pytest.approx((295.0 - 283.15) / 20, rel=1e-5)
    assert vector[1, CAR].item() == 0
    assert vector[1, ROAD].item() == pytest.approx((284.0 - 283.15) / 20, rel=1e-4)


def test_thermalgan_paints_its_own_segmentation_where_none_is_given(batch):
    method = build("thermalgan")
    generator = method.generator.eval()
    with torch.no_grad():
        given = method.kelvin(generator, FrameInputs.of(batch))
        painted = method.kelvin_from_vector(generator, FrameInputs.of(batch))
    assert painted.shape == given.shape
    assert not torch.allclose(painted, given)
