"""What Action Unit labels say about the weights."""

from __future__ import annotations

import numpy as np

from assets.errors import InputError
from assets.units import AU_UNITS, UNIT_INDEX, UNITS
from synth.tracks import Labels

VISIBLE_ONSET = 0.30
"""Weight above which a movement is plainly visible on a twin; the lower bound of an active unit."""

RESTING_LIMIT = 0.12
"""Weight below which a movement does not show; the upper bound of an inactive unit."""

_PER_INTENSITY_STEP = 0.15
_CLOSED_EYE = {43: 0.8, 45: 0.8}


def resting_frames(labels: Labels | None, rows: np.ndarray) -> np.ndarray:
    """Return which of the rows (N,) are known to show a face at rest: every coded unit 0, at least six coded."""
    if labels is None:
        return np.zeros(len(rows), bool)
    known = labels.mask[rows] > 0
    return (known.sum(1) >= 6) & ~((labels.au[rows] > 0) & known).any(1)


def coded_units(labels: Labels | None) -> np.ndarray:
    """Return which units (52,) the labels speak of: those that a coded Action Unit drives.

    A frame at rest is at rest in these. Eyes may be wide, lids closed or lips parted in it where nobody coded that.
    """
    numbers = () if labels is None else labels.numbers
    driven = {name for number in numbers for name, _ in AU_UNITS.get(number, ())}
    return np.array([name in driven for name in UNITS])


def check_labels(labels: Labels, count: int) -> None:
    """Refuse labels whose shape does not fit a track of ``count`` rows."""
    wanted = (count, len(labels.numbers))
    if labels.au.shape != wanted or labels.mask.shape != wanted:
        raise InputError.one(
            f"labels of shape {labels.au.shape} for a track of {count} rows and {len(labels.numbers)} units",
            "labels",
            "give one row of labels per planned frame",
        )


def label_bounds(labels: Labels, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper bounds (N, 52) of the weights that the labels of the rows allow.

    A unit that an active Action Unit drives stays above a visible onset (with a known intensity, the more
    intense the higher). A unit is held below the resting limit where all coded Action Units that drive it, one at
    least, are known to be inactive; Action Units that the corpus does not code have no say. All other units are free.
    """
    count = len(rows)
    lower, upper = np.zeros((count, len(UNITS))), np.ones((count, len(UNITS)))
    known = labels.mask[rows] > 0
    active = (labels.au[rows] > 0) & known
    silent = np.zeros((count, len(UNITS)), int)
    driven = np.zeros((count, len(UNITS)), int)
    for column, number in enumerate(labels.numbers):
        for name, gain in AU_UNITS.get(number, ()):
            unit = UNIT_INDEX[name]
            onset = _onset(labels, rows, column, number) * gain
            lower[:, unit] = np.where(active[:, column], np.maximum(lower[:, unit], onset), lower[:, unit])
            driven[:, unit] += 1
            silent[:, unit] += known[:, column] & ~active[:, column]
    quiet = (silent == driven) & (driven > 0)
    upper[quiet] = RESTING_LIMIT
    return lower, upper


def _onset(labels: Labels, rows: np.ndarray, column: int, number: int) -> np.ndarray:
    base = np.full(len(rows), _CLOSED_EYE.get(number, VISIBLE_ONSET))
    if labels.intensity is None or number in _CLOSED_EYE:
        return base
    intensity = labels.intensity[rows, column]
    level = np.where(np.isfinite(intensity), np.clip(intensity, 1, 5), 1.0)
    return base + _PER_INTENSITY_STEP * (level - 1.0)
