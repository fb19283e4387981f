"""Landmarks without head pose and size: millimetres of the canonical face, seen from the front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.landmarks import RIGID_WEIGHTS
from synth.landmarks.canonical import canonical_face_mm, similarity

_RIGID = np.array(list(RIGID_WEIGHTS))
_SHARE = np.array(list(RIGID_WEIGHTS.values()))
_TO_UP = np.array([1.0, -1.0, -1.0])
"""Picture axes (y down, z away) to rig axes (y up, z to the viewer)."""


@dataclass(frozen=True)
class Placement:
    """Where a canonical face lies in a picture: ``point_px = scale * point_mm @ rotation.T + shift``, axes turned up.

    Attributes
    ----------
    scale : float
        Pixels per millimetre of the canonical face.
    rotation : (3, 3) float64
    shift : (3,) float64
    """

    scale: float
    rotation: np.ndarray
    shift: np.ndarray

    def to_picture(self, points_mm: np.ndarray) -> np.ndarray:
        """Return the (..., 2) pixels of points (..., 3) in millimetres of the pose-free face."""
        turned = self.scale * points_mm @ self.rotation.T + self.shift
        return turned[..., :2] * _TO_UP[:2]


def pose_free(points_px: np.ndarray) -> tuple[np.ndarray, Placement]:
    """Remove rotation, place and size from the landmarks of one picture.

    The rotation, the scale and the shift are those that carry the points of ``assets.landmarks.RIGID_WEIGHTS``, which
    move little with expressions, onto the canonical face.

    Parameters
    ----------
    points_px : (478, 3) float
        Landmarks, x right, y down, z away from the viewer.

    Returns
    -------
    points_mm : (478, 3) float64
        x to the subject's left, y up, z out of the face.
    placement : Placement
        The way back.
    """
    canonical, _ = canonical_face_mm()
    upright = points_px * _TO_UP
    scale, rotation, shift = similarity(canonical[_RIGID], upright[_RIGID], _SHARE)
    return (upright - shift) @ rotation / scale, Placement(scale, rotation, shift)
