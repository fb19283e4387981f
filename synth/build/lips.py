"""Lips that stay together while a movement carries them: the two sides of their contact line move alike."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from synth.build.sculpt import Clay

LOWER_FOLLOWS = 0.5
"""Share of the difference that the lower lip makes up; the upper lip makes up the rest."""

_REACH_MM = 7.0
PARTING = 0.41
"""Share of the jaw's movement that tells the lower lip from the upper one, up to the corners."""

_SOFT_EDGE = 0.08
_KNOT_MM = 2.0
_TOUCH_MM = 2.2
_CORNER_MM = 1.0


class LipLine:
    """Where the lips of a resting head (V, 3) touch.

    Parameters
    ----------
    clay : Clay
    seam : (n,) int
        Vertices where the skin of the lips meets the lining of the mouth.
    skin : (m,) int
        Vertices of the skin.

    Attributes
    ----------
    upper_rim, lower_rim : (n,) int
        Vertices of each lip that lie against the other one at rest, those of the seam included.
    """

    def __init__(self, clay: Clay, seam: np.ndarray, skin: np.ndarray) -> None:
        self.clay = clay
        front = skin[clay.rest_mm[skin, 2] > clay.rest_mm[seam, 2].min()]
        near = cKDTree(clay.rest_mm[seam]).query(clay.rest_mm[front])[0] < 2 * _REACH_MM
        self.upper_rim, self.lower_rim = _touching(clay, np.union1d(front[near], seam))
        self.half_width_mm = float(np.abs(clay.rest_mm[seam, 0]).max())
        distance = np.linalg.norm(clay.rest_mm[:, None] - clay.rest_mm[seam][None], axis=2).min(1)
        self._near = np.exp(-0.5 * (distance / _REACH_MM) ** 2) * clay.soft
        t = np.clip((clay.jaw_share - PARTING) / (2 * _SOFT_EDGE) + 0.5, 0, 1)
        self._lower = t * t * (3 - 2 * t)

    def parting(self, delta: np.ndarray) -> np.ndarray:
        """Return by how much a displacement (V, 3) parts the lips at every vertex's x, (V, 3) in millimetres."""
        x = self.clay.rest_mm[:, 0]
        return self._along(delta, self.upper_rim, x) - self._along(delta, self.lower_rim, x)

    def sealed(self, delta: np.ndarray) -> np.ndarray:
        """Return the displacement (V, 3) with both lips meeting halfway wherever it parted or crossed them."""
        gap = self.parting(delta) * [0.0, 1.0, 1.0]
        gap *= np.clip((self.half_width_mm - np.abs(self.clay.rest_mm[:, :1])) / _CORNER_MM, 0, 1)
        side = LOWER_FOLLOWS * self._lower - (1 - LOWER_FOLLOWS) * (1 - self._lower)
        return delta + (self._near * side)[:, None] * gap

    def _along(self, delta: np.ndarray, rim: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return the displacement along a rim, averaged over neighbours, at places x (V,)."""
        knots = np.linspace(-self.half_width_mm, self.half_width_mm, 2 * int(self.half_width_mm / _KNOT_MM) + 1)
        away = (knots[:, None] - self.clay.rest_mm[rim, 0]) / _KNOT_MM
        share = np.exp(-0.5 * away**2)
        means = share @ delta[rim] / share.sum(1, keepdims=True)
        return np.stack([np.interp(x, knots, means[:, axis]) for axis in range(3)], 1)


def _touching(clay: Clay, lips: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which of the vertices of both lips (n,) have the other lip close by, upper and lower ones."""
    lower = clay.jaw_share[lips] >= PARTING
    one, other = lips[~lower], lips[lower]
    upper_near = cKDTree(clay.rest_mm[other]).query(clay.rest_mm[one])[0] < _TOUCH_MM
    lower_near = cKDTree(clay.rest_mm[one]).query(clay.rest_mm[other])[0] < _TOUCH_MM
    return one[upper_near], other[lower_near]
