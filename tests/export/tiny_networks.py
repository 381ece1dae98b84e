"""Networks with every input and output of the real ones, exported in a second each."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from export.run import TrainingRun
from train.networks.backbone import global_mean

CLASSES = ("background", "car", "person")
RECORD = {
    "contrast_kelvin": 10.0,
    "feather_pixels": 2,
    "offset_kelvin": 283.15,
    "scale_kelvin": 20.0,
    "seed": 0,
    "steps_done": 0,
    "data": [],
}


class TinyEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.at2 = nn.Conv2d(3, 4, 3, 2, 1)
        self.at4 = nn.Conv2d(4, 5, 3, 2, 1)
        self.at8 = nn.Conv2d(5, 6, 3, 2, 1)
        self.latent = nn.Linear(6, 4)

    def forward(self, rgb: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        features2 = F.relu(self.at2(rgb))
        features4 = F.relu(self.at4(features2))
        features8 = F.relu(self.at8(features4))
        last = (f.permute(0, 2, 3, 1) for f in (features2, features4, features8))
        return *last, self.latent(global_mean(features8))

    def export_form(self) -> "TinyEncoder":
        return self


class TinyLayer(nn.Module):
    """Pixels see no further than their 4x4 cell, so that regions change nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.skip2 = nn.Conv2d(4, 3, 2, 2)
        self.skip8 = nn.ConvTranspose2d(6, 3, 2, 2)
        self.mix = nn.Conv2d(3 + 5 + 3, 16, 1)
        self.style = nn.Linear(4, 16)

    def export_form(self) -> "TinyLayer":
        return self

    def forward(self, f2: Tensor, f4: Tensor, f8: Tensor, latent: Tensor, condition: Tensor) -> Tensor:
        f2, f4, f8 = (f.permute(0, 3, 1, 2) for f in (f2, f4, f8))
        x = torch.cat([self.skip2(f2) + self.skip8(f8), f4, condition], 1)
        return torch.tanh(F.pixel_shuffle(self.mix(x) + self.style(latent)[:, :, None, None], 4))


class TinyGenerator(nn.Module):
    def __init__(self, classes: tuple[str, ...]) -> None:
        super().__init__()
        self.classes = classes
        self.encoder = TinyEncoder()
        self.layers = nn.ModuleDict({name: TinyLayer() for name in classes})


class TinyLabeller(nn.Module):
    def __init__(self, classes: tuple[str, ...]) -> None:
        super().__init__()
        self.head = nn.Conv2d(3 + len(classes), 1, 2, 2)

    def forward(self, rgb4: Tensor, class_fractions: Tensor) -> Tensor:
        return 283.15 + 20.0 * torch.tanh(self.head(torch.cat([rgb4, class_fractions], 1)).float())


def tiny_run() -> TrainingRun:
    torch.manual_seed(0)
    generator = TinyGenerator(CLASSES).eval()
    return TrainingRun(
        generator=generator,  # type: ignore[arg-type]
        segmenter=nn.Conv2d(3, len(CLASSES), 4, 4).eval(),  # type: ignore[arg-type]
        labeller=TinyLabeller(CLASSES).eval(),  # type: ignore[arg-type]
        directory=Path("runs/tiny"),
        records={"edge": RECORD, "segmenter": RECORD, "labeller": RECORD},
    )
