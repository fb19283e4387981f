"""What features say about the weights: a linear observation with a calibrated covariance.

A feature vector f of a frame is taken for ``f = B w + C n + e``: B is the response to the weights w at full
strength, n are nuisances (gaze and turn of the head), and e is what other people, lamps and skins do
differently. B, C and the covariance of e come from rendered faces whose weights are known
(``synth.appearance.calibrate``); nothing in them was learned from footage of a person.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from synth.appearance.features import FEATURES, blocks, features
from synth.appearance.measures import LAYOUT
from synth.fit.face_model import FITTED_UNITS

NUISANCES = ("gazeDown", "gazeLeft", "yaw", "pitch", "yawSquared")
REAL_WORLD = 1.0
"""Variance of real faces over that of rendered ones of other identities: creases and brows differ more."""

_UNINFORMED = ("cheekSquint", "eye", "jaw", "mouthClose")
_FREE_SPREAD = 0.5
"""Units that landmarks see better than pixels do, or whose look differs too much between people: their share in the
features is taken for unknown, with this standard deviation."""

_SMALL_PX, _LARGE_PX = 24.0, 52.0
"""Eye distances in the source below which pixels say nothing, and from which on they say all they can."""

_LEAST_CONTRAST = 0.35
"""Fine contrast over that of the resting frames below which a frame is blurred and says nothing."""

_CALMING = 2.0
_LEAST_FRAMES = 8.0
_SURPRISE = 2.0


@dataclass(frozen=True)
class Response:
    """Calibrated response of the features.

    Attributes
    ----------
    units : (D, K) float64
        Change of each feature with each of ``FITTED_UNITS`` at weight 1.
    nuisances : (D, N) float64
        Change with each of ``NUISANCES``.
    covariance : (D, D) float64
        Of what remains between rendered people.
    """

    units: np.ndarray
    nuisances: np.ndarray
    covariance: np.ndarray


@dataclass(frozen=True)
class Evidence:
    """Normal equations of the features, in units of the variance of one landmark.

    Attributes
    ----------
    gram : (K, K) float64
    linear : (T, K) float64
        Already multiplied by ``trust``.
    trust : (T,) float64
        In [0, 1]; 0 where the pixels say nothing.
    """

    gram: np.ndarray
    linear: np.ndarray
    trust: np.ndarray

    def rows(self, which: np.ndarray | slice) -> Evidence:
        """Return the evidence of some frames."""
        return Evidence(self.gram, self.linear[which], self.trust[which])


@functools.cache
def response() -> Response:
    """Return the calibrated response that comes with the package."""
    with resources.files("assets").joinpath("data/appearance/response.npz").open("rb") as file:
        stored = np.load(file, allow_pickle=False)
        if tuple(stored["features"]) != FEATURES or tuple(stored["units_of"]) != FITTED_UNITS:
            raise ValueError("the response table belongs to other features; calibrate again")
        return Response(*(stored[name].astype(np.float64) for name in ("units", "nuisances", "covariance")))


def nuisances(rotation: np.ndarray, gaze_rad: np.ndarray) -> np.ndarray:
    """Return ``NUISANCES`` (T, N) of head rotations (T, 3, 3) and gazes (T, 2, 2)."""
    forward = rotation[:, :, 2]
    yaw, pitch = forward[:, 0], forward[:, 1]
    aside, up = gaze_rad[..., 0].mean(1), gaze_rad[..., 1].mean(1)
    return np.stack([np.maximum(-up, 0.0), aside, yaw, pitch, yaw**2], 1)


def resting_share(weights: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return how much each frame counts as a picture of the resting face, (T,).

    Parameters
    ----------
    weights : (T, K) float
    known : (T, K) or (T, 1) bool
        Units known to be at rest, whatever their weights.
    """
    activity = np.where(known, 0.0, weights).sum(1)
    return np.exp(-_CALMING * np.maximum(activity - np.quantile(activity, 0.1), 0.0))


def reliability(measures: Any, calm: np.ndarray) -> np.ndarray:
    """Return how far the pixels of each frame (T, F) can be trusted, (T,) in [0, 1].

    Small faces hold no furrows; a frame with much less fine contrast than the resting ones is blurred. A subject
    with very few frames has no level to compare with.
    """
    parts = []
    for _, part in blocks(measures):
        known = np.isfinite(part).all(1)
        eyes = np.clip((part[:, LAYOUT.eyes_px] - _SMALL_PX) / (_LARGE_PX - _SMALL_PX), 0.0, 1.0)
        parts.append((known, eyes, np.exp(np.where(known[:, None], part[:, LAYOUT.energies], 0.0)).mean(1)))
    seen, size, fine = (np.concatenate(column) for column in zip(*parts, strict=True))
    share = np.where(seen, calm, 0.0)
    contrast = fine / max(float(share @ fine / max(share.sum(), 1e-9)), 1e-9)
    sharp = np.clip((contrast - _LEAST_CONTRAST) / (0.75 - _LEAST_CONTRAST), 0.0, 1.0)
    return np.where(seen, size * sharp, 0.0) * min(1.0, float(share.sum()) / _LEAST_FRAMES)


def weighted_median(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the median (D,) of each column of values (T, D) under weights (T,): half of the weight lies below."""
    result = np.empty(values.shape[1])
    for number, column in enumerate(values.T):
        order = np.argsort(column)
        share = np.cumsum(weights[order])
        result[number] = column[order[int((share < share[-1] / 2).sum())]]
    return result


def pixel_evidence(
    measures: Any,
    weights: np.ndarray,
    rotation: np.ndarray,
    gaze_rad: np.ndarray,
    known: np.ndarray,
    strength: float,
    noise: float,
) -> Evidence | None:
    """Return what a subject's pixels say about the weights, None if they say nothing.

    Parameters
    ----------
    measures : (T, F) array
        An array, or anything that gives arrays for slices; read in blocks.
    weights : (T, K) float
        A fit without pixels: it tells which frames are calm, and what of their features is expression.
    rotation : (T, 3, 3) float
    gaze_rad : (T, 2, 2) float
    known : (T, K) bool
        Units known to be at rest.
    strength : float
        1 takes the calibrated variance; smaller values widen it.
    noise : float
        Variance of one landmark in mm².
    """
    calm = resting_share(weights, known)
    trust = reliability(measures, calm)
    if strength == 0 or trust.max(initial=0.0) == 0.0:
        return None
    table = response()
    seen = trust > 0
    signal = features(measures, np.where(seen, calm, 0.0))
    signal[~seen] = 0.0
    aside = nuisances(rotation, gaze_rad)
    explained = weights @ table.units.T + aside @ table.nuisances.T
    signal -= weighted_median(signal - explained, calm * trust)
    told = np.array([not name.startswith(_UNINFORMED) for name in FITTED_UNITS])
    free = table.units[:, ~told]
    precision = np.linalg.inv(table.covariance * REAL_WORLD + _FREE_SPREAD**2 * free @ free.T)
    innovation = np.subtract(signal, explained, out=explained)
    surprise = np.einsum("td,de,te->t", innovation, precision, innovation) / len(FEATURES)
    trust = trust * np.minimum(1.0, _SURPRISE / np.maximum(surprise, 1e-9))
    moved = table.units * told
    weighted = strength * noise * precision @ moved
    signal = signal - aside @ table.nuisances.T - (weights * ~told) @ table.units.T
    return Evidence(moved.T @ weighted, trust[:, None] * (signal @ weighted), trust)
