"""Skin followed by optical flow from the person's most ordinary picture: movement without the landmark network.

The network only says where the median face lies in either picture. How far a piece of skin went beyond what the turning
of the head explains is read from the flow of brightness patterns between the pictures.
"""

from __future__ import annotations

import cv2
import numpy as np

from assets.landmarks import RIGID_WEIGHTS
from synth.audit.pose_free import Placement

_RIGID = np.array(list(RIGID_WEIGHTS))
_SHARE = np.array(list(RIGID_WEIGHTS.values())) / sum(RIGID_WEIGHTS.values())
FOLLOWED: frozenset[int] = frozenset({1, 2, 4, 6, 7, 9, 43})
"""Action Units whose skin can be followed. Around the mouth movements are too large, and teeth come out of nowhere."""

_SOFT_PX = 1.5
"""The flow is averaged over this distance before it is read at a point."""


def most_ordinary(faces_mm: np.ndarray, median_mm: np.ndarray, placements: list[Placement]) -> int:
    """Return which face is nearest to the median face, seen in the most usual pose.

    Parameters
    ----------
    faces_mm : (N, 478, 3) float
    median_mm : (478, 3) float
    placements : list of Placement
    """
    shape = np.sqrt(((faces_mm - median_mm) ** 2).sum(-1).mean(1))
    gaze = np.array([placement.rotation[:, 2] for placement in placements])
    turn = np.linalg.norm(gaze - np.median(gaze, axis=0), axis=1)
    return int(np.argmin(shape + 10.0 * turn))


class FlowTracker:
    """Follows the points of the median face from one picture to others.

    Parameters
    ----------
    reference : (H, W, 3) uint8
        RGB.
    placement : Placement
        Of the face in it.
    median_mm : (478, 3) float
    """

    def __init__(self, reference: np.ndarray, placement: Placement, median_mm: np.ndarray) -> None:
        self._grey = _grey(reference)
        self._median = median_mm
        self._start = placement.to_picture(median_mm).astype(np.float32)
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def points(self, picture: np.ndarray, placement: Placement) -> np.ndarray:
        """Return the followed points (478, 3) in millimetres of the pose-free face; depth is the median's."""
        flow = cv2.GaussianBlur(
            self._flow.calc(self._grey, _grey(picture), np.zeros((*self._grey.shape, 2), np.float32)), (0, 0), _SOFT_PX
        )
        x, y = self._start[:, 0], self._start[:, 1]
        moved = cv2.remap(flow, x[:, None], y[:, None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]
        beyond = self._start + moved - placement.to_picture(self._median)
        beyond = beyond - _SHARE @ beyond[_RIGID]
        upright = np.column_stack([beyond[:, 0], -beyond[:, 1], np.zeros(len(beyond))])
        return self._median + upright @ placement.rotation / placement.scale


def _grey(picture: np.ndarray) -> np.ndarray:
    """Return brightness with the contrast of its neighbourhood evened out, (H, W) uint8."""
    return cv2.createCLAHE(2.0, (8, 8)).apply(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
