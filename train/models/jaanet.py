"""JAA-Net, joint Action Unit detection and face alignment (Shao et al. 2021, IJCV), with the published shape."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.data.batches import PairedBatch
from train.losses.supervised import au_loss
from train.models.drml import join_regions, split_regions
from train.models.encoder import Encoder, InputFacts
from train.models.jaanet_attention import attention_maps, centre_table

UNIT = 8
"""Channels are multiples of this."""

LANDMARKS, SIDE_PX, MAP_SIDE = 49, 176, 44
GRIDS = (8, 4, 2)
"""Patches along each side in the three branches of a region layer."""

LANDMARK_WEIGHT = 0.5


class LocalConv(nn.Module):
    """Batch normalisation, ReLU and a 3 × 3 convolution with weights of its own for every patch of a grid."""

    def __init__(self, grid: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.grid, groups = grid, grid * grid
        self.norm = nn.BatchNorm2d(inputs * groups)
        self.conv = nn.Conv2d(inputs * groups, outputs * groups, 3, padding=1, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) → (B, outputs, H, W)."""
        return join_regions(self.conv(torch.relu(self.norm(split_regions(x, self.grid)))), self.grid)


class MultiScaleRegionLayer(nn.Module):
    """A convolution and, on top of it, three chained branches over ever larger patches."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        widths = (outputs, outputs // 2, outputs // 4, outputs // 4)
        self.branches = nn.ModuleList(LocalConv(g, widths[i], widths[i + 1]) for i, g in enumerate(GRIDS))
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) → (B, outputs, H, W)."""
        x = self.conv(x)
        parts, part = [], x
        for branch in self.branches:
            part = branch(part)
            parts.append(part)
        return torch.relu(self.norm(x + torch.cat(parts, 1)))


def feature_tower(inputs: int) -> nn.Sequential:
    """Return three blocks of two 3 × 3 convolutions and a pooling: 44 × 44 → 5 × 5 × 160."""
    layers: list[nn.Module] = []
    for width in (UNIT * 12, UNIT * 16, UNIT * 20):
        for _ in range(2):
            layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            inputs = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def refinement() -> nn.Sequential:
    """Return four unpadded 3 × 3 convolutions that turn a map of side 52 into one of side 44."""
    layers: list[nn.Module] = []
    for inputs in (1, UNIT * 8, UNIT * 8):
        layers += [nn.Conv2d(inputs, UNIT * 8, 3), nn.BatchNorm2d(UNIT * 8), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(UNIT * 8, 1, 3), nn.Sigmoid())


class TwoWayHead(nn.Module):
    """Two linear layers that end in two values per Action Unit; their difference is the logit of the softmax."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(inputs, hidden), nn.Linear(hidden, 2 * outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs) → (B, outputs) logits."""
        off, on = self.layers(x).chunk(2, dim=1)
        return on - off


class JaaNet(Encoder):
    """176-pixel JAA-Net: alignment, attention placed by the landmarks it finds, local and global features.

    Parameters
    ----------
    columns : sequence of str
        Action Units; each has a region, an attention branch and a tower of its own.
    """

    feature_size = 3 * 4000
    facts = InputFacts(SIDE_PX, SIDE_PX / 200, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    needs_landmarks = True
    has_extras = True
    pairs: Tensor
    shifts: Tensor

    def __init__(self, columns: Sequence[str]) -> None:
        super().__init__()
        pairs, shifts = centre_table(columns)
        self.register_buffer("pairs", pairs, persistent=False)
        self.register_buffer("shifts", shifts, persistent=False)
        width, count = UNIT * 8, len(columns)
        self.regions = nn.Sequential(
            MultiScaleRegionLayer(3, UNIT * 4), nn.MaxPool2d(2), MultiScaleRegionLayer(UNIT * 4, width), nn.MaxPool2d(2)
        )
        self.align_tower = feature_tower(width)
        self.align = nn.Sequential(nn.Linear(4000, UNIT * 64), nn.Linear(UNIT * 64, 2 * LANDMARKS))
        self.refine = nn.ModuleList(refinement() for _ in range(count))
        self.local_towers = nn.ModuleList(feature_tower(width) for _ in range(count))
        self.local_heads = nn.ModuleList(TwoWayHead(4000, UNIT * 8, 1) for _ in range(count))
        self.global_tower = feature_tower(width)

    def forward(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """(B, 3, 176, 176) → (B, 12000) and the landmarks (B, 98), local logits (B, A)."""
        region = self.regions(x)
        aligned = self.align_tower(region).flatten(1)
        landmarks = self.align(aligned)
        places = landmarks.detach().float().view(-1, LANDMARKS, 2)
        drawn = attention_maps(places, self.pairs, self.shifts, MAP_SIDE + 8).to(region.dtype)
        local, logits = [], []
        for index, (refine, tower, head) in enumerate(
            zip(self.refine, self.local_towers, self.local_heads, strict=True)
        ):
            features = tower(region * refine(drawn[:, index : index + 1])).flatten(1)
            local.append(features)
            logits.append(head(features))
        mean_local = torch.stack(local).mean(0)
        features = torch.cat([aligned, self.global_tower(region).flatten(1), mean_local.detach()], 1)
        return features, {"landmarks": landmarks, "local": torch.cat(logits, 1)}

    def make_head(self, outputs: int, hidden: int, dropout: float) -> nn.Module:
        """Return JAA-Net's output layers (12000 → 512 → 2 per Action Unit)."""
        return TwoWayHead(self.feature_size, UNIT * 64, outputs)

    def extra_loss(self, extras: dict[str, Tensor], batch: PairedBatch) -> Tensor:
        """Return the loss of the local branches plus half the alignment loss."""
        local = au_loss(extras["local"].float(), batch.au, batch.au_mask)
        return local + LANDMARK_WEIGHT * landmark_loss(extras["landmarks"].float(), batch.landmarks)


def landmark_loss(found: Tensor, truth: Tensor) -> Tensor:
    """Squared error of the landmarks over twice the squared distance of the eye centres, averaged over frames.

    Parameters
    ----------
    found : (B, 98) float32
        x and y of each landmark in turn, as fractions of the crop's side.
    truth : (B, 49, 2) float32
        The same; frames with an unknown landmark count for nothing.
    """
    known = ~truth.flatten(1).isnan().any(1)
    truth = torch.nan_to_num(truth)
    eyes = truth[:, 19:25].mean(1) - truth[:, 25:31].mean(1)
    apart = eyes.square().sum(-1).clamp_min(1e-4)
    error = F.mse_loss(found, truth.flatten(1), reduction="none").sum(1)
    return (error / (2 * apart) * known).sum() / known.sum().clamp_min(1)
