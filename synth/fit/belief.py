"""What is believed of the weights before the landmarks are looked at: rest, the network's reading, steadiness."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from synth.fit.face_model import FITTED_INDEX, FITTED_UNITS, OTHER_SIDE
from synth.fit.frame_fit import Prior
from synth.fit.network_scores import SEEN_BY_NETWORK, SPREAD, expected_weights, resting_scores
from synth.fit.pace import pace, ties
from synth.fit.settings import FitSettings

UNREAD_SPREAD = 0.35
"""Standard deviation around rest of a weight that no score speaks for."""

_SPARSITY = 0.5
_FIRM_READING = 4.0
_QUICK = {"eyeBlink": 0.6, "eyeWide": 0.5, "eyeSquint": 0.3, "jawOpen": 0.2}
_USUAL_MOVE = 0.12
_LEAST_MOVE = 0.02
"""Change from frame to frame below which no movement is believed to stay for the whole of a clip."""

_HELD = 1e8
"""Precision above which a weight is held where it is: the rig lacks the unit."""

_SEEN_APART, _UNSEEN_APART = 0.09, 0.4
"""Spread of the difference between both sides, with and without a network that sees it."""

_SMILES, _ROUNDS = ("mouthSmile",), ("mouthPucker", "mouthFunnel")
_MIMICS: dict[str, tuple[str, ...]] = {
    "mouthFrown": _SMILES, "mouthDimple": _SMILES, "browDown": _SMILES,
    "mouthStretch": (*_SMILES, *_ROUNDS), "mouthPress": (*_SMILES, *_ROUNDS),
    "mouthPucker": _SMILES, "mouthFunnel": _SMILES, "noseSneer": _SMILES, "mouthShrugLower": _SMILES,
    "mouthShrugUpper": _SMILES, "mouthRollUpper": _ROUNDS, "mouthRollLower": (*_SMILES, *_ROUNDS),
    "jawOpen": _SMILES,
}  # fmt: skip
"""Units that make up for errors in the shape of another one: where that is strong, they need more evidence."""

_MIMICRY = {"browDown": 1.0, "jawOpen": 60.0}
_USUAL_MIMICRY = 3.0
"""How much more, over what they need at rest. A smile does lower brows a little, and people cry with drawn lips; teeth
that a smile bares are no open jaw."""

_SURE_OF_ITSELF = {"jawOpen": 0.15}
"""Reading of a unit from which on nothing is mistaken for it: the network scores an open jaw well by itself."""


def _moves() -> np.ndarray:
    stems = [name.removesuffix("Left").removesuffix("Right") for name in FITTED_UNITS]
    return np.array([_QUICK.get(stem, _USUAL_MOVE) for stem in stems])


TWO_SIDED = np.array(
    [
        OTHER_SIDE[i] != i and not name.startswith(("eye", "jaw", "mouthLeft", "mouthRight"))
        for i, name in enumerate(FITTED_UNITS)
    ]
)
"""Units whose two sides usually move together; lids may wink, and jaw and mouth shift to one side by themselves."""

MOVE_PER_FRAME = _moves()
"""Typical change of each weight from frame to frame at 25 frames per second."""


def expression_prior(
    scores: np.ndarray | None,
    count: int,
    present: np.ndarray,
    resting: np.ndarray,
    settings: FitSettings,
    noise: float,
    coded: np.ndarray | None = None,
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
    coded : (K,) bool or None
        Units that are known to be at rest in those frames; None is all.
    """
    size = len(FITTED_UNITS)
    known = resting[:, None] & (np.ones(size, bool) if coded is None else coded)
    mean = np.zeros((count, size))
    spread = np.full(size, UNREAD_SPREAD)
    if scores is not None and settings.network > 0:
        mean = expected_weights(scores, resting_scores(scores, resting))
        read = SEEN_BY_NETWORK
        spread = np.where(read, np.minimum(SPREAD / np.sqrt(settings.network), UNREAD_SPREAD), UNREAD_SPREAD)
    precision = noise / spread**2 * (1.0 + _mimicked(mean))
    mean[known] = 0.0
    precision[known] *= 25.0
    mean[:, ~present] = 0.0
    precision[:, ~present] = 1e9
    pull = np.full(size, _SPARSITY * settings.sparsity * noise)
    balance = None
    if settings.symmetry > 0:
        spread_apart = _SEEN_APART if scores is not None else _UNSEEN_APART
        balance = np.where(TWO_SIDED, settings.symmetry * noise / spread_apart**2, 0.0)
    return Prior(mean, precision, pull, balance=balance)


def _mimicked(mean: np.ndarray) -> np.ndarray:
    """Return how much more evidence each unit needs (T, K) for another movement that it could be mistaken for."""
    result = np.zeros_like(mean)
    for unit, others in _MIMICS.items():
        for side in ("Left", "Right"):
            column = FITTED_INDEX[unit + side if unit + side in FITTED_INDEX else unit]
            doubt = np.clip(1.0 - mean[:, column] / _SURE_OF_ITSELF.get(unit, np.inf), 0.0, 1.0)
            for other in others:
                strength = mean[:, FITTED_INDEX[other + side if other + side in FITTED_INDEX else other]]
                more = _MIMICRY.get(unit, _USUAL_MIMICRY) * strength * doubt
                result[:, column] = np.maximum(result[:, column], more)
    return result


def firm(prior: Prior) -> Prior:
    """Return a prior that trusts the reading more than the landmarks: for telling identity from expression."""
    return replace(prior, precision=prior.precision * _FIRM_READING)


def steadied(
    prior: Prior,
    weights: np.ndarray,
    gaps: np.ndarray,
    settings: FitSettings,
    noise: float,
    jitter_mm: float = 0.0,
    read: bool = False,
) -> Prior:
    """Return the prior with ties (T - 1, K) between consecutive frames.

    Weights are tied as their usual moves ask for. Where the landmarks jitter from frame to frame, they are tied as
    this subject's own moves ask for, if that is more: errors that are seen to be independent may be averaged over
    as many frames as a movement lasts. What is believed without a reading then counts once for each movement, not
    once for each frame: a first-order autoregressive process of standard deviation S whose steps have the variance
    (1 - r²) S² needs (1 - r) / (1 + r) of the precision 1 / S² in every frame.

    Parameters
    ----------
    prior : Prior
        Of T frames.
    weights : (T, K) float
        An unsmoothed fit.
    gaps : (T - 1,) float
        Frame numbers between consecutive rows.
    settings : FitSettings
    noise : float
    jitter_mm : float
        Standard deviation of the part of a landmark coordinate's error that is new in every frame
        (``pace.jitter_mm``).
    read : bool
        Whether the means were read in every frame, and so are evidence of their own.
    """
    if settings.smooth == 0 or len(weights) < 2:
        return prior
    strength = settings.smooth * noise
    coupling = strength * ties(weights, gaps, MOVE_PER_FRAME)
    share = min(1.0, jitter_mm / max(settings.noise_mm, 1e-9)) ** 2
    if share == 0:
        return replace(prior, coupling=coupling)
    move, error = pace(weights, gaps, MOVE_PER_FRAME, _LEAST_MOVE)
    coupling = np.maximum(coupling, share * strength * ties(weights, gaps, move, error))
    if read:
        return replace(prior, coupling=coupling)
    lasting = np.sqrt(np.maximum(1.0 - (move / UNREAD_SPREAD) ** 2, 0.0))
    once = np.where(prior.precision < _HELD, (1.0 - lasting) / (1.0 + lasting), 1.0)
    return replace(prior, coupling=coupling, precision=prior.precision * (1.0 - share * (1.0 - once)))
