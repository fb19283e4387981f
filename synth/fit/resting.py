"""The resting face and the camera distance of one subject, from a choice of frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.fit.belief import firm
from synth.fit.face_model import FaceModel
from synth.fit.frame_fit import Prior
from synth.fit.identity import choose_frames, fit_identity
from synth.fit.point_rows import PointRows
from synth.fit.settings import FitSettings

DISTANCES_MM = (500.0, 900.0, 1600.0)
"""Camera distances that are tried; a finer value comes from a parabola through their errors."""

USUAL_DISTANCE_MM = 900.0
_SEARCH_FRAMES = 16
_CALMING = 2.0
"""How quickly a frame loses weight in the resting face with the sum of its expected weights."""


@dataclass(frozen=True)
class RestingFace:
    """A subject's face at rest.

    Attributes
    ----------
    landmarks_mm : (L, 3) float64
    coefficients : (P + A,) float64
        Identity modes, then axes.
    distance_mm : float
    frames_used : int
    """

    landmarks_mm: np.ndarray
    coefficients: np.ndarray
    distance_mm: float
    frames_used: int


def resting_face(
    points_px: np.ndarray | PointRows,
    model: FaceModel,
    prior: Prior,
    resting: np.ndarray,
    settings: FitSettings,
    noise: float,
) -> RestingFace:
    """Fit the resting face of the subject seen in all frames (T, L, 2|3).

    The prior from the network's scores is made firm here: it says how much of what all frames have in common
    is expression, so that a mouth that is always open is not taken for the resting face.
    """
    firmly = firm(prior)
    size = model.identity.shape[-1]
    if not settings.identity:
        distance = settings.camera_distance_mm or USUAL_DISTANCE_MM
        return RestingFace(model.neutral, np.zeros(size), distance, 0)
    rows = choose_frames(np.ones(len(points_px), bool), settings.identity_frames, resting)
    activity = prior.mean[rows].sum(1)
    calm = np.where(resting[rows], 1.0, np.exp(-_CALMING * np.maximum(activity - np.quantile(activity, 0.1), 0.0)))
    distance = settings.camera_distance_mm or _distance(points_px, model, firmly, settings, noise)
    coefficients, offset, _, _ = fit_identity(
        points_px[rows], model, firmly.rows(rows), noise, settings.depth_trust, distance, calm
    )
    face = model.neutral + offset + model.identity @ coefficients[:size] + model.units @ coefficients[size:]
    face = face * (_eye_distance(model.neutral, model) / _eye_distance(face, model))
    return RestingFace(face, coefficients[:size], distance, len(rows))


def _eye_distance(face_mm: np.ndarray, model: FaceModel) -> float:
    """Return the distance between the eyes of landmarks (L, 3), from the corners' midpoints.

    One camera cannot tell a small face from a far one, so every resting face is given the rig's eye distance.
    """
    left, right = face_mm[model.corner_rows].mean(1)
    return float(np.linalg.norm(left - right))


def _distance(
    points_px: np.ndarray | PointRows, model: FaceModel, prior: Prior, settings: FitSettings, noise: float
) -> float:
    """Return the camera distance with the least error, not far from the usual one."""
    rows = choose_frames(np.ones(len(points_px), bool), _SEARCH_FRAMES)
    calm = np.ones(len(rows))
    errors = []
    for distance in DISTANCES_MM:
        _, _, _, cost = fit_identity(
            points_px[rows],
            model,
            prior.rows(rows),
            noise,
            settings.depth_trust,
            distance,
            calm,
            rounds=2,
            offset=False,
        )
        errors.append(cost + (np.log(distance / USUAL_DISTANCE_MM) / 0.5) ** 2)
    nearness = -np.log(np.array(DISTANCES_MM))
    curve = np.polyfit(nearness, errors, 2)
    best = -curve[1] / (2 * curve[0]) if curve[0] > 0 else nearness[int(np.argmin(errors))]
    return float(np.exp(-np.clip(best, nearness.min(), nearness.max())))
