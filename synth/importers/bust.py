"""Closes the cut below a head: a bare neck gets shoulders, a bust is lengthened until its edge leaves the picture."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from assets.rig import Part, Rig
from synth.build.anatomy import boundary_loops

BELOW_MM = -60.0
"""Openings whose mean lies higher (eye sockets, mouth, nostrils) are left alone."""

DEEP_MM = -330.0
"""An edge below this is out of every picture."""

LOWEST_MM = 80.0
"""An opening further above the lowest skin or cloth is a seam between parts, not the cut below the head."""

NECK_HALF_WIDTH_MM = 100.0
SHOULDERS_MM = (195.0, 95.0)
"""Half width and half depth of the shoulders."""

# Drop below the edge in mm, and the share of the way from the edge's own outline to that of the shoulders.
_NECK_RINGS = ((6, 0.02), (16, 0.10), (28, 0.28), (42, 0.55), (62, 0.82), (95, 0.97), (150, 1.0), (230, 1.0))
_BUST_RINGS = ((15, 0.04), (40, 0.10), (80, 0.16), (140, 0.20))


def close_bust(rig: Rig) -> Rig:
    """Return the rig with rings of skin below its lowest opening, and that opening closed.

    The new vertices follow the edge they hang on: they move with every shape, mode and axis.

    Parameters
    ----------
    rig : Rig
        Without landmark table or with one; its vertices keep their numbers.
    """
    index = next(k for k, part in enumerate(rig.parts) if part.material == "skin")
    skin = rig.parts[index]
    walls = [part.faces for part in rig.parts if part.material in ("skin", "cavity")]
    loops = [loop for loop in boundary_loops(np.concatenate(walls)) if len(loop) >= 8]
    edges = rig.vertices_mm
    bottom = min(edges[part.faces, 1].min() for part in rig.parts if part.material in ("skin", "cloth"))
    loops = [loop for loop in loops if DEEP_MM < edges[loop, 1].mean() < min(BELOW_MM, bottom + LOWEST_MM)]
    if not loops:
        return rig
    loop = min(loops, key=lambda rim: edges[rim, 1].mean())
    if not np.isin(loop, skin.faces).all():
        return rig
    offsets = ring_offsets(edges[loop].astype(np.float64))
    return _with_rings(rig, index, loop, offsets)


def ring_offsets(edge_mm: np.ndarray) -> np.ndarray:
    """Return the displacements (R, n, 3) of R rings from their edge (n, 3); the last ring is the closing point."""
    outline = edge_mm[:, [0, 2]]
    centre = (outline.max(0) + outline.min(0)) / 2
    half = np.ptp(outline, axis=0) / 2
    is_neck = half[0] < NECK_HALF_WIDTH_MM
    angle = np.arctan2((outline[:, 0] - centre[0]) / half[0], (outline[:, 1] - centre[1]) / half[1])
    target = np.stack([SHOULDERS_MM[0] * np.sin(angle), SHOULDERS_MM[1] * np.cos(angle)], 1)
    if not is_neck:
        target = (outline - centre) * 1.5
    level = edge_mm[:, 1].mean()
    rings = []
    for drop, share in _NECK_RINGS if is_neck else _BUST_RINGS:
        flat = centre + (1 - share) * (outline - centre) + share * target
        height = (1 - min(1.0, drop / 60)) * (edge_mm[:, 1] - level) + level - drop
        height = np.minimum(height, edge_mm[:, 1])
        rings.append(np.stack([flat[:, 0], height, flat[:, 1]], 1) - edge_mm)
    closing = np.array([centre[0], rings[-1][:, 1].min() + level, centre[1]])
    rings.append(closing - edge_mm)
    return np.stack(rings)


def _with_rings(rig: Rig, index: int, loop: np.ndarray, offsets: np.ndarray) -> Rig:
    count, size = len(rig.vertices_mm), len(loop)
    source = np.tile(loop, len(offsets))
    strips, rows = [], np.concatenate([[loop], count + np.arange(len(source)).reshape(len(offsets), size)])
    for upper, lower in pairwise(rows):
        strips.append(np.stack([np.roll(upper, -1), upper, lower, np.roll(lower, -1)], 1))
    quads = np.concatenate(strips).astype(np.int32)
    skin = rig.parts[index]
    flat = dict(zip(skin.faces.ravel().tolist(), skin.uv_faces.ravel().tolist(), strict=True))
    follower = dict(zip(range(count, count + len(source)), source.tolist(), strict=True))
    uv_quads = np.array([[flat[follower.get(v, v)] for v in quad] for quad in quads.tolist()], np.int32)
    parts = list(rig.parts)
    faces, uv_faces = np.concatenate([skin.faces, quads]), np.concatenate([skin.uv_faces, uv_quads])
    parts[index] = Part(skin.name, skin.material, faces, uv_faces, skin.subdivide, skin.optional)

    def longer(displacement: np.ndarray) -> np.ndarray:
        return np.concatenate([displacement, displacement[..., source, :]], -2)

    extra = rig.vertices_mm[source] + offsets.reshape(-1, 3)
    return replace(
        rig,
        vertices_mm=np.concatenate([rig.vertices_mm, extra]).astype(np.float32),
        parts=tuple(parts),
        shapes_mm=longer(rig.shapes_mm),
        identity_mm=longer(rig.identity_mm),
        axes={name: replace(axis, delta_mm=longer(axis.delta_mm)) for name, axis in rig.axes.items()},
        correctives=tuple(replace(c, delta_mm=longer(c.delta_mm)) for c in rig.correctives),
    )
