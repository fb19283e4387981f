"""One texture for the whole head: where each material lies in it and how its surface is laid out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.rig import Rig

ATLAS_WIDTH, ATLAS_HEIGHT = 1536, 1024


@dataclass(frozen=True)
class Tile:
    """A rectangle of the atlas in texels, counted from its top left corner.

    Attributes
    ----------
    left, top, width, height : int
    """

    left: int
    top: int
    width: int
    height: int

    def place(self, uv: np.ndarray, margin: float = 2.0) -> np.ndarray:
        """Return atlas coordinates (N, 2) of tile coordinates (N, 2) in [0, 1], v up, off the tile's edge."""
        x = self.left + margin + uv[:, 0] * (self.width - 2 * margin)
        y = self.top + margin + (1 - uv[:, 1]) * (self.height - 2 * margin)
        return np.stack([x / ATLAS_WIDTH, 1 - y / ATLAS_HEIGHT], 1).astype(np.float32)

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the tile in the atlas picture."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


TILES: dict[str, Tile] = {
    "skin": Tile(0, 0, 1024, 1024),
    "hair": Tile(1024, 0, 512, 512),
    "eye": Tile(1024, 512, 256, 256),
    "teeth": Tile(1280, 512, 256, 256),
    "cloth": Tile(1024, 768, 256, 256),
    "tongue": Tile(1280, 768, 128, 128),
    "cavity": Tile(1408, 768, 128, 128),
    "lash": Tile(1280, 896, 128, 128),
    "brow": Tile(1408, 896, 128, 128),
}

WHOLE_FROM_V = 0.2
"""Hair covers fully above this height of its tile; below it thins out towards the tips at 0."""

MASS_TO_U, EDGE_FROM_U = 0.74, 0.78
"""The mass of the hair lies left of the first in its tile. Right of the second, below ``WHOLE_FROM_V``, strands become
sparse towards the right, for the free edges of sheets."""

EYE_TILE_ANGLE_RAD = 1.2
"""Angle from the gaze axis that reaches the edge of the eye's tile."""


def place_uv(rig: Rig, rest_mm: np.ndarray, rig_uv: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Return atlas coordinates (M, 2) float32 of drawn vertices.

    Skin keeps the layout of the rig; everything else is laid out by its shape, so that any rig will do.

    Parameters
    ----------
    rig : Rig
    rest_mm : (M, 3) float
    rig_uv : (M, 2) float
    parts : (M,) int
        Part of each vertex.
    """
    out = np.zeros((len(rest_mm), 2), np.float32)
    for index, part in enumerate(rig.parts):
        rows = np.flatnonzero(parts == index)
        if not len(rows):
            continue
        points = rest_mm[rows]
        if part.material == "skin":
            local = np.clip(rig_uv[rows], 0, 1)
        elif part.material == "hair":
            local = _box(rig_uv[rows])
        elif part.material == "lash":
            local = np.clip(rig_uv[rows], 0, 1)
        elif part.material == "teeth":
            local = _arch(points) * [1.0, 0.5] + [0.0, 0.0 if "lower" in part.name else 0.5]
        else:
            local = _frontal(points)
        out[rows] = TILES[part.material].place(local)
    return out


def _box(values: np.ndarray) -> np.ndarray:
    low, high = values.min(0), values.max(0)
    return (values - low) / np.maximum(high - low, 1e-6)


def _frontal(points: np.ndarray) -> np.ndarray:
    return _box(points[:, :2])


def _arch(points: np.ndarray) -> np.ndarray:
    """Angle along the dental arch, and height."""
    centre_z = points[:, 2].min()
    angle = np.arctan2(points[:, 0], points[:, 2] - centre_z + 4.0)
    return np.stack([np.clip(0.5 + angle / 3.2, 0, 1), _box(points[:, 1])], 1)
