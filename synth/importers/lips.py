"""Keeps resting lips together under every identity mode and axis, where the source lets them drift apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from assets.rig import LandmarkTable, Rig
from assets.units import UNIT_INDEX

CORNERS, LOWER_LIP = (78, 308), 14
"""Landmarks: the inner corners of the mouth, and the middle of the lower lip."""

REACH_MM = 12.0
"""Distance from the seam of the lips over which a correction fades out."""

TOUCH_MM = 2.5
"""Upper and lower lip touch where their vertices are closer than this at rest."""

SMOOTH_MM = 3.0
"""Standard deviation of the average along the seam."""

PRESS_MM = 0.5
"""How far each lip is pressed into the other at rest, so that no slit shows the teeth."""

TEETH_BACK_MM = 1.0
"""How far teeth and what else lies behind the lips are moved back with it."""

LOWER_SHARE = (0.15, 0.5)
"""Movement by jawOpen, as a share of the lower lip's, from which a vertex counts as upper lip and as lower lip."""


def seal_lips(rig: Rig) -> Rig:
    """Return the rig with lips that touch at rest, whoever it is.

    Identity modes and axes are made to move upper and lower lip alike where they meet: the gap that one opens along
    the seam is shared out between the two lips, fading away from the seam. Rigs without ``jawOpen``, without a
    landmark table or with parted lips at rest are returned as they are.

    Parameters
    ----------
    rig : Rig
    """
    if rig.landmarks is None or not rig.has_shape[UNIT_INDEX["jawOpen"]]:
        return rig
    seam = _Seam(rig, rig.landmarks)
    if not seam.touches:
        return rig
    modes = [seam.sealed(mode) for mode in rig.identity_mm]
    return replace(
        rig,
        vertices_mm=seam.pressed(rig.vertices_mm),
        identity_mm=np.stack(modes) if modes else rig.identity_mm,
        axes={name: replace(axis, delta_mm=seam.sealed(axis.delta_mm)) for name, axis in rig.axes.items()},
    )


class _Seam:
    """Pairs of vertices that touch across the lips, and the vertices that take part in a correction."""

    def __init__(self, rig: Rig, table: LandmarkTable) -> None:
        points = table.points(rig.vertices_mm.astype(np.float64))
        jaw = np.linalg.norm(rig.shapes_mm[UNIT_INDEX["jawOpen"]], axis=1)
        lower_lip = float(jaw[table.vertices[LOWER_LIP]] @ table.barycentric[LOWER_LIP])
        low, high = LOWER_SHARE
        side = 2 * np.clip((jaw / max(lower_lip, 1e-6) - low) / (high - low), 0, 1) - 1
        corners = points[list(CORNERS)]
        middle, reach = corners.mean(0), np.ptp(corners[:, 0]) / 2 + REACH_MM
        walls = np.unique(np.concatenate([p.faces.ravel() for p in rig.parts if p.material in ("skin", "cavity")]))
        rows = walls[np.linalg.norm(rig.vertices_mm[walls] - middle, axis=1) < reach]
        place = rig.vertices_mm[rows].astype(np.float64)
        upper, lower = rows[side[rows] < 0], rows[side[rows] > 0]
        self.touches = False
        if not len(upper) or not len(lower):
            return
        distance, near = cKDTree(rig.vertices_mm[upper]).query(rig.vertices_mm[lower])
        inside = np.abs(rig.vertices_mm[lower, 0] - middle[0]) < np.ptp(corners[:, 0]) / 2 + 2.0
        touching = (distance < TOUCH_MM) & inside
        self.touches = touching.sum() >= 8
        if not self.touches:
            return
        self.upper, self.lower = upper[near[touching]], lower[touching]
        seam = (rig.vertices_mm[self.upper] + rig.vertices_mm[self.lower]).astype(np.float64) / 2
        fade = np.clip(1 - cKDTree(seam).query(place)[0] / REACH_MM, 0, 1)
        chosen = fade > 0
        self.rows = rows[chosen]
        self.strength = (0.5 * side[rows] * fade**2 * (3 - 2 * fade))[chosen]
        weight = np.exp(-0.5 * ((place[chosen, :1] - seam[None, :, 0]) / SMOOTH_MM) ** 2) + 1e-12
        self.average = weight / weight.sum(1, keepdims=True)
        behind = [p.faces.ravel() for p in rig.parts if p.material in ("teeth", "tongue")]
        self.behind = np.unique(np.concatenate(behind)) if behind else np.zeros(0, np.int64)

    def sealed(self, delta_mm: np.ndarray) -> np.ndarray:
        """Return the displacement (V, 3) without the gap it opens between the lips."""
        gap = (delta_mm[self.upper] - delta_mm[self.lower]).astype(np.float64)
        out = np.array(delta_mm, np.float32)
        out[self.rows] += self.strength[:, None] * (self.average @ gap)
        return out

    def pressed(self, vertices_mm: np.ndarray) -> np.ndarray:
        """Return the resting head (V, 3) with its lips pressed lightly together and the teeth behind them."""
        out = np.array(vertices_mm, np.float32)
        out[self.rows, 1] += 2 * PRESS_MM * self.strength
        out[self.behind, 2] -= TEETH_BACK_MM
        return out
