"""From the landmark network's own scores to a prior of the weights, with each subject's resting level removed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.units import NETWORK_UNITS
from synth.fit.face_model import FITTED_INDEX, FITTED_UNITS

RESTING_SHARE = 0.05
"""The quantile of a subject's scores that is taken for rest, as far as resting faces reach that high."""


@dataclass(frozen=True)
class Reading:
    """How a score of the network reads.

    Attributes
    ----------
    rest : float
        Highest score that resting faces show; a higher low quantile is expression, not rest.
    least : float
        Score below which nothing is read, however rarely the subject stays below it.
    gain : float
        Weight per score above rest.
    spread : float
        Standard deviation of the weight around that reading; small where landmarks see little.
    """

    rest: float
    gain: float
    spread: float
    least: float = 0.0


# Scores of resting faces and of full movements as seen on portraits and video; a unit not listed has the default.
# ``jaw`` and ``mouth`` are the shifts to either side.
_DEFAULT = Reading(rest=0.12, gain=1.0, spread=0.25)
_READINGS: dict[str, Reading] = {
    "browDown": Reading(0.40, 1.1, 0.30),
    "browInnerUp": Reading(0.45, 1.1, 0.25),
    "browOuterUp": Reading(0.30, 1.1, 0.25),
    "cheekPuff": Reading(0.10, 1.0, 0.15),
    "eyeBlink": Reading(0.30, 1.35, 0.20),
    "eyeSquint": Reading(0.60, 1.3, 0.15, least=0.2),
    "eyeWide": Reading(0.08, 1.5, 0.35),
    "jaw": Reading(0.10, 1.0, 0.08),
    "jawForward": Reading(0.10, 1.0, 0.15),
    "jawOpen": Reading(0.04, 1.15, 0.10),
    "mouth": Reading(0.10, 1.0, 0.12),
    "mouthClose": Reading(0.10, 1.0, 0.20),
    "mouthDimple": Reading(0.10, 1.3, 0.15),
    "mouthFrown": Reading(0.10, 1.5, 0.20),
    "mouthFunnel": Reading(0.08, 1.3, 0.15),
    "mouthLowerDown": Reading(0.05, 1.8, 0.18),
    "mouthPress": Reading(0.20, 1.1, 0.25),
    "mouthPucker": Reading(0.45, 1.3, 0.20, least=0.3),
    "mouthRollLower": Reading(0.15, 1.1, 0.20),
    "mouthRollUpper": Reading(0.12, 1.1, 0.20),
    "mouthShrugLower": Reading(0.25, 1.2, 0.15),
    "mouthShrugUpper": Reading(0.25, 1.2, 0.15),
    "mouthSmile": Reading(0.10, 0.9, 0.18),
    "mouthStretch": Reading(0.15, 1.3, 0.25),
    "mouthUpperUp": Reading(0.10, 1.1, 0.25),
    "noseSneer": Reading(0.05, 1.0, 0.30),
}
_CHEEK_SHARE = 0.8
"""A smile that narrows the eyes raises the cheeks; the network has no score of its own for that."""

DEAD_UNITS = ("cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "mouthClose")
"""Units whose scores stay near zero whatever the face does; their prior is rest."""


def reading_of(unit: str) -> Reading:
    """Return how the score of a unit reads, left and right alike."""
    stem = unit.removesuffix("Left").removesuffix("Right")
    return _READINGS.get(stem, _DEFAULT)


SEEN_BY_NETWORK = np.array([name not in DEAD_UNITS for name in FITTED_UNITS])

_COLUMNS = np.array([NETWORK_UNITS.index(name) for name in FITTED_UNITS])
_REST = np.array([reading_of(name).rest for name in FITTED_UNITS])
_LEAST = np.array([reading_of(name).least for name in FITTED_UNITS])
_GAIN = np.array([reading_of(name).gain for name in FITTED_UNITS])
SPREAD = np.array([reading_of(name).spread for name in FITTED_UNITS])


def resting_scores(scores: np.ndarray, resting: np.ndarray | None = None) -> np.ndarray:
    """Return the subject's resting level (K,) of the fitted units.

    Parameters
    ----------
    scores : (T, 51) float
    resting : (T,) bool or None
        Frames that are known to be at rest; their median is used where there are any.
    """
    own = scores[:, _COLUMNS].astype(float)
    if not len(own):
        return np.full(own.shape[1], _LEAST)
    if resting is not None and resting.any():
        level = np.median(own[resting], axis=0)
    else:
        level = np.quantile(own, RESTING_SHARE, axis=0)
    return np.clip(level, _LEAST, _REST)


def expected_weights(scores: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Return the weights (T, K) that scores (T, 51) speak for, given resting levels (K,)."""
    raised = np.maximum(scores[:, _COLUMNS].astype(float) - rest, 0.0) / (1.0 - rest)
    expected = np.clip(raised * _GAIN, 0.0, 1.0)
    expected[:, ~SEEN_BY_NETWORK] = 0.0
    for side in ("Left", "Right"):
        smile, squint = (expected[:, FITTED_INDEX[name + side]] for name in ("mouthSmile", "eyeSquint"))
        expected[:, FITTED_INDEX["cheekSquint" + side]] = _CHEEK_SHARE * np.minimum(smile, squint)
    return expected
