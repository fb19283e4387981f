"""How much of the surroundings each vertex sees, from depth maps in many directions.

The share of open directions is ambient occlusion; a linear fit over directions gives soft shadows of
brow, nose, chin and hair for any light at the price of one dot product per vertex.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import njit

from assets.rig import MATERIALS, Rig
from assets.units import UNIT_INDEX
from synth.avatars.surface import Surface

MAP_SIDE = 128
DIRECTIONS = 110
LIFT_MM = 1.6
"""Vertices are tested this far outside the surface, which hides the facets of the depth maps."""


MOUTH_OPEN = {
    "jawOpen": 0.5, "mouthUpperUpLeft": 1.0, "mouthUpperUpRight": 1.0, "mouthLowerDownLeft": 1.0,
    "mouthLowerDownRight": 1.0, "mouthSmileLeft": 0.7, "mouthSmileRight": 0.7,
}  # fmt: skip
"""Weights at which the inside of the mouth is judged: as in a laugh, when teeth are seen."""

HIDDEN_FROM_BEHIND = -0.25
"""No light reaches the inside of the mouth from directions with a lower z: the head is in the way."""

TEETH_FLOOR = 0.42
"""Least openness of teeth: they are bright and often nearer to the light than a laugh shows."""

GUM_FLOOR, UPPER_GUMS = 0.45, "gums_upper"
"""Least openness of the upper gums, and the part they are: a broad smile bares them just below the lip, where depth
maps of a few millimetres see no light. Black there reads as a gap between lip and teeth."""

SOFT_FLOOR = 0.14
"""Least openness of the tongue and of the mouth's lining: flesh scatters light into the mouth from all sides."""

HAIR_FLOOR = 0.3
"""Least openness of hair: strands scatter light to those below them."""

_RIGS: dict[int, Rig] = {}


def surface_visibility(rig: Rig, surface: Surface) -> tuple[np.ndarray, np.ndarray]:
    """Return occlusion (M,) and fit (M, 4) of the rig's mean head; computed once per surface and process.

    The inside of the mouth is judged in a laugh, for it is only seen then.
    """
    _RIGS[id(surface)] = rig
    return _cached_visibility(surface)


@lru_cache(maxsize=32)
def _cached_visibility(surface: Surface) -> tuple[np.ndarray, np.ndarray]:
    rig = _RIGS[id(surface)]
    eye = MATERIALS.index("eye")
    caster = surface.triangles[~np.isin(surface.materials[surface.triangles[:, 0]], [eye, MATERIALS.index("lash")])]
    rest = np.ascontiguousarray(surface.refine @ rig.vertices_mm, np.float32)
    laugh = surface.refine @ sum(weight * rig.shapes_mm[UNIT_INDEX[unit]] for unit, weight in MOUTH_OPEN.items())
    shut, shut_fit = visible_share(rest, surface_normals(surface, rest), caster)
    wide_open = np.ascontiguousarray(rest + laugh, np.float32)
    wide, wide_fit = visible_share(wide_open, surface_normals(surface, wide_open), caster, HIDDEN_FROM_BEHIND)
    inside = np.isin(surface.materials, [MATERIALS.index(name) for name in ("teeth", "tongue", "cavity")])
    inside |= (surface.materials == MATERIALS.index("skin")) & (wide - shut > 0.12)
    occlusion = np.where(inside, wide, shut).astype(np.float32)
    fit = np.where(inside[:, None], wide_fit, shut_fit).astype(np.float32)
    teeth = surface.materials == MATERIALS.index("teeth")
    occlusion[teeth] = np.maximum(occlusion[teeth], TEETH_FLOOR)
    fit[teeth, 0] = np.maximum(fit[teeth, 0], TEETH_FLOOR)
    gums = np.isin(surface.parts, [i for i, part in enumerate(rig.parts) if part.name == UPPER_GUMS])
    occlusion[gums] = np.maximum(occlusion[gums], GUM_FLOOR)
    fit[gums, 0] = np.maximum(fit[gums, 0], GUM_FLOOR)
    soft = inside & ~teeth & ~gums
    occlusion[soft] = SOFT_FLOOR + (1 - SOFT_FLOOR) * occlusion[soft]
    fit[soft, 0] = SOFT_FLOOR + (1 - SOFT_FLOOR) * fit[soft, 0]
    fit[soft, 1:] *= 1 - SOFT_FLOOR
    hair = surface.materials == MATERIALS.index("hair")
    occlusion[hair] = HAIR_FLOOR + (1 - HAIR_FLOOR) * occlusion[hair]
    fit[hair] *= 1 - HAIR_FLOOR
    fit[hair, 0] += HAIR_FLOOR
    on_eye = surface.materials == eye
    occlusion[on_eye], fit[on_eye] = 1.0, [1.0, 0.0, 0.0, 0.0]
    return occlusion, fit


