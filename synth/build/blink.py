"""A blink that closes exactly at weight 1, and the pairs of lid vertices that meet then."""

from __future__ import annotations

import numpy as np

from synth.build.sculpt import Clay

LOWER_RISE = 0.07
OVERLAP_MM = 0.5
REACH_MM = 9.0
SPREAD_MM = 2.6
PAIR_TOLERANCE_MM = 1.2
CENTRAL_SHARE = 0.65
LASH_TURN_DEG = 62.0
"""How far the lashes of the upper lid turn down with it."""


def lid_rims(rest_mm: np.ndarray, rim: np.ndarray, eye_centre_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split the rim of one eye into upper and lower vertices, ordered from the left to the right of the picture.

    Parameters
    ----------
    rest_mm : (V, 3) float
    rim : (n,) int
        Vertices where the outer skin meets the lining of the socket, as a loop.
    eye_centre_mm : (3,) float
    """
    points = rest_mm[rim]
    left, right = points[:, 0].argmin(), points[:, 0].argmax()
    slope = (points[right, 1] - points[left, 1]) / (points[right, 0] - points[left, 0])
    above = points[:, 1] - points[left, 1] - slope * (points[:, 0] - points[left, 0])
    upper, lower = rim[above >= 0], rim[above <= 0]
    return tuple(v[np.argsort(rest_mm[v, 0])] for v in (upper, lower))


def blink_shape(clay: Clay, draft: np.ndarray, rim: np.ndarray, eye_centre_mm: np.ndarray) -> np.ndarray:
    """Return the displacement (V, 3) of a blink of the left eye.

    The draft is scaled to close on average; then every rim vertex is sent exactly to the line where the
    lids meet, at its own distance from the centre of the eyeball, and the lids around it follow.

    Parameters
    ----------
    clay : Clay
    draft : (V, 3) float
        A closing movement of about the right shape.
    rim : (n,) int
        Of the left eye.
    eye_centre_mm : (3,) float
    """
    rest = clay.rest_mm
    upper, lower = lid_rims(rest, rim, eye_centre_mm)
    goal: dict[int, np.ndarray] = {}
    for vertices, other, own in ((upper, lower, 1 - LOWER_RISE), (lower, upper, LOWER_RISE)):
        x, y = rest[vertices, 0], rest[vertices, 1]
        across = np.interp(x, rest[other, 0], rest[other, 1])
        gap = across - y
        target = rest[vertices].copy()
        overlap = -OVERLAP_MM * np.clip(np.abs(gap) / 4.0, 0, 1) if own > 0.5 else 0.0
        target[:, 1] = y + own * gap + overlap
        radius = np.linalg.norm(rest[vertices] - eye_centre_mm, axis=1) + (0.35 if own > 0.5 else 0.0)
        flat = target[:, :2] - eye_centre_mm[:2]
        depth = np.sqrt(np.maximum(radius**2 - (flat**2).sum(1), 1.0))
        target[:, 2] = eye_centre_mm[2] + depth
        goal.update(zip(vertices.tolist(), target - rest[vertices], strict=True))
    vertices = np.array(sorted(goal))
    wanted = np.array([goal[v] for v in vertices])
    gain = float((draft[vertices] * wanted).sum() / (draft[vertices] ** 2).sum())
    shape = draft * gain
    is_upper = np.isin(vertices, upper)
    correction = wanted - shape[vertices]
    distance = np.linalg.norm(rest[:, None] - rest[vertices][None], axis=2)
    nearest_upper = is_upper[distance.argmin(1)]
    same = nearest_upper[:, None] == is_upper[None]
    weight = np.exp(-0.5 * ((distance - distance.min(1, keepdims=True)) / SPREAD_MM) ** 2) * same
    weight /= weight.sum(1, keepdims=True)
    reach = np.exp(-0.5 * (distance.min(1) / REACH_MM * 2) ** 2) * clay.soft
    shape = shape + (weight @ correction) * reach[:, None]
    shape[vertices] = wanted
    return shape + _lashes_turned(clay, shape, upper)


def _lashes_turned(clay: Clay, shape: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Return what turns the upper lashes (V, 3) with their lid: they point down and forwards from closed eyes."""
    rest = clay.rest_mm
    loose = clay.soft & (clay.neighbour_mean.diagonal() > 0.5) & (rest[:, 0] > 0)
    out = np.zeros_like(shape)
    rows = np.flatnonzero(loose)
    distance = np.linalg.norm(rest[rows, None] - rest[upper][None], axis=2)
    weight = np.exp(-0.5 * ((distance - distance.min(1, keepdims=True)) / SPREAD_MM) ** 2)
    weight /= weight.sum(1, keepdims=True)
    root, moved = weight @ rest[upper], weight @ shape[upper]
    lash = rest[rows] - root
    angle = np.radians(LASH_TURN_DEG)
    turned = lash.copy()
    turned[:, 1] = np.cos(angle) * lash[:, 1] - np.sin(angle) * lash[:, 2]
    turned[:, 2] = np.sin(angle) * lash[:, 1] + np.cos(angle) * lash[:, 2]
    above = np.clip((rest[rows, 1] - rest[upper, 1].min()) / 2.0 + 0.5, 0, 1)[:, None]
    out[rows] = above * (root + moved + turned - rest[rows] - shape[rows])
    return out


def lid_pairs(rest_mm: np.ndarray, rim: np.ndarray, eye_centre_mm: np.ndarray) -> np.ndarray:
    """Return (P, 2): upper and lower rim vertices that meet when the eye closes, away from the corners."""
    upper, lower = lid_rims(rest_mm, rim, eye_centre_mm)
    inner, outer = rest_mm[rim, 0].min(), rest_mm[rim, 0].max()
    middle, half = (inner + outer) / 2, (outer - inner) / 2
    pairs = []
    for vertex in upper:
        partner = lower[np.abs(rest_mm[lower, 0] - rest_mm[vertex, 0]).argmin()]
        near = abs(rest_mm[vertex, 0] - rest_mm[partner, 0]) < PAIR_TOLERANCE_MM
        if near and abs(rest_mm[vertex, 0] - middle) < CENTRAL_SHARE * half:
            pairs.append((vertex, partner))
    return np.array(pairs)
