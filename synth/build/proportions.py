"""Widths of the head and the difference between women and men, after surveys of real adults.

The base mesh is a stylised head: cheeks and jaw are wider than those of people, its male target enlarges the head
rather than changing its proportions, and its women have men's middle face: a long nose and upper lip over a short chin.
All are mended on every sampled head, by a map that is linear in the head, so that axes and modes of the identity basis
inherit it.

Sources of the figures, adults, women and men, mm: breadth between the zygomatic arches 130 and 137, between the
corners of the jaw 92 and 101, nose 31.4 and 34.7, sellion to chin 112 and 122, to the subnasal point 51 and 55, from
there to the parting of the lips 20 and 22, and on to the chin 43 and 51
(Farkas 1994, Anthropometry of the Head and Face); brow ridge, forehead, cheeks and neck after Enlow & Hans (1996)
and the 3D comparison of Velemínská et al. (2012).
"""

from __future__ import annotations

import numpy as np

_HEIGHTS_MM = (-175.0, -150.0, -128.0, -112.0, -98.0, -84.0, -66.0, -48.0, -30.0, -12.0, 10.0, 40.0, 75.0)
_NARROWING = (0.0, 0.03, 0.08, 0.12, 0.145, 0.15, 0.13, 0.10, 0.075, 0.055, 0.04, 0.025, 0.0)
"""Share of the half width that is taken away at each height."""

_INNER_MM, _OUTER_MM = 24.0, 62.0
"""Nearer to the middle than the first nothing is narrowed; beyond the second all of the share is."""

_REAR_MM = (-150.0, -95.0)
"""The back of the skull keeps its width."""

MALE_BUMPS = (
    # centre, spread, displacement of the male end; the female end has the opposite one
    ((0, 20, 29), (13, 8, 16), (0.0, -0.3, 2.2)),
    ((23, 18, 26), (15, 6, 16), (0.0, -0.6, 1.7)),
    ((44, 16, 14), (10, 8, 14), (0.5, -0.8, 1.0)),
    ((26, 28, 24), (20, 6, 18), (0.0, -0.3, 0.0)),
    ((0, 58, 20), (30, 14, 30), (0.0, 0.0, -2.0)),
    ((0, -22, 38), (7, 16, 14), (0.0, -0.3, 1.0)),
    ((0, -36, 44), (9, 8, 12), (0.0, -0.6, 0.9)),
    ((17, -41, 28), (7, 7, 12), (0.8, -0.3, 0.4)),
    ((7, -8, 30), (6, 12, 12), (0.5, 0.0, 0.4)),
    ((42, -34, 18), (15, 13, 20), (-0.3, 0.0, -1.1)),
    ((50, -94, -30), (18, 20, 28), (1.5, -0.5, 0.5)),
    ((30, -112, -6), (13, 13, 20), (1.2, -0.4, 0.6)),
    ((0, -118, 6), (34, 17, 28), (0.0, -6.2, 0.7)),
    ((11, -112, 12), (9, 10, 14), (0.8, 0.0, 0.4)),
    ((0, -66, 38), (15, 4.0, 14), (0.0, -0.75, -0.6)),
    ((0, -82, 36), (14, 4.5, 14), (0.0, 0.7, -0.7)),
    ((46, -150, -50), (24, 34, 60), (3.4, 0.0, 0.0)),
    ((0, -150, -10), (30, 30, 30), (0.0, 0.0, 2.0)),
    ((47, -1, 12), (7, 6, 12), (0.0, -0.5, 0.0)),
    ((33, 4, 18), (11, 4.5, 12), (0.0, 0.5, 0.0)),
)  # fmt: skip
"""Brow ridge and lower brows, receding forehead, larger nose, flat cheeks, square jaw and chin, thin lips, neck."""

FEMALE_BUMPS = (
    # centre, spread, displacement of the female end; the male end stays
    ((0, -37, 45), (10, 10, 14), (0.0, 0.3, -0.9)),
    ((17, -41, 28), (8, 8, 14), (-1.2, 0.3, -0.6)),
    ((7, -10, 32), (7, 14, 14), (-0.8, 0.0, -0.5)),
    ((0, -66, 38), (15, 4, 14), (0.0, 0.75, -0.8)),
    ((0, -82, 36), (14, 4.5, 14), (0.0, -0.75, -0.8)),
    ((11, -113, 12), (9, 10, 14), (-1.5, 0.3, 0.0)),
    ((0, -108, 18), (14, 9, 16), (0.0, 0.0, 1.2)),
    ((0, -72, 34), (26, 14, 20), (0.0, 0.0, -1.2)),
    ((24, -72, 24), (10, 9, 16), (0.4, 0.0, 0.0)),
    ((42, -32, 18), (15, 13, 20), (0.6, 0.0, 1.4)),
    ((0, 20, 29), (16, 8, 16), (0.0, 0.0, -1.0)),
    ((24, 18, 26), (15, 6, 16), (0.0, 0.3, -1.0)),
    ((0, 58, 20), (30, 16, 30), (0.0, 0.0, 1.2)),
)
"""Smaller nose, fuller lips that lie further back, narrow chin, round cheeks, smooth brow, round forehead."""

