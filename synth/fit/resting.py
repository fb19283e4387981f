"""The resting face and the camera distance of one subject, from a choice of frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.fit.belief import firm
from synth.fit.face_model import FaceModel
from synth.fit.frame_fit import Prior
from synth.fit.identity import choose_frames, fit_identity
from synth.fit.identity_solver import USUAL_DISTANCE_MM, IdentityFit, Sample, resting_landmarks
from synth.fit.point_rows import PointRows
from synth.fit.quiet_points import quiet_points
from synth.fit.settings import FitSettings

_SEARCH_FRAMES = 16
_STEPS = 8
"""Most Gauss-Newton steps; four to six are the rule."""

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
    calm = np.exp(-_CALMING * np.maximum(activity - np.quantile(activity, 0.1), 0.0))
    if settings.camera_distance_mm is None:
        first = _first(points_px, model, firmly, resting, settings, noise)
        distance, begin = first.distance_mm, first.coefficients
    else:
        distance, begin = settings.camera_distance_mm, None
    quiet = quiet_points(points_px, rows, resting, model, settings.noise_mm)
    sample = Sample(quiet, firmly.rows(rows), calm, noise, settings.depth_trust)
    found = fit_identity(model, sample, distance, _STEPS, habits=1, begin=begin)
    face = resting_landmarks(found, model)
    growth = _eye_distance(model.neutral, model) / _eye_distance(face, model)
    return RestingFace(growth * face, found.coefficients[:size], growth * distance, len(rows))


def _eye_distance(face_mm: np.ndarray, model: FaceModel) -> float:
    """Return the distance between the eyes of landmarks (L, 3), from the corners' midpoints.

    One camera cannot tell a small face from a far one, so every resting face is given the rig's eye distance.
    """
    left, right = face_mm[model.corner_rows].mean(1)
    return float(np.linalg.norm(left - right))


def _first(
    points_px: np.ndarray | PointRows,
    model: FaceModel,
    prior: Prior,
    resting: np.ndarray,
    settings: FitSettings,
    noise: float,
) -> IdentityFit:
    """Return the camera distance together with the face, fitted to a few frames."""
    rows = choose_frames(np.ones(len(points_px), bool), _SEARCH_FRAMES)
    quiet = quiet_points(points_px, rows, resting, model, settings.noise_mm)
    sample = Sample(quiet, prior.rows(rows), np.ones(len(rows)), noise, settings.depth_trust)
    return fit_identity(model, sample, USUAL_DISTANCE_MM, _STEPS, find_distance=True)
