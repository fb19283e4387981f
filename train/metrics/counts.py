"""Counts per subject, from which every score and every bootstrap draw follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

THRESHOLD = 0.5
"""A probability above this means active, for every Action Unit (the paper's implementation details)."""


@dataclass(frozen=True)
class Counts:
    """Counts of frames; the leading axes are subjects, or draws of a bootstrap.

    Attributes
    ----------
    tp, fp, fn, tn : (..., A) float64
        Over frames whose label is known.
    selected : (..., A) float64
        Frames predicted active, whether or not their label is known.
    frames : (..., 1) float64
        All frames.
    """

    tp: np.ndarray
    fp: np.ndarray
    fn: np.ndarray
    tn: np.ndarray
    selected: np.ndarray
    frames: np.ndarray

    def weighted(self, weights: np.ndarray) -> Counts:
        """Return counts summed over subjects with ``weights`` (..., S)."""
        return Counts(*(weights @ part for part in self.parts()))

    def parts(self) -> tuple[np.ndarray, ...]:
        """Return the arrays in the order of the fields."""
        return self.tp, self.fp, self.fn, self.tn, self.selected, self.frames


def subject_counts(probs: np.ndarray, au: np.ndarray, mask: np.ndarray, subject: np.ndarray, subjects: int) -> Counts:
    """Count outcomes for each subject.

    Parameters
    ----------
    probs : (N, A) float
        Probabilities, never logits.
    au, mask : (N, A)
        Labels, and 1 where they are known; other labels count for nothing.
    subject : (N,) int
        Number of the subject of each frame.
    subjects : int
        S.

    Returns
    -------
    Counts
        Arrays (S, A).
    """
    active, known, true = probs > THRESHOLD, mask > 0, au > 0
    tables = (
        active & true & known,
        active & ~true & known,
        ~active & true & known,
        ~active & ~true & known,
        active,
        np.ones((len(probs), 1), bool),
    )
    out = []
    for table in tables:
        sums = np.zeros((subjects, table.shape[1]))
        np.add.at(sums, subject, table.astype(float))
        out.append(sums)
    return Counts(*out)


def ratio(top: np.ndarray, bottom: np.ndarray, empty: float) -> np.ndarray:
    """Return ``top / bottom``, and ``empty`` where both are 0."""
    safe = np.where(bottom == 0, 1.0, bottom)
    return np.where(bottom == 0, empty, top / safe)


def f1(counts: Counts) -> np.ndarray:
    """F1 (..., A): 2 TP / (2 TP + FP + FN); 0/0 gives 0, as in scikit-learn with zero_division=0."""
    return ratio(2 * counts.tp, 2 * counts.tp + counts.fp + counts.fn, 0.0)


def true_positive_rate(counts: Counts) -> np.ndarray:
    """TP / (TP + FN) (..., A); NaN without a positive label."""
    return ratio(counts.tp, counts.tp + counts.fn, np.nan)


def selection_rate(counts: Counts) -> np.ndarray:
    """Share of frames predicted active (..., A)."""
    return ratio(counts.selected, np.broadcast_to(counts.frames, counts.selected.shape), np.nan)
