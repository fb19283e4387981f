"""Maximum mean discrepancies with Gaussian kernels: DAN (Long et al. 2015) and JAN (Long et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor

DAN_FACTORS = tuple(2.0**k for k in range(-3, 2))
"""Bandwidths of DAN's five kernels, as multiples of the mean squared distance."""

JAN_SIGMA = 0.92
"""Width of JAN's kernel on the outputs."""


def squared_distances(x: Tensor) -> Tensor:
    """Return all squared Euclidean distances (N, N) of (N, D) rows."""
    return (x.unsqueeze(0) - x.unsqueeze(1)).square().sum(-1)


def gaussian_kernels(x: Tensor, factors: Sequence[float]) -> Tensor:
    """Return the sum of Gaussian kernels (N, N) with σ² = factor · mean squared distance.

    The bandwidth is a constant for the gradient.
    """
    square = squared_distances(x)
    mean = square.detach().mean().clamp_min(1e-12)
    return reduce(torch.add, (torch.exp(-square / (2 * factor * mean)) for factor in factors))


def gaussian_kernel(x: Tensor, sigma: float) -> Tensor:
    """Return one Gaussian kernel (N, N) of fixed width."""
    return torch.exp(-squared_distances(x) / (2 * sigma**2))


def mmd(kernel: Tensor, sources: int) -> Tensor:
    """Unbiased squared maximum mean discrepancy from the kernel of sources, then targets.

    Parameters
    ----------
    kernel : (N, N) float32
    sources : int
        The first ``sources`` rows are one sample, the others the second; both need two rows or more.
    """
    targets = len(kernel) - sources
    ss, tt, st = kernel[:sources, :sources], kernel[sources:, sources:], kernel[:sources, sources:]
    inside = (ss.sum() - ss.diagonal().sum()) / (sources * (sources - 1))
    inside = inside + (tt.sum() - tt.diagonal().sum()) / (targets * (targets - 1))
    return inside - 2 * st.mean()


def dan_loss(source: Tensor, target: Tensor) -> Tensor:
    """Multi-kernel discrepancy of features (B, D) and (C, D), the loss of DAN."""
    return mmd(gaussian_kernels(torch.cat([source, target]), DAN_FACTORS), len(source))


def jan_loss(source: Tensor, target: Tensor, source_probs: Tensor, target_probs: Tensor) -> Tensor:
    """Joint discrepancy of features and of probabilities (B, A), the loss of JAN: the product of both kernels.

    JAN's softmax outputs are probabilities of one class of many; with several Action Units at once they are
    the sigmoids.
    """
    features = gaussian_kernels(torch.cat([source, target]), DAN_FACTORS)
    return mmd(features * gaussian_kernel(torch.cat([source_probs, target_probs]), JAN_SIGMA), len(source))
