"""One texture square for everything: where each region of the rig lies, and the skin's own layout."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from synth.build.anatomy import Anatomy, boundary_loops
from synth.build.source import BaseMesh
from synth.build.unwrap import relax, triangles_of

REGIONS: dict[str, tuple[float, float, float, float]] = {
    "head": (0.005, 0.312, 0.995, 0.995),
    "torso": (0.005, 0.005, 0.285, 0.300),
    "mouth": (0.295, 0.005, 0.395, 0.095),
    "socket": (0.295, 0.105, 0.395, 0.165),
    "tongue": (0.295, 0.175, 0.395, 0.300),
    "teeth": (0.405, 0.005, 0.545, 0.105),
    "lash": (0.405, 0.115, 0.545, 0.165),
    "eye": (0.405, 0.175, 0.530, 0.300),
    "hair": (0.555, 0.005, 0.775, 0.300),
    "cloth": (0.785, 0.005, 0.995, 0.300),
}
"""Boxes ``(u0, v0, u1, v1)`` of the texture square, v up."""

BACK_DENSITY = 0.42
LIP_GAP_DM, LID_GAP_DM = 0.06, 0.035
FILLER_WEIGHT_DENSITY = 1.0


def into_box(uv: np.ndarray, name: str, keep_aspect: bool = True) -> np.ndarray:
    """Move and scale coordinates (n, 2) so that they fill the named region, centred in it."""
    low, high = uv.min(0), uv.max(0)
    box = np.array(REGIONS[name])
    scale = (box[2:] - box[:2]) / np.maximum(high - low, 1e-9)
    if keep_aspect:
        scale = np.full(2, scale.min())
    return (uv - (low + high) / 2) * scale + (box[:2] + box[2:]) / 2


def face_density(points_dm: np.ndarray) -> np.ndarray:
    """Return the texture density (n,) wanted at points (n, 3) of the head: 1 in the face, less behind the ears."""
    x, z = points_dm[:, 0], points_dm[:, 2] - 0.4
    azimuth_deg = np.abs(np.degrees(np.arctan2(x, z)))
    facing = np.clip((100.0 - azimuth_deg) / 45.0, 0, 1) * np.clip((8.05 - points_dm[:, 1]) / 0.35, 0, 1)
    return BACK_DENSITY + (1 - BACK_DENSITY) * facing


def unwrap_head(base: BaseMesh, anatomy: Anatomy) -> np.ndarray:
    """Return texture coordinates (T, 2) of the base mesh in which the head island fills its region."""
    faces, uv_faces = base.faces[anatomy.head], base.uv_faces[anatomy.head]
    start = np.stack([base.uv[:, 1], -base.uv[:, 0]], -1)
    triangles, corners = triangles_of(uv_faces), base.vertices_dm[triangles_of(faces)]
    density = face_density(corners.mean(1))
    space_of = np.zeros(len(base.uv), int)
    space_of[uv_faces] = faces
    loops = sorted(boundary_loops(uv_faces), key=len)[:-1]
    for loop in loops:
        extra_uv, extra_triangles, extra_corners = _filler(loop, base.vertices_dm[space_of[loop]], start)
        triangles = np.concatenate([triangles, extra_triangles])
        corners = np.concatenate([corners, extra_corners])
        density = np.concatenate([density, np.full(len(extra_corners), FILLER_WEIGHT_DENSITY)])
        start = np.concatenate([start, extra_uv])
    flat = relax(start, triangles, corners, density)[: len(base.uv)]
    used = np.unique(uv_faces)
    flat = _symmetric(flat, base, anatomy.head, used)
    flat[used] = into_box(flat[used], "head")
    return flat


def _filler(loop: np.ndarray, points_dm: np.ndarray, uv: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Close a hole with a fan that keeps it open: an ellipse as wide as the hole is in space."""
    left, right = points_dm[:, 0].argmin(), points_dm[:, 0].argmax()
    middle = (points_dm[left] + points_dm[right]) / 2
    half = (points_dm[right, 0] - points_dm[left, 0]) / 2
    order = np.arange(len(loop))
    first = (order - left) % len(loop) <= (right - left) % len(loop)
    upper = first if points_dm[first, 1].mean() > points_dm[~first, 1].mean() else ~first
    gap = LIP_GAP_DM if abs(middle[0]) < 0.05 else LID_GAP_DM
    across = (points_dm[:, 0] - middle[0]) / half
    height = gap * np.sqrt(np.clip(1 - across**2, 0, 1)) * np.where(upper, 1, -1)
    rim = np.stack([points_dm[:, 0] - middle[0], height, np.zeros(len(loop))], -1)
    after = np.roll(order, -1)
    corners = np.stack([rim[after], rim[order], np.zeros_like(rim)], 1)
    centre = len(uv)
    triangles = np.stack([loop[after], loop[order], np.full(len(loop), centre)], -1)
    return uv[loop].mean(0, keepdims=True), triangles, corners


def _symmetric(uv: np.ndarray, base: BaseMesh, region: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Average the layout with its mirror image; the axis of symmetry becomes u = 0."""
    partner = mirror_uv(base, region)
    out = uv.copy()
    out[used, 0] -= (uv[used, 0].max() + uv[used, 0].min()) / 2
    mirrored = out[partner[used]] * [-1, 1]
    out[used] = (out[used] + mirrored) / 2
    return out


def mirror_uv(base: BaseMesh, region: np.ndarray) -> np.ndarray:
    """Return for each texture vertex the one at the mirrored place of the island (itself outside of it)."""
    place = {frozenset(base.faces[f].tolist()): f for f in region}
    partner = np.arange(len(base.uv))
    for f in region:
        image = place[frozenset(base.mirror[base.faces[f]].tolist())]
        other = dict(zip(base.faces[image].tolist(), base.uv_faces[image].tolist(), strict=True))
        for vertex, texture in zip(base.faces[f].tolist(), base.uv_faces[f].tolist(), strict=True):
            partner[texture] = other[int(base.mirror[vertex])]
    return partner


def planar(points: np.ndarray, name: str, project: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return coordinates (n, 2) of points (n, 3) by a projection, filling the named region."""
    return into_box(project(points), name, keep_aspect=False)
