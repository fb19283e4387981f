"""How well a measure tells the labels apart, on real frames and on their twins."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from synth.audit.geometry import AUDITED
from synth.audit.reading import Readings

LEAST_OF_EACH = 5
"""Frames with and without the label that one subject must have to count."""


def auc(values: np.ndarray, positive: np.ndarray) -> float:
    """Return the area under the ROC curve: how often a positive frame reads higher than a negative one, ties half."""
    ranks = rankdata(values)
    count = int(positive.sum())
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(values) - count)))


def label_aucs(
    subjects: list[Readings], e: int, rng: np.random.Generator, rounds: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the areas (A,) of real frames and twins, the twins' interval over subjects, and the positive frames.

    Areas are taken within each subject and twin, and averaged with the number of pairs of frames as weight; faces that
    differ at rest do not disturb them. The interval draws subjects; it is unknown below five.
    """
    size = len(AUDITED)
    real, twin, pairs = np.zeros((3, len(subjects), size))
    positives = np.zeros(size)
    for s, readings in enumerate(subjects):
        for a in range(size):
            known = readings.known[:, a] & np.isfinite(readings.values[e, :, :, a, 0]).all(0)
            positive = readings.labels[known, a]
            positives[a] += readings.labels[readings.known[:, a], a].sum()
            if min(int(positive.sum()), int((~positive).sum())) < LEAST_OF_EACH:
                continue
            areas = [auc(values, positive) for values in readings.values[e, :, known, a, 0].T]
            pairs[s, a] = int(positive.sum()) * int((~positive).sum())
            real[s, a], twin[s, a] = areas[0], np.mean(areas[1:])
    weight = np.ones((1, len(subjects)))
    low = high = np.full(size, np.nan)
    if len(subjects) >= 5:
        drawn = rng.integers(0, len(subjects), (rounds, len(subjects)))
        counts = np.stack([(drawn == s).sum(1) for s in range(len(subjects))], 1)
        drawn_areas = _mean(twin, pairs, counts)
        known_areas = np.where(np.isnan(drawn_areas).all(0), 0.0, drawn_areas)
        low, high = np.nanquantile(known_areas, (0.025, 0.975), axis=0)
        low, high = (np.where(pairs.sum(0) > 0, bound, np.nan) for bound in (low, high))
    return _mean(real, pairs, weight)[0], _mean(twin, pairs, weight)[0], low, high, positives


def _mean(values: np.ndarray, pairs: np.ndarray, counts: np.ndarray) -> np.ndarray:
    total = counts @ pairs
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, counts @ (values * pairs) / total, np.nan)
