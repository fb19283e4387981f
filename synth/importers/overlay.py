"""Lays the reference head over another one, so that masks, hair and axes can be read across."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from assets.errors import InputError
from assets.rig import Rig

LANDMARK_COUNT = 468
"""Landmarks used: all but those of the irises."""

RAYS = 420
CRANIUM_MM = 25.0
"""Height of the middle of the skull above the eyes."""

RAY_REACH = 0.12
"""Largest distance of a vertex's direction from that of a ray, as a chord of the unit sphere."""

EAR_SHARE = 0.012
"""Share of the skin's vertices, the furthest out sideways between brow and mouth, that stand for an ear."""


class Overlay:
    """A smooth map from the space of the reference to that of a rig.

    It takes landmarks to landmarks, the skull along rays to the skull, and ears to ears; in between it is an
    interpolation by radial basis functions.

    Parameters
    ----------
    reference, rig : Rig
        Both at rest, with landmark tables.

    Raises
    ------
    InputError
        If a landmark table is missing.
    """

    def __init__(self, reference: Rig, rig: Rig) -> None:
        there, here = _anchors(reference), _anchors(rig)
        both = np.isfinite(there[:, 0]) & np.isfinite(here[:, 0])
        self._warp = RBFInterpolator(there[both], here[both] - there[both], kernel="linear", smoothing=1.0)

    def __call__(self, points_mm: np.ndarray) -> np.ndarray:
        """Return where points (n, 3) of the reference lie on the rig."""
        points = np.asarray(points_mm, np.float64)
        return points + self._warp(points)


def _anchors(rig: Rig) -> np.ndarray:
    """Return landmarks, skull points and ears (n, 3) in a fixed order; NaN where the rig has none."""
    if rig.landmarks is None:
        raise InputError.one("no landmark table", rig.name, "import the model again")
    vertices = rig.vertices_mm.astype(np.float64)
    landmarks = rig.landmarks.points(vertices)[:LANDMARK_COUNT]
    skin = vertices[skin_vertices(rig)]
    return np.concatenate([landmarks, _skull(skin), _ears(skin)])


def skin_vertices(rig: Rig) -> np.ndarray:
    """Return the indices (n,) of the vertices of the skin, sorted."""
    faces = [part.faces.ravel() for part in rig.parts if part.material == "skin" and not part.optional]
    return np.unique(np.concatenate(faces))


def _skull(skin: np.ndarray) -> np.ndarray:
    """Return where fixed rays from the middle of the skull leave it, (RAYS, 3)."""
    band = skin[np.abs(skin[:, 1] - CRANIUM_MM) < 12]
    middle = np.array([0.0, CRANIUM_MM, (band[:, 2].max() + band[:, 2].min()) / 2 if len(band) else -70.0])
    index = np.arange(RAYS) + 0.5
    height, around = 1 - 2 * index / RAYS, np.pi * (1 + 5**0.5) * index
    level = np.sqrt(1 - height**2)
    rays = np.stack([level * np.sin(around), height, level * np.cos(around)], 1)
    face = (rays[:, 2] > 0.55) & (rays[:, 1] < 0.75)
    beside_ears = (np.abs(rays[:, 0]) > 0.55) & (rays[:, 1] < 0.35)
    used = (rays[:, 1] > -0.35) & ~face & ~beside_ears
    offsets = skin - middle
    radius = np.linalg.norm(offsets, axis=1)
    distance, near = cKDTree(offsets / radius[:, None]).query(rays, k=6, distance_upper_bound=RAY_REACH)
    found = np.isfinite(distance)
    weight = np.where(found, 1 / (distance + 0.01), 0)
    reach = (weight * np.append(radius, 0)[near]).sum(1) / np.maximum(weight.sum(1), 1e-9)
    return np.where((used & found.any(1))[:, None], middle + rays * reach[:, None], np.nan)


def _ears(skin: np.ndarray) -> np.ndarray:
    """Return the middle, top and bottom of each ear (6, 3)."""
    out = []
    for side in (1, -1):
        level = skin[(skin[:, 1] < 40) & (skin[:, 1] > -75) & (skin[:, 0] * side > 0)]
        if not len(level):
            out += [np.full(3, np.nan)] * 3
            continue
        ear = level[np.argsort(-level[:, 0] * side)[: max(8, int(EAR_SHARE * len(skin)))]]
        out += [ear.mean(0), ear[ear[:, 1].argmax()], ear[ear[:, 1].argmin()]]
    return np.array(out)
