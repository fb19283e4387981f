"""What the loaders hand to the loop: uint8 pictures, and labels only where labels may be used."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor


class _Movable:
    """Moves every tensor of a record to a device."""

    def to(self, device: torch.device) -> Self:
        """Return the same record on ``device``."""
        moved = {
            field.name: value.to(device, non_blocking=True)
            for field in fields(self)  # type: ignore[arg-type]
            if isinstance(value := getattr(self, field.name), Tensor)
        }
        return replace(self, **moved)  # type: ignore[type-var]

    def pin_memory(self) -> Self:
        """Return the same record in page-locked memory."""
        pinned = {
            field.name: value.pin_memory()
            for field in fields(self)  # type: ignore[arg-type]
            if isinstance(value := getattr(self, field.name), Tensor)
        }
        return replace(self, **pinned)  # type: ignore[type-var]


@dataclass(frozen=True)
class PairedBatch(_Movable):
    """Labelled real frames of the source and the twins of those that have them.

    Attributes
    ----------
    real : (B, 3, H, W) uint8
        Real crops; channels-last in memory.
    twins : (P, G, 3, H, W) uint8
        Twins of the ``P ≤ B`` paired frames; P = 0 where twins are not asked for.
    paired : (P,) int64
        Row in ``real`` of each tuple of twins.
    au, au_mask : (B, A) float32
        Occurrence 0/1 and 1 where it is known.
    twin_mask : (P, A) float32
        Label mask of the twins: known, and shown by the rig.
    subject : (B,) int64
        Number of the subject in the dataset.
    landmarks : (B, 49, 2) float32
        Landmarks in the crop as fractions of its side, NaN if unknown; (B, 0, 2) where not asked for.
    """

    real: Tensor
    twins: Tensor
    paired: Tensor
    au: Tensor
    au_mask: Tensor
    twin_mask: Tensor
    subject: Tensor
    landmarks: Tensor


@dataclass(frozen=True)
class TargetBatch(_Movable):
    """Unlabelled frames of the target. There is no label here, and the dataset behind it reads none.

    Attributes
    ----------
    images : (B, 3, H, W) uint8
    subject : (B,) int64
    """

    images: Tensor
    subject: Tensor


@dataclass(frozen=True)
class EvalBatch(_Movable):
    """Frames to be scored; labels stay in the dataset and never travel with them.

    Attributes
    ----------
    images : (B, 3, H, W) uint8
    rows : (B,) int64
        Row of each frame in the evaluation set.
    """

    images: Tensor
    rows: Tensor


def pictures_tensor(pictures: np.ndarray) -> Tensor:
    """Return (…, H, W, 3) uint8 pictures as a (…, 3, H, W) tensor over the same memory."""
    return torch.from_numpy(pictures).movedim(-1, -3)