def surface_normals(surface: Surface, positions_mm: np.ndarray) -> np.ndarray:
    """Return area-weighted unit normals (M, 3) float32 of a surface in some shape."""
    a, b, c = (positions_mm[surface.triangles[:, k]] for k in range(3))
    cross = np.cross(b - a, c - a)
    sums = np.zeros((int(surface.normal_groups.max()) + 1, 3))
    for k in range(3):
        np.add.at(sums, surface.normal_groups[surface.triangles[:, k]], cross)
    sums /= np.linalg.norm(sums, axis=1, keepdims=True) + 1e-12
    return sums[surface.normal_groups].astype(np.float32)


def sphere_directions(count: int) -> np.ndarray:
    """Return unit vectors (count, 3) spread evenly over the sphere along a golden spiral."""
    step = np.arange(count) + 0.5
    height = 1 - 2 * step / count
    angle = np.pi * (1 + 5**0.5) * step
    radius = np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(angle), height, radius * np.sin(angle)], 1)


def visible_share(
    positions_mm: np.ndarray, normals: np.ndarray, triangles: np.ndarray, blocked_below: float = -1.0
) -> tuple[np.ndarray, ...]:
    """Return ambient occlusion and the directional fit.

    Parameters
    ----------
    positions_mm : (M, 3) float
    normals : (M, 3) float
    triangles : (F, 3) int
    blocked_below : float
        Directions whose z is below this are taken to be blocked, without looking.

    Returns
    -------
    occlusion : (M,) float32
        Cosine-weighted share of the open hemisphere, 1 is open.
    fit : (M, 4) float32
        ``fit[0] + fit[1:] . direction`` approximates visibility, 1 open, 0 blocked.
    """
    points = np.ascontiguousarray(positions_mm, np.float32)
    normals = np.ascontiguousarray(normals, np.float32)
    tested = points + np.float32(LIFT_MM) * normals
    seen, probe = np.empty_like(points), np.empty_like(points)
    count = len(points)
    moments, sums = np.zeros((count, 4, 4), np.float32), np.zeros((count, 4), np.float32)
    share, total = np.zeros(count, np.float32), np.zeros(count, np.float32)
    depth = np.empty((MAP_SIDE, MAP_SIDE), np.float32)
    reach = float(np.abs(points - points.mean(0)).max()) * 1.35
    middle = points.mean(0)
    for direction in sphere_directions(DIRECTIONS):
        across = np.cross(direction, [0.0, 1.0, 0.0] if abs(direction[1]) < 0.9 else [1.0, 0.0, 0.0])
        across /= np.linalg.norm(across)
        frame = np.stack([across, np.cross(direction, across), direction]).astype(np.float32)
        scale = np.float32(MAP_SIDE / (2 * reach))
        _turn(tested, middle, frame, scale, probe)
        if direction[2] < blocked_below:
            depth.fill(np.inf)
        else:
            _turn(points, middle, frame, scale, seen)
            _depth_map(seen, triangles, depth)
        _gather(probe, normals, direction.astype(np.float32), depth, moments, sums, share, total)
    ridge = 0.02 * np.maximum(total, 1e-3)[:, None, None] * np.eye(4, dtype=np.float32) + 1e-6 * np.eye(4)
    prior = np.zeros((count, 4))
    prior[:, 0] = share / np.maximum(total, 1e-6)
    right = sums - np.einsum("mij,mj->mi", moments, prior)
    fit = prior + np.linalg.solve(moments + ridge, right[..., None])[..., 0]
    return (share / np.maximum(total, 1e-6)).astype(np.float32), fit.astype(np.float32)


