"""Where on the face the paint goes: soft masks in the skin tile, made once per rig."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage

from synth.avatars.skin_space import SkinSpace, noise

_HAIRLINE = np.array([[0, 71], [21, 71], [39, 68], [53, 60], [68, 46], [82, 27], [92, 5], [101, -18], [110, -20],
                      [117, 0], [130, 9], [148, 7], [163, -14], [178, -48], [200, -68], [270, -74]], float)  # fmt: skip
_SWEPT_LINE = np.array([[0, 71], [21, 71], [39, 68], [53, 61], [68, 53], [82, 43], [92, 35], [101, 27], [110, 20],
                        [117, 15], [130, 9], [148, 7], [163, -14], [178, -48], [200, -68], [270, -74]],
                       float)  # fmt: skip
_BEARD_LINE = np.array([[0, 10], [20, -50], [24, -58], [34, -66], [48, -60], [62, -46], [76, -28], [86, -18], [94, -22],
                        [100, -60], [130, -70], [270, -90]], float)  # fmt: skip
"""Arc length and height of the hair lines of men and women, and of the upper border of the beard, mm, for 63 mm
between the eyes."""

_LASH_ROOTS_MM = 0.2
"""Height above the rim of the upper lid up to which its lashes are rooted."""


LIP_LINE_MM = 0.8
"""Half the width of the dark line between closed lips."""

STREAKS_FROM_MM, STREAK_LENGTH, ROOT_SCATTER_MM = -25.0, 8.0, 1.5
"""Height from which painted roots run outwards, how much longer than wide they are, and the scatter of their ends."""


WISPS = 0.5
"""Cover of the few single hairs that women have before the ears."""


@dataclass(frozen=True, eq=False)
class SkinMasks:
    """Soft masks (S, S) float32 in [0, 1] of the skin tile, and noise of unit variance.

    Attributes
    ----------
    lips, lip_line, ears, lids, lid_edge, upper_lid_edge, cheeks, nose, under_eye, chin, forehead, beard
    scalp, swept, crown
        Regions; ``swept`` is the scalp of women, without hair before the ears, ``crown`` what receding hair leaves.
    coarse, middle, fine, pores
        Noise with spots of 45, 12, 3 and 1 mm.
    """

    lips: np.ndarray
    lip_line: np.ndarray
    ears: np.ndarray
    lids: np.ndarray
    lid_edge: np.ndarray
    upper_lid_edge: np.ndarray
    cheeks: np.ndarray
    nose: np.ndarray
    under_eye: np.ndarray
    chin: np.ndarray
    forehead: np.ndarray
    beard: np.ndarray
    scalp: np.ndarray
    swept: np.ndarray
    crown: np.ndarray
    coarse: np.ndarray
    middle: np.ndarray
    fine: np.ndarray
    pores: np.ndarray


def bump(space: SkinSpace, middle: np.ndarray, wide_mm: float, high_mm: float) -> np.ndarray:
    """Return a Gaussian spot (S, S) on both sides of the face, none behind the ears."""
    x, y = space.chart[..., 0], space.chart[..., 1]
    spot = np.exp(-0.5 * (((x - abs(middle[0])) / wide_mm) ** 2 + ((y - middle[1]) / high_mm) ** 2))
    return (spot * space.front).astype(np.float32)


def to_curve(chart: np.ndarray, curve: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return distance in mm and place in [0, 1] along a curve (n, 2) of the chart for points (..., 2) of it."""
    x, y = chart[..., 0], chart[..., 1]
    distance, place = np.full(x.shape, 1e3, np.float32), np.zeros(x.shape, np.float32)
    pieces = len(curve) - 1
    for piece in range(pieces):
        start, step = curve[piece], curve[piece + 1] - curve[piece]
        along = ((x - start[0]) * step[0] + (y - start[1]) * step[1]) / max(float(step @ step), 1e-9)
        along = np.clip(along, 0, 1)
        away = np.hypot(x - start[0] - along * step[0], y - start[1] - along * step[1])
        nearer = away < distance
        distance = np.where(nearer, away, distance)
        place = np.where(nearer, (piece + along) / pieces, place)
    return distance.astype(np.float32), place.astype(np.float32)


