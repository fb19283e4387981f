"""Fairness between two groups. Names are unambiguous: the paper's EO is a ratio of F1, others speak of TPR."""

from __future__ import annotations

import numpy as np

from train.metrics.counts import Counts, f1, ratio, selection_rate, true_positive_rate


def eo_f1_ratio(women: Counts, men: Counts) -> np.ndarray:
    """EO of the paper, eq. 11: smaller over larger F1 of the two genders (..., A); NaN where both are 0."""
    a, b = f1(women), f1(men)
    return ratio(np.minimum(a, b), np.maximum(a, b), np.nan)


def spd(women: Counts, men: Counts) -> np.ndarray:
    """SPD of the paper, eq. 12: |P(ŷ = 1 | female) − P(ŷ = 1 | male)| (..., A)."""
    return np.abs(selection_rate(women) - selection_rate(men))


def equal_opportunity_difference(women: Counts, men: Counts) -> np.ndarray:
    """Difference of true positive rates (..., A), as fairlearn and Hardt et al. define equal opportunity."""
    return np.abs(true_positive_rate(women) - true_positive_rate(men))


def demographic_parity_ratio(women: Counts, men: Counts) -> np.ndarray:
    """Smaller over larger selection rate (..., A), as fairlearn defines it; NaN where both are 0."""
    a, b = selection_rate(women), selection_rate(men)
    return ratio(np.minimum(a, b), np.maximum(a, b), np.nan)


FAIRNESS = {
    "eo_f1_ratio": eo_f1_ratio,
    "spd": spd,
    "equal_opportunity_difference": equal_opportunity_difference,
    "demographic_parity_ratio": demographic_parity_ratio,
}
"""Every fairness score by its name in reports. ``spd`` is also fairlearn's demographic parity difference."""
