"""Domain discriminators behind a gradient reversal: DANN (Ganin et al. 2016) and CDAN (Long et al. 2018)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

DISCRIMINATOR_WIDTH = 1024


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return -ctx.strength * gradient, None


def reverse_gradient(x: Tensor, strength: float) -> Tensor:
    """Return ``x``; its gradient is multiplied by ``-strength`` on the way back."""
    return _Reverse.apply(x, strength)


def warm_up(step: int, scale: float = 1000.0) -> float:
    """Strength of the reversal after ``step`` steps: 2 / (1 + e^(−step/scale)) − 1, from 0 towards 1."""
    return 2.0 / (1.0 + math.exp(-step / scale)) - 1.0


class Discriminator(nn.Sequential):
    """Says from which domain a feature comes: three layers, batch normalisation, one logit.

    Parameters
    ----------
    inputs : int
        Size of a feature.
    """

    def __init__(self, inputs: int) -> None:
        width = DISCRIMINATOR_WIDTH
        super().__init__(
            nn.Linear(inputs, width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Linear(width, 1),
        )


def domain_loss(logits: Tensor, sources: int, weights: Tensor | None = None) -> Tensor:
    """Cross entropy of the domain: 1 for the first ``sources`` rows (source), 0 for the others.

    Parameters
    ----------
    logits : (N, 1) float32
    sources : int
    weights : (N,) float32 or None
        Weight of each sample; both domains count alike after normalisation.
    """
    truth = (torch.arange(len(logits), device=logits.device) < sources).float()
    each = F.binary_cross_entropy_with_logits(logits[:, 0], truth, reduction="none")
    if weights is None:
        return 0.5 * (each[:sources].mean() + each[sources:].mean())
    parts = (slice(0, sources), slice(sources, None))
    source, target = ((weights[part] * each[part]).sum() / weights[part].sum() for part in parts)
    return 0.5 * (source + target)


def conditioned(features: Tensor, probs: Tensor) -> Tensor:
    """CDAN's joint feature: the outer product of probabilities (N, A) and features (N, D) → (N, A·D).

    Probabilities are constants for the gradient.
    """
    return (probs.detach().unsqueeze(2) * features.unsqueeze(1)).flatten(1)


def entropy(probs: Tensor) -> Tensor:
    """Entropy of independent Action Units (N,): −Σ p log p + (1 − p) log (1 − p), never negative."""
    p = probs.clamp(1e-7, 1 - 1e-7)
    return -(p * p.log() + (1 - p) * (1 - p).log()).sum(-1)


def entropy_weights(probs: Tensor) -> Tensor:
    """CDAN+E: samples of which the classifier is sure count more, weight 1 + e^(−entropy) (N,)."""
    return 1 + torch.exp(-entropy(probs.detach()))
