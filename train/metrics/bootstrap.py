"""Intervals by drawing subjects: frames of one person are not independent, people are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assets.keyed import rng_for


def subject_weights(groups: Sequence[str], draws: int, seed: int, key: str = "") -> np.ndarray:
    """Return how often each subject is drawn, (draws, S) float64, drawn with replacement within each group.

    Parameters
    ----------
    groups : sequence of str
        Group of each subject, here the apparent gender; group sizes stay as they are.
    draws, seed : int
    key : str
        Of the corpus, so that two corpora are drawn independently of each other.
    """
    weights = np.zeros((draws, len(groups)))
    for group in sorted(set(groups)):
        members = np.array([i for i, name in enumerate(groups) if name == group])
        rng = rng_for(seed, "bootstrap", group, *([key] if key else []))
        weights[:, members] = rng.multinomial(len(members), np.full(len(members), 1 / len(members)), draws)
    return weights


def interval(values: np.ndarray, level: float = 0.95) -> list[float] | None:
    """Return the percentile interval of draws (R,), None if none is defined."""
    defined = values[np.isfinite(values)]
    if not len(defined):
        return None
    tail = (1 - level) / 2
    return [float(value) for value in np.quantile(defined, (tail, 1 - tail))]


def mean_defined(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis, leaving out NaN; NaN where nothing is left."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(-1)
    return np.where(known.any(-1), total / np.maximum(known.sum(-1), 1), np.nan)
