"""A system of two small modules, and batches for it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from train.data.batches import PairedBatch
from train.loop.fabric import make_fabric, seed_torch
from train.loop.system import System
from train.methods.method import Method, Views
from train.methods.registry import METHODS
from train.models.build import Heads
from train.models.encoder import Encoder, InputFacts
from train.settings import TrainSettings

AUS, SIDE = 3, 8


class TinyEncoder(Encoder):
    """A convolution with batch normalisation and dropout: everything that a frozen module must not touch."""

    facts = InputFacts(SIDE, 1.0, (0.5,) * 3, (0.5,) * 3)
    feature_size = 6

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(3, 6, 3, stride=2),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(0.1),
        )
        self.seen: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(len(x))
        return self.net(x)


def make_system(settings: TrainSettings, name: str, seed: int = 0) -> tuple[System, Method]:
    """Build a system and its method; equal seeds give equal parameters."""
    fabric = make_fabric(settings)
    seed_torch(seed, "init")
    encoder = TinyEncoder()
    heads = Heads([encoder.make_head(AUS, 5, 0.1) for _ in range(2)])
    kind = METHODS[name]
    system = System(fabric, encoder, heads, kind.discriminator(encoder.feature_size, AUS), settings)
    seed_torch(seed, "train")
    return system, kind(settings, system)


def make_views(settings: TrainSettings, name: str, seed: int = 0, size: int = 6, step: int = 0) -> Views:
    """Draw one micro-batch; the last frame has no twins."""
    generator = torch.Generator().manual_seed(seed)

    def pictures(count: int) -> Tensor:
        return torch.randn(count, 3, SIDE, SIDE, generator=generator)

    real, target, twins = pictures(size), pictures(size), [pictures(size - 1) for _ in range(2)]
    au = (torch.rand(size, AUS, generator=generator) < 0.5).float()
    mask = (torch.rand(size, AUS, generator=generator) < 0.9).float()
    kind = METHODS[name]
    if not kind.needs_twins(settings):
        twins = []
    paired = torch.arange(size - 1) if twins else torch.arange(0)
    batch = PairedBatch(
        torch.empty(0), torch.empty(0), paired, au, mask, mask[paired], torch.zeros(size, dtype=torch.int64),
        torch.empty(size, 0, 2),
    )  # fmt: skip
    return Views(batch, real, tuple(twins), target if kind.needs_target(settings) else None, step)


def snapshot(module: nn.Module) -> dict[str, Tensor]:
    """Copy every tensor of a module, buffers too."""
    return {key: value.clone() for key, value in module.state_dict().items()}


def equal(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    """Whether two snapshots agree bit by bit."""
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)
