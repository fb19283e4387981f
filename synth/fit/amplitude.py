"""The right amplitude: what a careful fit loses of movements that are there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from synth.fit.face_model import FITTED_UNITS
from synth.fit.frame_fit import Prior

_BROWS = np.array([name.startswith("brow") for name in FITTED_UNITS])
_DOUBTFUL, _CLEAR = np.where(_BROWS, 0.08, 0.18), np.where(_BROWS, 0.3, 0.45)
"""Weights below which a movement may be an error, and from which on it is certainly there: brows move by millimetres,
and no other unit moves them."""

_RELAXED = 0.75
"""Share of the prior's precision that a movement sheds once it is certainly there."""

_LEAST_PRECISION = 0.3
"""Precision that stays, mm²: however exact the landmarks are, the shapes of the units are only about right."""

# One over the slope of fitted on true weights on rendered people of the default rig who took no part in any table, at
# most 1.5; only units that the fit follows there and that do not come out too large on real faces already.
_LOST: dict[str, float] = {
    "browDown": 1.25, "cheekSquint": 1.4, "eyeWide": 1.4, "mouthFrown": 1.1, "mouthFunnel": 1.5,
    "mouthSmile": 1.05, "mouthStretch": 1.1, "mouthUpperUp": 1.1, "noseSneer": 1.3,
}  # fmt: skip


def _gain(unit: str) -> float:
    return _LOST.get(unit.removesuffix("Left").removesuffix("Right"), 1.0)


GAIN = np.array([_gain(name) for name in FITTED_UNITS])
"""(K,) amplitude over that of the fit."""


def presence(weights: np.ndarray) -> np.ndarray:
    """Return how surely each weight is a movement and no error, from 0 smoothly to 1."""
    share = np.clip((weights - _DOUBTFUL) / (_CLEAR - _DOUBTFUL), 0.0, 1.0)
    return share * share * (3.0 - 2.0 * share)


def relaxed(prior: Prior, weights: np.ndarray, strength: float = 1.0) -> Prior:
    """Return the prior for a second pass over weights (T, K) that are there.

    A Gaussian prior around rest keeps errors small and strong movements down alike. Where a first pass found a
    movement well above what was expected, the second asks the landmarks and pixels alone how strong it is, as
    the relaxed lasso does on its active set (Meinshausen 2007).
    """
    shed = np.where(weights > prior.mean, min(strength, 1.0) * _RELAXED * presence(weights), 0.0)
    least = np.minimum(prior.precision, _LEAST_PRECISION)
    pull = prior.pull * (1.0 - min(strength, 1.0) * presence(weights))
    return replace(prior, precision=np.maximum(prior.precision * (1.0 - shed), least), pull=pull)


def full_amplitude(weights: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """Return weights (T, K) at the amplitude of the face; doubtful ones stay as they are."""
    return np.minimum(weights * (1.0 + strength * (GAIN - 1.0) * presence(weights)), np.maximum(weights, 1.0))
