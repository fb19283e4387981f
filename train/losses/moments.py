"""Moment distances: between distributions (eq. 4) and between paired samples (eqs. 5 and 6)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import combinations

import torch
from torch import Tensor

PAIR_SCALES = ("none", "sqrt_d")


def safe_norm(x: Tensor) -> Tensor:
    """Euclidean norm over the last axis whose sub-gradient at 0 is 0.

    The square root of a sum of squares has an infinite slope there, which turns into NaN at identical features.
    """
    square = x.square().sum(-1)
    positive = square > 0
    return torch.where(positive, square, 1.0).sqrt() * positive


def moment_distance(source: Tensor, target: Tensor) -> Tensor:
    """d(D_S, D_T), eq. 4: distance of the batch means of features and of their squares.

    Parameters
    ----------
    source, target : (B, D) and (C, D) float32
    """
    return reduce(torch.add, (safe_norm(source.pow(k).mean(0) - target.pow(k).mean(0)) for k in (1, 2)))


def pair_distance(a: Tensor, b: Tensor) -> Tensor:
    """d(x1, x2), eq. 5, one value for each pair.

    Parameters
    ----------
    a, b : (P, D) float32

    Returns
    -------
    (P,) float32
    """
    return safe_norm(a - b) + safe_norm(a.square() - b.square())


def paired_moment_loss(members: Sequence[Tensor], scale: str = "none") -> Tensor:
    """L_PM2, eq. 6, for tuples of any size: eq. 5 averaged over the batch and over all pairs of the tuple.

    Parameters
    ----------
    members : sequence of (P, D) float32
        Features of the real frame and of its twins; three of them in the paper.
    scale : {"none", "sqrt_d"}
        ``sqrt_d`` divides by the square root of D, so that the weight does not depend on the backbone.

    Notes
    -----
    With no paired frame in the batch (P = 0) the loss is 0.
    """
    pairs = list(combinations(members, 2))
    total = reduce(torch.add, (pair_distance(a, b).sum() for a, b in pairs)) / (len(pairs) * max(1, len(members[0])))
    return total / members[0].shape[-1] ** 0.5 if scale == "sqrt_d" else total


def multi_source_moment_loss(domains: Sequence[Tensor]) -> Tensor:
    """The moment distance of M³SDA: eq. 4 averaged over all pairs of domains (Peng et al. 2019).

    Parameters
    ----------
    domains : sequence of (B, D) float32
        Features of each domain; empty domains are left out.
    """
    pairs = list(combinations([domain for domain in domains if len(domain)], 2))
    return reduce(torch.add, (moment_distance(a, b) for a, b in pairs)) / len(pairs)
