"""The landmark network's own unit scores, gathered to Action Units."""

from __future__ import annotations

import numpy as np

from assets.units import AU_UNITS, NETWORK_UNITS
from synth.audit.geometry import AUDITED

UNREAD: frozenset[int] = frozenset({6, 9})
"""Action Units whose units (cheekSquint, noseSneer) the network scores near 0 whatever the face does."""

VISIBLE_SCORE = 0.10
"""Change of a score that counts as variation."""

_COLUMN = {name: i for i, name in enumerate(NETWORK_UNITS)}


def _gains(suffix: str) -> np.ndarray:
    """Return the share (51, A) of every unit in every Action Unit on one side."""
    gains = np.zeros((len(NETWORK_UNITS), len(AUDITED)))
    other = "Right" if suffix == "Left" else "Left"
    for column, number in enumerate(AUDITED):
        if number in UNREAD:
            gains[:, column] = np.nan
            continue
        for name, gain in AU_UNITS[number]:
            if not name.endswith(other):
                gains[_COLUMN[name], column] = gain
        gains[:, column] /= gains[:, column].sum()
    return gains


_LEFT, _RIGHT = _gains("Left"), _gains("Right")


def read_out(scores: np.ndarray) -> np.ndarray:
    """Return the activation (A, 2) in [0, 1], left and right, of the audited Action Units; NaN for ``UNREAD``.

    Parameters
    ----------
    scores : (51,) float
        Of ``assets.units.NETWORK_UNITS``; each Action Unit is the mean of its units, weighted by ``AU_UNITS``.
    """
    return np.stack([scores @ _LEFT, scores @ _RIGHT], 1)


def resting_limits() -> np.ndarray:
    """Return the highest activation (A,) that resting real faces show, NaN for ``UNREAD``.

    Source: the resting scores of portraits and video in ``synth.fit.network_scores``.
    """
    from synth.fit.network_scores import reading_of

    rest = np.array([reading_of(name).rest for name in NETWORK_UNITS])
    return read_out(rest).max(1)
