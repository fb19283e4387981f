"""Landmarks of single frames with less of the error that is new in every frame."""

from __future__ import annotations

import numpy as np

from synth.fit.face_model import FaceModel
from synth.fit.point_rows import PointRows

_REACH = 2
"""Frames on either side that are averaged."""

_MOVING = 1.5
"""A window bends in time if it departs from even movement by so many times what is usual for the subject, or by so
many times the believed error of landmarks."""

_LEFT_OVER = (1.0 - 2.0 / (2 * _REACH + 1)) ** 0.5
"""Errors about a line through a window over errors: two unknowns are fitted."""


def quiet_points(
    points_px: np.ndarray | PointRows, rows: np.ndarray, resting: np.ndarray, model: FaceModel, noise_mm: float
) -> np.ndarray:
    """Return landmarks (N, L, 2|3) of some rows, each averaged with its neighbours where nothing but errors differs.

    Weights cannot be negative, so that errors of the landmarks look like movements of one sign, and what all frames
    have in common would be taken for identity. An even movement has its middle in the middle frame. Where a window
    of frames departs from that by more than usual (blinks, onsets, cuts, missing frames) the frame is left alone.

    Parameters
    ----------
    points_px : (T, L, 2|3) float
    rows : (N,) int
        Ascending.
    resting : (T,) bool
        Frames known to be at rest, which are not averaged with others.
    model : FaceModel
        For the size of a face in mm.
    noise_mm : float
        Believed standard deviation of one landmark coordinate.
    """
    own = points_px[rows]
    inside = np.flatnonzero((rows >= _REACH) & (rows < len(points_px) - _REACH))
    if not len(inside):
        return own
    steps = np.arange(-_REACH, _REACH + 1)
    window = np.stack([points_px[rows[inside] + step] for step in steps])
    mean = window.mean(0)
    pace = np.tensordot(steps, window, 1) / (steps**2).sum()
    rest = (window - mean - steps[:, None, None, None] * pace)[..., :2]
    bend_mm = np.sqrt((rest**2).mean((0, 2, 3))) * _extent(model.neutral) / np.maximum(_extent(mean), 1e-9)
    alike = np.stack([resting[rows[inside] + step] == resting[rows[inside]] for step in steps]).all(0)
    calm = alike & (bend_mm <= _MOVING * min(float(np.median(bend_mm)), _LEFT_OVER * noise_mm))
    own[inside[calm]] = mean[calm]
    return own


def _extent(points: np.ndarray) -> np.ndarray:
    """Return the spread of landmarks (..., L, 2|3) about their middle, in the picture or seen from the front."""
    flat = points[..., :2]
    return np.sqrt(((flat - flat.mean(-2, keepdims=True)) ** 2).mean((-2, -1)))
