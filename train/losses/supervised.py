"""The supervised loss, eq. 2 of Lu et al., for labels some of which are unknown."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def au_loss(logits: Tensor, au: Tensor, mask: Tensor) -> Tensor:
    """L_AU, eq. 2: binary cross entropy, summed over Action Units and averaged over the batch.

    Parameters
    ----------
    logits : (..., B, A) float32
        Leading axes (heads) are averaged: eq. 7 takes the mean over the two heads.
    au, mask : (B, A) float32
        Occurrence, and 1 where it is known. A masked label has no influence on value or gradient.
    """
    each = F.binary_cross_entropy_with_logits(logits, au.expand_as(logits), reduction="none")
    return (each * mask).sum(-1).mean()