@njit(cache=True, fastmath=True)
def _turn(points, middle, frame, scale, out):  # pragma: no cover - compiled
    """Write column, row and height (M, 3) of points on the map that looks along a direction."""
    half = np.float32(MAP_SIDE / 2)
    for v in range(points.shape[0]):
        x, y, z = points[v, 0] - middle[0], points[v, 1] - middle[1], points[v, 2] - middle[2]
        out[v, 0] = (frame[0, 0] * x + frame[0, 1] * y + frame[0, 2] * z) * scale + half
        out[v, 1] = (frame[1, 0] * x + frame[1, 1] * y + frame[1, 2] * z) * scale + half
        out[v, 2] = frame[2, 0] * x + frame[2, 1] * y + frame[2, 2] * z


@njit(cache=True, fastmath=True)
def _depth_map(points, triangles, depth):  # pragma: no cover - compiled
    side = depth.shape[0]
    depth[:] = -1e9
    slack, half = np.float32(-0.02), np.float32(0.5)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, x1, y1, x2, y2 = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(area) < np.float32(1e-9):
            continue
        left, right = max(int(np.ceil(min(x0, x1, x2) - half)), 0), min(int(max(x0, x1, x2) + half), side - 1)
        top, bottom = max(int(np.ceil(min(y0, y1, y2) - half)), 0), min(int(max(y0, y1, y2) + half), side - 1)
        if left > right or top > bottom:
            continue
        inverse = np.float32(1) / area
        for y in range(top, bottom + 1):
            down = np.float32(y) - y0
            for x in range(left, right + 1):
                along = np.float32(x) - x0
                w1 = (along * (y2 - y0) - (x2 - x0) * down) * inverse
                w2 = ((x1 - x0) * down - along * (y1 - y0)) * inverse
                if w1 >= slack and w2 >= slack and w1 + w2 <= np.float32(1) - slack:
                    z = points[a, 2] + w1 * (points[b, 2] - points[a, 2]) + w2 * (points[c, 2] - points[a, 2])
                    if z > depth[y, x]:
                        depth[y, x] = z


@njit(cache=True, fastmath=True)
def _gather(probe, normals, direction, depth, moments, sums, share, total):  # pragma: no cover - compiled
    side = depth.shape[0]
    basis = np.empty(4, np.float32)
    basis[0] = 1
    basis[1:] = direction
    for v in range(probe.shape[0]):
        facing = normals[v, 0] * direction[0] + normals[v, 1] * direction[1] + normals[v, 2] * direction[2]
        if facing < np.float32(0.02):
            continue
        x = min(max(int(probe[v, 0] + np.float32(0.5)), 0), side - 1)
        y = min(max(int(probe[v, 1] + np.float32(0.5)), 0), side - 1)
        bias = np.float32(1.2) + np.float32(1.2) * (np.float32(1) - facing)
        seen = np.float32(1.0) if probe[v, 2] + bias >= depth[y, x] else np.float32(0.0)
        share[v] += facing * seen
        total[v] += facing
        for i in range(4):
            sums[v, i] += facing * seen * basis[i]
            for j in range(4):
                moments[v, i, j] += facing * basis[i] * basis[j]
