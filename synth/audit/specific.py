"""What only one Action Unit does: activation above rest, without what others do to the same points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from synth.audit.geometry import AUDITED
from synth.audit.reading import ESTIMATORS, Readings

CALM_SHARE = 0.10
"""Share of the frames that is taken for rest where no label says which frames are."""

LEAST_CALM = 3
LEAST_CODED = 6
"""A frame is known to be at rest if at least so many of its Action Units are coded, and all as absent."""

ONE_SIDED: tuple[int, ...] = (1, 2, 4, 5, 15)
"""Action Units that others undo (1 and 4, 5 and 43, 12 and 15): only what goes beyond rest is theirs."""

ALSO_MOVED_BY: dict[int, tuple[int, ...]] = {
    6: (12, 10), 7: (43,), 9: (12, 10, 25), 10: (12, 25, 26), 14: (12, 26), 15: (25, 26), 17: (12, 25, 26),
    20: (12, 26), 23: (12, 25, 26), 24: (12, 25, 26),
}  # fmt: skip
"""Action Units whose measures (all but scores) answer to others as well: a smile moves the points of 6 and 14 more
than 6 and 14 do. What the others explain on the person's real frames is taken off, with these slopes on the twins."""

LENGTHS = ("landmarks", "flow")
"""Estimators that measure lengths."""

AS_READ = "scores"
"""The estimator of the audit whose values stay as they are, like those of estimators from elsewhere."""

_RIDGE = 1e-3


def resting_rows(readings: Readings) -> np.ndarray:
    """Return which frames (T,) bool show the real face at rest: by labels, or the tenth with the least scores.

    Without the network's scores, an estimator from elsewhere stands in, in steps of what it counts as variation.
    """
    coded = (readings.known.sum(1) >= LEAST_CODED) & ~readings.labels.any(1)
    if coded.sum() >= LEAST_CALM:
        return coded
    if AS_READ in readings.estimators:
        active = readings.values[readings.estimators.index(AS_READ), 0, :, :, 0]
    else:
        active = readings.values[0, 0, :, :, 0] / (1.0 if readings.visible is None else readings.visible)
    activity = np.where(np.isnan(active).all(1), np.inf, np.nansum(active, axis=1))
    count = min(len(activity), max(LEAST_CALM, round(CALM_SHARE * len(activity))))
    calm = np.zeros(len(activity), bool)
    calm[np.argsort(activity, kind="stable")[:count]] = True
    return calm


def specific(readings: Readings) -> Readings:
    """Return readings from which rest and the share of other Action Units are removed.

    Scores of the network and estimates from elsewhere are left as they are.
    """
    measured = [e for e, name in enumerate(readings.estimators) if name in ESTIMATORS and name != AS_READ]
    if not measured:
        return readings
    values, again = readings.values.copy(), readings.again.copy()
    calm = resting_rows(readings)
    landmarks = readings.estimators.index("landmarks")
    covariates = readings.values[landmarks, ..., 0]
    for column, number in enumerate(AUDITED):
        others = [AUDITED.index(n) for n in ALSO_MOVED_BY.get(number, ())]
        for estimator in measured:
            here = values[estimator, :, :, column]
            if others:
                slopes = _slopes(here[0, :, 0], covariates[0][:, others])
                here -= (covariates[..., others] @ slopes)[..., None]
                again[estimator, ..., column] -= readings.again[landmarks][..., others] @ slopes
            if number in ONE_SIDED and readings.estimators[estimator] in LENGTHS:
                values[estimator, :, :, column] = _above_rest(here, calm)
                again[estimator, ..., column] = _above_rest(again[estimator, ..., column, None], calm)[..., 0]
    return replace(readings, values=values, again=again)


def _slopes(values: np.ndarray, covariates: np.ndarray) -> np.ndarray:
    """Return least-squares slopes (C,) of values (T,) on covariates (T, C); zeros where there is too little to fit."""
    fine = np.isfinite(values) & np.isfinite(covariates).all(1)
    if fine.sum() < 8:
        return np.zeros(covariates.shape[1])
    x, y = covariates[fine] - covariates[fine].mean(0), values[fine] - values[fine].mean()
    gram = x.T @ x
    return np.linalg.solve(gram + _RIDGE * (np.trace(gram) + 1e-9) * np.eye(len(gram)), x.T @ y)


def _above_rest(values: np.ndarray, calm: np.ndarray) -> np.ndarray:
    """Return how far values (I, T, S) exceed their median over the calm frames, at least 0; NaN if none is known."""
    known = np.isfinite(values[:, calm]).any(1, keepdims=True)
    rest = np.nanmedian(np.where(known, values[:, calm], 0.0), axis=1, keepdims=True)
    rest = np.where(known, rest, np.nan)
    with np.errstate(invalid="ignore"):
        return np.where(np.isnan(values), np.nan, np.maximum(values - rest, 0.0))
