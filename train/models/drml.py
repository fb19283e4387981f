"""DRML, deep region and multi-label learning (Zhao, Chu and Zhang 2016), with the published shape."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from train.models.encoder import Encoder, InputFacts

REGIONS = 8
"""The region layer splits its input into 8 × 8 patches, each with weights of its own."""


class RegionLayer(nn.Module):
    """Batch normalisation, ReLU and a 3 × 3 convolution of its own for every patch, added to the patch.

    Parameters
    ----------
    channels : int
    regions : int
        Patches along each side; sides must be multiples of it.

    Notes
    -----
    The patches are laid side by side along the channel axis, so that one grouped convolution serves them all.
    """

    def __init__(self, channels: int, regions: int = REGIONS) -> None:
        super().__init__()
        self.regions = regions
        groups = regions * regions
        self.norm = nn.BatchNorm2d(channels * groups)
        self.conv = nn.Conv2d(channels * groups, channels * groups, 3, padding=1, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C, H, W)."""
        patches = split_regions(x, self.regions)
        changed = torch.relu(patches + self.conv(torch.relu(self.norm(patches))))
        return join_regions(changed, self.regions)


def split_regions(x: Tensor, regions: int) -> Tensor:
    """(B, C, H, W) → (B, regions² · C, H / regions, W / regions), patch by patch."""
    b, c, h, w = x.shape
    x = x.reshape(b, c, regions, h // regions, regions, w // regions)
    return x.permute(0, 2, 4, 1, 3, 5).reshape(b, regions * regions * c, h // regions, w // regions)


def join_regions(x: Tensor, regions: int) -> Tensor:
    """Undo ``split_regions``; the number of channels may have changed."""
    b, channels, h, w = x.shape
    c = channels // (regions * regions)
    x = x.reshape(b, regions, regions, c, h, w).permute(0, 3, 1, 4, 2, 5)
    return x.reshape(b, c, regions * h, regions * w)


class Drml(Encoder):
    """170-pixel DRML up to its second fully connected layer; D = 2048.

    Convolution 11 × 11 × 32, region layer 8 × 8, pooling, convolutions 8 × 8, 8 × 8, 6 × 6 (stride 2) and 5 × 5 of
    16 channels, and fully connected layers 4096 and 2048: 57 million parameters with the output layer.
    """

    feature_size = 2048
    facts = InputFacts(170, 170 / 200, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(3, 32, 11),
            nn.ReLU(),
            RegionLayer(32),
            nn.MaxPool2d(2),
            nn.BatchNorm2d(32),
            nn.Conv2d(32, 16, 8),
            nn.ReLU(),
            nn.Conv2d(16, 16, 8),
            nn.ReLU(),
            nn.Conv2d(16, 16, 6, stride=2),
            nn.ReLU(),
            nn.Conv2d(16, 16, 5),
            nn.ReLU(),
        )
        self.full = nn.Sequential(
            nn.Linear(16 * 27 * 27, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 2048), nn.ReLU(), nn.Dropout()
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, 170, 170) → (B, 2048)."""
        return self.full(self.convolutions(x).flatten(1))

    def make_head(self, outputs: int, hidden: int, dropout: float) -> nn.Module:
        """Return the single output layer of DRML."""
        return nn.Linear(self.feature_size, outputs)
