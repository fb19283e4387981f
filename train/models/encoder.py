"""What every base model offers: features of a picture, and the facts the loop needs to feed it."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from train.data.batches import PairedBatch


@dataclass(frozen=True)
class InputFacts:
    """How pictures enter a model.

    Attributes
    ----------
    side_px : int
        Side of the input.
    crop_ratio : float
        Side of the crop over the side of the stored picture.
    mean, std : (float, float, float)
        Subtracted and divided by, on a scale from 0 to 1.
    """

    side_px: int
    crop_ratio: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


class Encoder(nn.Module):
    """E of the paper: (B, 3, side, side) float32 → (B, D).

    Attributes
    ----------
    facts : InputFacts
    feature_size : int
        D.
    needs_landmarks : bool
        Whether training needs the 49 landmarks.
    has_extras : bool
        Whether ``forward`` also returns what ``extra_loss`` needs.
    """

    facts: InputFacts
    feature_size: int
    needs_landmarks = False
    has_extras = False

    def make_head(self, outputs: int, hidden: int, dropout: float) -> nn.Module:
        """Return a new head (B, D) → (B, outputs) logits: an MLP with one hidden layer."""
        return mlp_head(self.feature_size, hidden, outputs, dropout)

    def extra_loss(self, extras: dict[str, Tensor], batch: PairedBatch) -> Tensor:
        """Return the model's own loss on labelled source frames, on top of L_AU."""
        raise TypeError(f"{type(self).__name__} has no loss of its own")


def mlp_head(inputs: int, hidden: int, outputs: int, dropout: float) -> nn.Module:
    """Return the classifier C of the paper: a multilayer perceptron."""
    return nn.Sequential(nn.Linear(inputs, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, outputs))


def to_input(pictures: Tensor, facts: InputFacts) -> Tensor:
    """Turn uint8 pictures (B, 3, H, W) into model input: resized if need be, scaled, normalised.

    Returns
    -------
    (B, 3, side, side) float32
    """
    x = pictures.float().div_(255.0)
    if x.shape[-1] != facts.side_px:
        x = F.interpolate(x, (facts.side_px, facts.side_px), mode="bilinear", antialias=True)
    mean, std = (x.new_tensor(values).view(1, 3, 1, 1) for values in (facts.mean, facts.std))
    return x.sub_(mean).div_(std)
