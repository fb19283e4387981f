"""What is believed of the weights before the landmarks are looked at: rest, the network's reading, steadiness."""

from __future__ import annotations

import numpy as np

from synth.fit.face_model import FITTED_UNITS
from synth.fit.frame_fit import Prior
from synth.fit.network_scores import SEEN_BY_NETWORK, SPREAD, expected_weights, resting_scores
from synth.fit.settings import FitSettings

UNREAD_SPREAD = 0.35
"""Standard deviation around rest of a weight that no score speaks for."""

_SPARSITY = 0.5
_FIRM_READING = 4.0
_QUICK = {"eyeBlink": 0.6, "eyeWide": 0.5, "eyeSquint": 0.3, "jawOpen": 0.2}
_USUAL_MOVE = 0.12
_LEAP = 3.0


def _moves() -> np.ndarray:
    stems = [name.removesuffix("Left").removesuffix("Right") for name in FITTED_UNITS]
    return np.array([_QUICK.get(stem, _USUAL_MOVE) for stem in stems])


MOVE_PER_FRAME = _moves()
"""Typical change of each weight from frame to frame at 25 frames per second."""


def expression_prior(
    scores: np.ndarray | None, count: int, present: np.ndarray, resting: np.ndarray, settings: FitSettings, noise: float
) -> Prior:
    """Return the prior of ``count`` frames.

    Parameters
    ----------
    scores : (T, 51) float or None
        The network's scores.
    count : int
        T.
    present : (K,) bool
        Units the rig has; the others are held at 0.
    resting : (T,) bool
        Frames known to be at rest.
    settings : FitSettings
    noise : float
        Variance of one landmark in mm².
    """
    size = len(FITTED_UNITS)
    mean = np.zeros((count, size))
    spread = np.full(size, UNREAD_SPREAD)
    if scores is not None and settings.network > 0:
        mean = expected_weights(scores, resting_scores(scores, resting))
        read = SEEN_BY_NETWORK
        mean[:, ~read] = 0.0
        spread = np.where(read, np.minimum(SPREAD / np.sqrt(settings.network), UNREAD_SPREAD), UNREAD_SPREAD)
    precision = np.broadcast_to(noise / spread**2, (count, size)).copy()
    mean[resting] = 0.0
    precision[resting] *= 25.0
    mean[:, ~present] = 0.0
    precision[:, ~present] = 1e9
    return Prior(mean, precision, np.full(size, _SPARSITY * settings.sparsity * noise))


def firm(prior: Prior) -> Prior:
    """Return a prior that trusts the reading more than the landmarks: for telling identity from expression."""
    return Prior(prior.mean, prior.precision * _FIRM_READING, prior.pull)


def steadiness(weights: np.ndarray, gaps: np.ndarray, settings: FitSettings, noise: float) -> np.ndarray | None:
    """Return ties (T - 1, K) between consecutive frames.

    The variance of a random walk grows with the gap in frames. Where a weight leaps far beyond its usual
    move the tie gives way (Geman and McClure's weight), so that blinks and onsets keep their shape.

    Parameters
    ----------
    weights : (T, K) float
        An unsmoothed fit.
    gaps : (T - 1,) float
        Frame numbers between consecutive rows.
    settings : FitSettings
    noise : float
    """
    if settings.smooth == 0 or len(weights) < 2:
        return None
    leap = np.abs(np.diff(weights, axis=0)) / (_LEAP * MOVE_PER_FRAME)
    return settings.smooth * noise / (MOVE_PER_FRAME**2 * np.maximum(gaps, 1)[:, None]) / (1.0 + leap**2) ** 2