def smooth_step(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """Return the cubic ramp from 0 at ``low`` to 1 at ``high``."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _between_lips(space: SkinSpace) -> np.ndarray:
    """Return the red of the lips from the landmarks, for rigs without a mask."""
    points = space.points
    x, y = space.chart[..., 0], space.chart[..., 1]
    half = len(points.lip_outer) // 2
    top = np.interp(x, points.lip_outer[: half + 1, 0], points.lip_outer[: half + 1, 1])
    bottom = np.interp(x, points.lip_outer[half:][::-1, 0], points.lip_outer[half:][::-1, 1])
    inside = smooth_step(-0.8, 0.8, np.minimum(top - y, y - bottom))
    return (inside * (x < points.lip_outer[half, 0] + 0.5) * space.front).astype(np.float32)


def _lip_line(space: SkinSpace) -> np.ndarray:
    """Return how near (S, S) the skin is to the line between the closed lips, 1 on it."""
    x, y = space.chart[..., 0], space.chart[..., 1]
    upper, lower = space.points.lip_inner[:6], space.points.lip_inner[:4:-1]
    line = np.interp(x, upper[:, 0], (upper[:, 1] + lower[:, 1]) / 2)
    end = upper[-1, 0]
    away = (y - line) / LIP_LINE_MM
    return (np.exp(-(away**2)) * smooth_step(end + 1.0, end - 1.5, x) * (space.front > 0.3)).astype(np.float32)


def _lid_edges(space: SkinSpace) -> tuple[np.ndarray, np.ndarray]:
    """Return the wet margin of both lids, and the line in which the upper lashes are rooted, along the lids' curves."""
    x, y = space.chart[..., 0], space.chart[..., 1]
    scale = float(space.points.lid_upper[4, 0]) / 31.0
    upper, lower = (np.interp(x, *curve.T) for curve in (space.points.lid_upper, space.points.lid_lower))
    inner, outer = space.points.lid_upper[0, 0], space.points.lid_upper[-1, 0]
    along = smooth_step(inner, inner + 2 * scale, x) * smooth_step(outer + 1.0 * scale, outer - 0.5 * scale, x)
    above, below = (y - upper) / scale, (lower - y) / scale
    wet = np.maximum(*(smooth_step(-2.0, -0.5, away) * smooth_step(0.9, 0.2, away) for away in (above, below)))
    roots = smooth_step(-1.5, -0.6, above) * smooth_step(_LASH_ROOTS_MM, _LASH_ROOTS_MM - 0.4, above)
    return (wet * along).astype(np.float32), (roots * along).astype(np.float32)


def _root_streaks(space: SkinSpace) -> np.ndarray:
    """Return noise of unit variance (S, S) in streaks that run from the middle of the face over the hair line."""
    across = space.chart[..., 0] * np.where(space.side < 0, -1, 1)
    up = space.chart[..., 1] - STREAKS_FROM_MM
    turn, away = np.arctan2(across, up), np.hypot(across, up)
    streaks = np.stack([90.0 * turn, away / STREAK_LENGTH, np.zeros_like(turn)], -1).astype(np.float32)
    return (0.8 * noise(streaks, 0.9, 13, 1) + 0.4 * noise(streaks, 2.4, 17, 1)).astype(np.float32)


@lru_cache(maxsize=4)
def skin_masks(space: SkinSpace) -> SkinMasks:
    """Return the masks of a rig's skin."""
    points, scale = space.points.points, float(space.points.lid_upper[4, 0]) / 31.0
    x, y = space.chart[..., 0], space.chart[..., 1]
    zero = np.zeros_like(x)
    position = space.position_mm
    pores, fine = noise(position, 1.0, 3, 2), noise(position, 3.0, 5, 3)
    middle, coarse = noise(position, 12.0, 7, 3), noise(position, 45.0, 11, 3)
    lips = space.maps["lips"] if "lips" in space.maps else _between_lips(space)
    lips = np.clip(ndimage.gaussian_filter(lips, 1.3), 0, 1)
    ears = space.maps.get("ears", zero)
    lids = np.clip(ndimage.gaussian_filter(space.maps.get("lids", zero), 2.0), 0, 1)
    edge, upper_edge = _lid_edges(space)
    eye = space.points.lid_upper[4]
    hairline = np.interp(x / scale, *_HAIRLINE.T) * scale
    streaks = _root_streaks(space)
    ragged = 0.8 * middle + ROOT_SCATTER_MM * streaks
    bare = (1 - np.clip(ears * 1.5, 0, 1)) * (position[..., 1] > -75)
    scalp = smooth_step(-2.0, 11.0, y + ragged - hairline) * bare
    swept_line = np.interp(x / scale, *_SWEPT_LINE.T) * scale
    swept = smooth_step(-5.0, 12.0, y + 0.8 * ragged - swept_line) * bare
    swept = np.maximum(swept, WISPS * scalp * smooth_step(0.3, 1.6, streaks))
    gone = np.interp(x / scale, [0, 50, 70, 90, 110, 270], [19, 17, 14, 6, 0, 0]) * scale
    crown = smooth_step(-3.0, 18.0, y + 1.5 * ragged - hairline - gone) * bare
    border = np.interp(x / scale, *_BEARD_LINE.T)
    lift = points["mouth_corner"][1] + 72.8 * scale
    beard = smooth_step(24.0, -22.0, y - border * scale - lift * 0.5 + 4.0 * middle + 1.5 * fine) * smooth_step(
        -150, -112, y
    )
    under_nose = smooth_step(points["nose_base"][1] + 1, points["nose_base"][1] - 4, y)
    beard *= (
        np.maximum(under_nose, smooth_step(22 * scale, 46 * scale, x))
        * (1 - np.clip(2.0 * lips, 0, 1))
        * smooth_step(112 * scale, 84 * scale, x)
        * smooth_step(4, 16, np.hypot(x - 34 * scale, y + 52 * scale))
    )
    beard *= 1 - 0.75 * bump(space, np.array([points["mouth_corner"][0] * 0.5, points["under_lip"][1] + 3]), 5, 3)
    cheek = points["cheek"]
    return SkinMasks(
        lips=lips, lip_line=_lip_line(space), ears=ears, lids=lids, lid_edge=edge, upper_lid_edge=upper_edge,
        cheeks=bump(space, cheek, 18, 15), nose=bump(space, points["nose_tip"], 9, 10),
        under_eye=bump(space, np.array([eye[0] * 0.86, -11.0 * scale]), 9, 4.2),
        chin=bump(space, points["chin"] + [0, 10], 13, 9), forehead=bump(space, np.array([0, 45.0]), 30, 16),
        beard=beard.astype(np.float32), scalp=scalp.astype(np.float32), swept=swept.astype(np.float32),
        crown=crown.astype(np.float32),
        coarse=coarse, middle=middle, fine=fine, pores=pores,
    )  # fmt: skip
