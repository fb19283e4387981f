"""The skull that hair grows from: its radius in any direction, and where a height lies on it."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator

SKULL_CENTRE_MM = np.array([0.0, 20.0, -75.0])


class Scalp:
    """The skull as a radial function of direction, without the ears.

    Parameters
    ----------
    rest_mm : (V, 3) float
    scalp : (n,) int
        Outer skin of the head without ears.
    body : (m, 3) float
        Neck and shoulders, which hanging hair must stay outside of.
    """

    def __init__(self, rest_mm: np.ndarray, scalp: np.ndarray, body: np.ndarray) -> None:
        self.rest_mm, self.vertices, self.body = rest_mm, scalp, body
        offset = rest_mm[scalp] - SKULL_CENTRE_MM
        radius = np.linalg.norm(offset, axis=1)
        chart = chart_of(offset / radius[:, None])
        turn = np.array([2 * np.pi, 0.0])
        wrapped = np.concatenate([chart, chart + turn, chart - turn])
        radii = np.tile(radius, 3)
        self._linear, self._nearest = LinearNDInterpolator(wrapped, radii), NearestNDInterpolator(wrapped, radii)

    def radius(self, direction: np.ndarray) -> np.ndarray:
        """Return the distance (...) of the skull from its centre in unit directions (..., 3)."""
        chart = chart_of(direction)
        inside = self._linear(chart)
        return np.where(np.isnan(inside), self._nearest(chart), inside)

    def at_height(self, azimuth: np.ndarray, height_mm: np.ndarray) -> np.ndarray:
        """Return unit directions (n, 3) to where the skull has a height at an azimuth (radians)."""
        polar = np.zeros(len(azimuth))
        for _ in range(12):
            direction = direction_of(azimuth, polar)
            y = self.radius(direction) * np.sin(polar)
            polar = np.clip(polar + (height_mm - SKULL_CENTRE_MM[1] - y) / 95.0, -1.3, 1.5)
        return direction_of(azimuth, polar)


def chart_of(direction: np.ndarray) -> np.ndarray:
    """Return azimuth and elevation (..., 2) in radians of unit directions (..., 3)."""
    return np.stack(
        [np.arctan2(direction[..., 0], direction[..., 2]), np.arcsin(np.clip(direction[..., 1], -1, 1))], -1
    )


def direction_of(azimuth: np.ndarray, polar: np.ndarray) -> np.ndarray:
    """Return unit directions (..., 3) of azimuth and elevation in radians."""
    return np.stack([np.cos(polar) * np.sin(azimuth), np.sin(polar), np.cos(polar) * np.cos(azimuth)], -1)
