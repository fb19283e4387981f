"""Clothes: the torso draped below a neckline, with a rolled edge, and collars around the neck."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from synth.build.graft import Graft, nearest_weights

CHART_MM = 60.0
OUTER_REACH_MM, OUTER_SHARE, SHOULDER_SLOPE = 16.0, 0.86, 3.5
"""A vertex counts as outer skin unless its radius is below this share of that of a neighbour within reach; lower
neighbours may be further out by this slope, for shoulders are nearly level."""

STEEPEST = 2.5
COLUMNS = 72
ROWS_MM = (
    (6.0, -1.5), (0.5, 0.6), (-1.2, 2.4), (1.0, 4.0), (9.0, 4.6), (10.0, 4.0), (20.0, 6.0), (34.0, 7.5),
    (52.0, 9.0), (76.0, 10.0), (104.0, 10.5), (136.0, 10.5), (170.0, 10.5),
)  # fmt: skip
"""Rows of a garment from the inside of its edge down: depth below the neckline and distance from the skin."""

FLOOR_MM = -335.0
COLLAR_DIP_MM = 30.0


@dataclass(frozen=True)
class Neck:
    """Where the neck of a head lies.

    Attributes
    ----------
    axis_mm : (x, z) of float
        Its axis, upright.
    shift_mm : float
        How much higher than on the default rig it meets the shoulders; garments are as much higher.
    """

    axis_mm: tuple[float, float]
    shift_mm: float = 0.0


DEFAULT_NECK = Neck((0.0, -95.0))
"""The neck of the default rig."""


@dataclass(frozen=True)
class Garment:
    """A garment.

    Attributes
    ----------
    name : str
        The part becomes ``cloth_<name>``.
    side_mm, front_drop_mm, back_rise_mm : float
        Height of the neckline at the sides, how much lower it lies in front, how much higher behind.
    sharpness : float
        1 is a round neckline, larger is a narrower V.
    collar_mm : tuple of (height, lean) of float
        Rows of a collar above the neckline: height along the neck and distance from it, from the inside out.
    collar_gap_deg : float
        Half opening of the collar in front.
    """

    name: str
    side_mm: float
    front_drop_mm: float
    back_rise_mm: float
    sharpness: float = 1.0
    collar_mm: tuple[tuple[float, float], ...] = ()
    collar_gap_deg: float = 0.0


TURTLE_MM = ((4.0, 1.5), (18.0, 2.6), (22.0, 4.2), (18.0, 6.0), (2.0, 7.0), (-8.0, 5.0))
SHIRT_MM = ((2.0, 2.5), (14.0, 3.5), (17.0, 5.5), (12.0, 8.5), (-10.0, 16.0))
GARMENTS = (
    Garment("crew", -150.0, 40.0, 12.0, 1.4),
    Garment("vneck", -150.0, 95.0, 14.0, 2.6),
    Garment("turtle", -150.0, 36.0, 12.0, 1.4, TURTLE_MM),
    Garment("shirt", -150.0, 48.0, 12.0, 1.7, SHIRT_MM, 9.0),
)  # fmt: skip


def azimuth_of(points: np.ndarray, neck: Neck = DEFAULT_NECK) -> np.ndarray:
    """Return the angle (n,) about the axis of the neck, 0 in front, positive to the left."""
    return np.arctan2(points[:, 0] - neck.axis_mm[0], points[:, 2] - neck.axis_mm[1])


def neckline_mm(garment: Garment, azimuth: np.ndarray, neck: Neck = DEFAULT_NECK) -> np.ndarray:
    """Return the height (n,) of the neckline at angles about the neck."""
    front = np.clip(np.cos(azimuth), 0, 1) ** garment.sharpness
    back = np.clip(-np.cos(azimuth), 0, 1)
    return garment.side_mm - garment.front_drop_mm * front + garment.back_rise_mm * back + neck.shift_mm


def garment_graft(bust: Bust, garment: Garment) -> Graft:
    """Return one garment as an optional part."""
    azimuth = -np.pi + 2 * np.pi * np.arange(COLUMNS) / COLUMNS
    line = neckline_mm(garment, azimuth, bust.neck)
    rows = []
    for depth, lean in ROWS_MM:
        height = np.maximum(line - depth, FLOOR_MM + bust.neck.shift_mm - 0.01 * depth)
        rows.append(bust.ring(azimuth, height, lean, smooth=float(np.clip((depth - 15.0) / 30.0, 0, 1.2))))
    points, faces = _grid(np.stack(rows), closed=True)
    if garment.collar_mm:
        collar, quads = _collar(bust, garment)
        faces = np.concatenate([faces, quads + len(points)])
        points = np.concatenate([points, collar])
    weights = nearest_weights(points, bust.points, bust.vertices, bust.count, 8)
    around = azimuth_of(points, bust.neck) / (2 * np.pi) + 0.5
    uv = np.stack([around, np.clip((points[:, 1] - bust.neck.shift_mm + 360.0) / 240.0, 0, 1)], -1)
    return Graft(f"cloth_{garment.name}", "cloth", points, weights, faces, uv, optional=True, moves=False)


class Bust:
    """Neck and shoulders as a radial function about the axis of the neck.

    Parameters
    ----------
    rest_mm : (V, 3) float
    skin : (n,) int
        Vertices of the outer skin.
    neck : Neck
    """

    def __init__(self, rest_mm: np.ndarray, skin: np.ndarray, neck: Neck = DEFAULT_NECK) -> None:
        self.count, self.neck = len(rest_mm), neck
        points = rest_mm[skin]
        below, behind = points[:, 1] - neck.shift_mm, points[:, 2] < neck.axis_mm[1] + 20
        kept = (below < -118) | ((below < -90) & behind)
        self.vertices, self.points = skin[kept], points[kept]
        radius = np.hypot(self.points[:, 0] - neck.axis_mm[0], self.points[:, 2] - neck.axis_mm[1])
        chart = np.stack([azimuth_of(self.points, neck) * CHART_MM, self.points[:, 1]], -1)
        ball = cKDTree(chart).query_ball_point(chart, OUTER_REACH_MM)
        above = np.array([_radius_above(radius, chart[:, 1], k, np.array(near)) for k, near in enumerate(ball)])
        outer = radius > OUTER_SHARE * above
        chart, radius = chart[outer], radius[outer]
        turn = np.array([2 * np.pi * CHART_MM, 0])
        wrapped, radii = np.concatenate([chart, chart + turn, chart - turn]), np.tile(radius, 3)
        self._linear, self._nearest = LinearNDInterpolator(wrapped, radii), NearestNDInterpolator(wrapped, radii)

    def radius(self, azimuth: np.ndarray, height_mm: np.ndarray) -> np.ndarray:
        """Return the distance (n,) of the skin from the axis of the neck."""
        chart = np.stack([azimuth * CHART_MM, height_mm], -1)
        found = self._linear(chart)
        return np.where(np.isnan(found), self._nearest(chart), found)

    def ring(self, azimuth: np.ndarray, height_mm: np.ndarray, lean_mm: float, smooth: float = 0.0) -> np.ndarray:
        """Return points (n, 3) at a distance from the skin, along its normal in the plane of the axis.

        Parameters
        ----------
        azimuth, height_mm : (n,) float
        lean_mm : float
        smooth : float
            Standard deviation, in points, of a smoothing along a closed ring.
        """
        radius = self.radius(azimuth, height_mm)
        slope = (self.radius(azimuth, height_mm + 4.0) - self.radius(azimuth, height_mm - 4.0)) / 8.0
        slope = np.clip(slope, -STEEPEST, STEEPEST)
        if smooth > 0:
            radius, slope = (gaussian_filter1d(values, smooth, mode="wrap") for values in (radius, slope))
        length = np.hypot(1.0, slope)
        radius, height = radius + lean_mm / length, height_mm - lean_mm * slope / length
        x, z = self.neck.axis_mm
        return np.stack([x + radius * np.sin(azimuth), height, z + radius * np.cos(azimuth)], -1)


def _radius_above(radius: np.ndarray, height_mm: np.ndarray, here: int, near: np.ndarray) -> float:
    """Return the largest radius that some neighbours of a vertex would have at its height, were they on a shoulder."""
    drop = np.maximum(height_mm[here] - height_mm[near], 0)
    return float((radius[near] - SHOULDER_SLOPE * drop).max())


def _grid(rows: np.ndarray, closed: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return points and quads, seen from outside, of a grid (R, C, 3) whose columns run downwards."""
    index = np.arange(rows.shape[0] * rows.shape[1]).reshape(rows.shape[:2])
    here, there = (index, np.roll(index, -1, 1)) if closed else (index[:, :-1], index[:, 1:])
    quads = np.stack([here[:-1], here[1:], there[1:], there[:-1]], -1).reshape(-1, 4)
    return rows.reshape(-1, 3), quads


def _collar(bust: Bust, garment: Garment) -> tuple[np.ndarray, np.ndarray]:
    """Return points and quads of a collar whose rows follow the neck at given heights and distances."""
    gap = np.radians(garment.collar_gap_deg)
    closed = gap == 0
    count = COLUMNS if closed else COLUMNS + 1
    azimuth = gap + (2 * np.pi - 2 * gap) * np.arange(count) / COLUMNS
    azimuth = np.where(azimuth > np.pi, azimuth - 2 * np.pi, azimuth)
    lowest = garment.side_mm - COLLAR_DIP_MM + bust.neck.shift_mm
    line = np.maximum(neckline_mm(garment, azimuth, bust.neck), lowest)
    rows = [bust.ring(azimuth, line + rise, lean) for rise, lean in garment.collar_mm]
    return _grid(np.stack(rows), closed)
