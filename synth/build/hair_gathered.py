"""Hair that leaves the scalp: kept clear of neck and shoulders, knotted, or tied to a tail."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from assets.keyed import rng_for

NAPE_CLEAR_MM, REST_STEP_MM, REST_SAG_MM = 6.0, 7.0, 0.5
TAIL_MM = np.array([
    (30, -38, -158), (62, -72, -140), (86, -118, -100), (94, -170, -58), (92, -215, -30), (88, -255, -14),
], float)  # fmt: skip
"""Axis of a ponytail, from its root to its tip."""


def cleared(points: np.ndarray, above: np.ndarray, body: np.ndarray) -> np.ndarray:
    """Push points (n, 3) out of the neck; where a shoulder is in the way they come to rest on it."""
    axis = np.array([0.0, -95.0])
    out = points.copy()
    body_angle = np.arctan2(body[:, 0], body[:, 2] - axis[1])
    body_radius = np.hypot(body[:, 0], body[:, 2] - axis[1])
    for k, point in enumerate(points):
        angle = np.arctan2(point[0], point[2] - axis[1])
        turn = np.abs((body_angle - angle + np.pi) % (2 * np.pi) - np.pi)
        near = (np.abs(body[:, 1] - point[1]) < 14) & (turn < 0.22)
        radius = np.hypot(point[0], point[2] - axis[1])
        needed = body_radius[near].max() + NAPE_CLEAR_MM if near.any() else 0.0
        if radius >= needed:
            continue
        pushed = min(needed, np.hypot(above[k, 0], above[k, 2] - axis[1]) + REST_STEP_MM)
        out[k, [0, 2]] = axis + (point[[0, 2]] - axis) * (pushed / radius)
        if needed - pushed > 2.0:
            out[k] = above[k] - [0, REST_SAG_MM, 0]
    return out


def knot(strands: np.ndarray) -> np.ndarray:
    """Return a knot behind the crown."""
    middle = np.array([0.0, 48.0, strands[..., 2].min() - 14.0])
    polar, around = np.meshgrid(np.linspace(0.05, np.pi - 0.05, 9), 2 * np.pi * np.arange(16) / 16, indexing="ij")
    ripple = 1 + 0.05 * np.sin(5 * around + 3 * polar)
    size = np.array([30.0, 27.0, 25.0])
    ball = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], -1)
    return middle + ball * size * ripple[..., None]


def tail(body: np.ndarray) -> np.ndarray:
    """Return a tail that leaves the head behind the left ear and falls over the shoulder."""
    share = np.linspace(0, 1, len(TAIL_MM))
    fine = np.linspace(0, 1, 16)
    path = np.stack([PchipInterpolator(share, TAIL_MM[:, k])(fine) for k in range(3)], -1)
    path = cleared(path, path, body)
    tangent = np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    side = np.cross(tangent, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    front = np.cross(side, tangent)
    around = 2 * np.pi * np.arange(14) / 14
    locks = 1 + 0.10 * rng_for(0, "hair-tail").normal(size=14)
    girth = np.interp(fine, [0, 0.12, 0.45, 0.9, 1], [9.0, 15.0, 19.0, 13.0, 1.5])[:, None] * locks
    ring = np.cos(around)[None, :, None] * side[:, None] + np.sin(around)[None, :, None] * front[:, None]
    return path[:, None] + girth[..., None] * ring
