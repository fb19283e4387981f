"""How far two classifiers disagree on the target, eq. 3 of Lu et al. (after Saito et al. 2018, MCD)."""

from __future__ import annotations

from functools import reduce

import torch
from torch import Tensor

DISCREPANCY_ON = ("probability", "logit")


def discrepancy(logits: Tensor, on: str = "probability") -> Tensor:
    """L_Dis, eq. 3: |p1 − p2| summed over Action Units, averaged over the batch and over pairs of heads.

    Parameters
    ----------
    logits : (H, B, A) float32
        Outputs of H ≥ 2 heads; the paper has two.
    on : {"probability", "logit"}
        The paper says "output logits" but thresholds and prints them as probabilities, so those are the
        default.
    """
    values = logits.sigmoid() if on == "probability" else logits
    heads = len(values)
    pairs = [(i, j) for i in range(heads) for j in range(i + 1, heads)]
    return reduce(torch.add, ((values[i] - values[j]).abs().sum(-1).mean() for i, j in pairs)) / len(pairs)