FEMALE_RISE_MM = (
    (-150, 0.0), (-117, 1.5), (-105, 2.2), (-94, 1.9), (-84, 2.1), (-74, 2.1), (-68, 2.0), (-50, 1.6), (-37, 1.4),
    (-20, 0.9), (4, 0.0),
)  # fmt: skip
"""How far the middle of the female face rises at each height, mm: mouth and nose come up, the chin hardly."""

FEMALE_TAPER = (
    (-170, 0.03), (-140, 0.05), (-118, 0.09), (-105, 0.095), (-90, 0.06), (-75, 0.02), (-60, 0.0),
)  # fmt: skip
"""Share of the half width that the female jaw loses at each height."""


EYE_BUMPS = (
    ((33, 4, 18), (11, 4.5, 12), (0.0, 1.7, -0.2)),
    ((33, -7, 17), (11, 4.0, 12), (0.0, 0.5, 0.0)),
)
"""Opens the eyes of everybody: the upper lid crosses the upper edge of the iris, 4 mm above its middle."""

MALE_SHORTER, MALE_NARROWER = 0.03, 0.018
"""Share of height below the eyes and of width that is taken back from the male end: the source enlarges too much."""


Push = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]


def _pushed(mean_mm: np.ndarray, bumps: tuple[Push, ...]) -> np.ndarray:
    """Return the sum (V, 3) of Gaussian pushes on both sides of the head."""
    total = np.zeros(np.shape(mean_mm))
    for centre, spread, move in bumps:
        for side in (1.0, -1.0) if centre[0] else (1.0,):
            flip = np.array([side, 1.0, 1.0])
            weight = np.exp(-0.5 * (((mean_mm - flip * centre) / spread) ** 2).sum(1))
            total += weight[:, None] * (flip * move)
    return total


def width_factor(mean_mm: np.ndarray) -> np.ndarray:
    """Return the factor (V,) on the x coordinate of every vertex of the mean head (V, 3)."""
    x, y, z = np.asarray(mean_mm, float).T
    share = np.interp(y, _HEIGHTS_MM, _NARROWING)
    front = np.clip((z - _REAR_MM[0]) / (_REAR_MM[1] - _REAR_MM[0]), 0, 1)
    return 1 - share * _ramp(np.abs(x), _INNER_MM, _OUTER_MM) * front


def male_displacement(mean_mm: np.ndarray) -> np.ndarray:
    """Return what sets men apart from the mean head (V, 3), mm; women differ from it by the opposite."""
    side = np.clip((np.abs(mean_mm[:, 0]) - _INNER_MM) / (_OUTER_MM - _INNER_MM), 0, 1)
    below = np.minimum(mean_mm[:, 1] + 8.0, 0.0)
    total = np.zeros(np.shape(mean_mm))
    total[:, 0] = -MALE_NARROWER * mean_mm[:, 0] * side
    total[:, 1] = -MALE_SHORTER * np.maximum(below, -112.0)
    return total + _pushed(mean_mm, MALE_BUMPS)


def female_displacement(mean_mm: np.ndarray) -> np.ndarray:
    """Return what women differ by from the mean head (V, 3), beside `male_displacement`, mm; men do not."""
    x, y, z = mean_mm.T
    total = _pushed(mean_mm, FEMALE_BUMPS)
    share = np.interp(y, *np.transpose(FEMALE_TAPER))
    total[:, 0] -= x * share * _ramp(np.abs(x), 22.0, 54.0) * np.clip((z + 110) / 50, 0, 1)
    rise = np.interp(y, *np.transpose(FEMALE_RISE_MM))
    total[:, 1] += rise * (1 - _ramp(np.abs(x), 24.0, 58.0)) * np.clip((z + 40) / 45, 0, 1)
    return total


def _ramp(value: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return 0 below ``low``, 1 above ``high`` and a smooth step between."""
    share = np.clip((value - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


def mended(heads_mm: np.ndarray, gender: np.ndarray, still: np.ndarray) -> np.ndarray:
    """Return sampled heads with the widths of people and their difference between women and men.

    Parameters
    ----------
    heads_mm : (N, V, 3) float
        Eye midpoint at the origin, 63 mm between the eyes.
    gender : (N,) float
        -1 female to +1 male.
    still : (V,) bool
        Vertices left alone: eyeballs.
    """
    mean = heads_mm.mean(0, dtype=np.float64)
    factor = np.where(still, 1.0, width_factor(mean)).astype(np.float32)
    mean[:, 0] *= factor
    soft = ~still[:, None]
    move, opening = male_displacement(mean) * soft, _pushed(mean, EYE_BUMPS) * soft
    female = female_displacement(mean) * soft
    out = heads_mm + opening.astype(np.float32)
    out[..., 0] *= factor
    out += gender.astype(np.float32)[:, None, None] * move.astype(np.float32)
    return out + (0.5 * (1 - gender)).astype(np.float32)[:, None, None] * female.astype(np.float32)
