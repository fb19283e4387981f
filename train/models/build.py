"""Building E and the heads by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from assets.errors import InputError
from train.models.drml import Drml
from train.models.encoder import Encoder
from train.models.jaanet import JaaNet
from train.models.weights import fit_state, read_weights

Builder = Callable[[Sequence[str]], Encoder]

OWN_ENCODERS: dict[str, Builder] = {"drml": lambda columns: Drml(), "jaanet": JaaNet}
"""Base models that are not timm's, by name; given the Action Unit columns. Register your own here."""


def build_encoder(name: str, weights: str, columns: Sequence[str], side_px: int = 0, depth: int = 0) -> Encoder:
    """Return the encoder of this name.

    Parameters
    ----------
    name : str
        A key of ``OWN_ENCODERS`` or any timm model.
    weights : str
        ``imagenet``, ``none`` or a file; DRML and JAA-Net were trained from scratch and have no published ones.
    columns : sequence of str
        Action Units.
    side_px : int
        Side of the input; 0 takes the model's own.
    depth : int
        Stages of a timm model that are kept; 0 keeps all.

    Raises
    ------
    InputError
        If the name is unknown or the weights cannot be had.
    """
    if name not in OWN_ENCODERS:
        from train.models.timm_backbones import TimmEncoder

        return TimmEncoder(name, weights, side_px, depth)
    if weights == "imagenet":
        mend = "pass --weights none (the published model starts at random) or a file"
        raise InputError.one(f"{name} has no ImageNet weights", "--weights", mend)
    if depth:
        raise InputError.one(f"{name} has no stages to leave out", "--depth", "leave --depth out")
    encoder = OWN_ENCODERS[name](columns)
    if side_px not in (0, encoder.facts.side_px):
        raise InputError.one(f"{name} takes {encoder.facts.side_px} pixels", "--input-px", "leave --input-px out")
    if weights != "none":
        fit_state(encoder, read_weights(Path(weights)), weights)
    return encoder


def check_backbone(name: str) -> None:
    """Refuse an unknown name without building anything.

    Raises
    ------
    InputError
    """
    if name not in OWN_ENCODERS:
        from train.models.timm_backbones import check_model_name

        check_model_name(name)


class Heads(nn.Module):
    """The classifiers C1, C2 … over one feature.

    Parameters
    ----------
    heads : sequence of nn.Module
        Independently initialised; two equal ones agree everywhere and get no gradient from eq. 3.
    """

    def __init__(self, heads: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(heads)

    def __len__(self) -> int:
        return len(self.members)

    def forward(self, features: Tensor) -> Tensor:
        """(B, D) → (H, B, A) logits."""
        return torch.stack([head(features) for head in self.members])


def refuse_equal_heads(heads: Heads) -> None:
    """Raise if two heads hold equal parameters.

    Raises
    ------
    InputError
    """
    states = [torch.cat([p.detach().flatten() for p in head.parameters()]) for head in heads.members]
    for first in range(len(states)):
        for second in range(first + 1, len(states)):
            if torch.equal(states[first], states[second]):
                what = f"heads {first + 1} and {second + 1} are equal, so their discrepancy and its gradient are zero"
                raise InputError.one(what, "heads", "initialise them independently (train base --heads 2)")


class Detector(nn.Module):
    """E and the heads together, for inference: eq. 10.

    Parameters
    ----------
    encoder : Encoder
    heads : Heads
    """

    def __init__(self, encoder: Encoder, heads: Heads) -> None:
        super().__init__()
        self.encoder, self.heads = encoder, heads

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pictures (B, 3, side, side) → probabilities (B, A), the mean over the heads."""
        features = self.encoder(x)
        if self.encoder.has_extras:
            features = features[0]
        return self.heads(features.float()).float().sigmoid().mean(0)
