"""Eyebrows as single hairs, drawn in the chart and carried over to the skin."""

from __future__ import annotations

import cv2
import numpy as np

from synth.avatars.skin_space import SkinSpace

PX_PER_MM = 10.0
LEFT_MM, TOP_MM, WIDTH_MM, HEIGHT_MM = 0.0, 48.0, 80.0, 54.0
"""The drawing plane covers this part of the chart, the left brow with room around it."""

_KNOTS = np.linspace(0, 1, 5)


def paint_brows(
    space: SkinSpace, thickness: float, density: float, female: bool, arch: float, rng: np.random.Generator
) -> np.ndarray:
    """Return the coverage (S, S) float32 by brow hairs, 0 to 1.

    Parameters
    ----------
    space : SkinSpace
    thickness, density : float
        1 is usual.
    female : bool
        Female brows are thinner and arched towards the tail, male ones fuller and straighter.
    arch : float
        Additional height of the arch in mm.
    rng : numpy Generator
    """
    curve, half = _shape(space, thickness, female, arch)
    x, y = space.chart[..., 0], space.chart[..., 1]
    both = np.zeros(x.shape, np.float32)
    for mirrored in (False, True):
        plane = _draw(curve, half, density, female, rng)
        columns = (x - LEFT_MM) * PX_PER_MM
        rows = (TOP_MM - y) * PX_PER_MM
        cover = cv2.remap(plane, columns.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR)
        share = np.clip(0.5 - 0.5 * space.side if mirrored else 0.5 + 0.5 * space.side, 0, 1)
        both += cover * share
    return np.clip(both * (space.front > 0.2), 0, 1)


def _shape(space: SkinSpace, thickness: float, female: bool, arch: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the middle line (5, 2) and half height (5,) in mm."""
    curve = space.points.brow.astype(float).copy()
    profile = np.array([2.3, 2.75, 2.45, 1.9, 0.7]) if female else np.array([3.0, 3.6, 3.4, 2.7, 1.2])
    female_lift, male_lift = np.array([-3.2, -3.2, -3.0, -3.2, -3.7]), np.array([-1.9, -2.0, -2.0, -2.2, -2.3])
    curve[:, 1] += female_lift if female else male_lift
    curve[:, 1] += arch * np.array([0.0, 0.35, 0.9, 1.0, 0.0])
    return curve, profile * thickness


def _draw(curve: np.ndarray, half: np.ndarray, density: float, female: bool, rng: np.random.Generator) -> np.ndarray:
    """Return the drawing plane (H, W) float32 with one brow of single hairs over a soft shade."""
    plane = np.zeros((int(HEIGHT_MM * PX_PER_MM), int(WIDTH_MM * PX_PER_MM)), np.float32)
    count = int((360 if female else 430) * density)
    along = rng.beta(1.15, 1.1, count)
    across = np.clip(rng.normal(0, 0.48, count), -1, 1)
    tilt_deg = np.interp(along, [0, 0.14, 0.35, 0.6, 0.8, 1], [84, 62, 36, 14, -8, -26])
    slope = np.gradient(curve[:, 1], curve[:, 0])
    angle = np.radians(tilt_deg - 26 * across * (along > 0.2)) + np.interp(along, _KNOTS, np.arctan(slope)) * 0.6
    angle += rng.normal(0, 0.13, count)
    length = rng.uniform(3.6, 6.6, count) * np.interp(along, [0, 0.15, 0.7, 1], [0.8, 1.0, 1.0, 0.65])
    root_x = np.interp(along, _KNOTS, curve[:, 0]) + rng.normal(0, 0.4, count)
    fade = np.interp(along, [0, 0.12, 0.3, 0.85, 1], [0.55, 0.85, 1.0, 1.0, 0.6]) * (1 - 0.45 * np.abs(across))
    root_y = np.interp(along, _KNOTS, curve[:, 1]) + across * np.interp(along, _KNOTS, half) - 0.35 * np.sin(angle)
    paths = _hair_paths(root_x, root_y, angle, length)
    for path, darkness in zip(paths, fade * rng.uniform(0.55, 1.0, count), strict=True):
        cv2.polylines(plane, [path], False, float(darkness), 4, cv2.LINE_AA, 3)
    hairs = cv2.GaussianBlur(plane, (0, 0), 0.11 * PX_PER_MM)
    shade = cv2.GaussianBlur(plane, (0, 0), 1.0 * PX_PER_MM)
    return np.clip(0.85 * hairs + 0.65 * shade, 0, 1).astype(np.float32)


def _hair_paths(x: np.ndarray, y: np.ndarray, angle: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Return the points (N, 4, 2) int32 of hairs that bend towards the tail of the brow, in eighths of a pixel."""
    bend = angle[:, None] - 0.35 * np.linspace(0, 1, 4)[:-1]
    step = np.stack([np.cos(bend), np.sin(bend)], -1) * (length / 3)[:, None, None]
    start = np.stack([x, y - 0.25 * length * np.sin(angle)], -1)[:, None]
    points = np.concatenate([start, start + np.cumsum(step, axis=1)], axis=1)
    pixels = (points - [LEFT_MM, TOP_MM]) * [PX_PER_MM, -PX_PER_MM]
    return np.round(pixels * 8).astype(np.int32)
