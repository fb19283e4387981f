"""Closes the cut below a head: neck and shoulders of the reference grow out of its edge, out of the picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from assets.rig import Part, Rig
from synth.build.anatomy import boundary_loops
from synth.build.garments import Bust
from synth.importers.neck import measure_neck, neck_of
from synth.importers.overlay import skin_vertices

BELOW_MM = -60.0
"""Openings whose mean lies higher (eye sockets, mouth, nostrils) are left alone."""

DEEP_MM = -330.0
"""An edge below this is out of every picture."""

LOWEST_MM = 80.0
"""An opening further above the lowest skin or cloth is a seam between parts, not the cut below the head."""

ASIDE_MM = 60.0
"""An opening whose middle lies further to the side is that of an arm."""

DROPS_MM = (6.0, 16.0, 28.0, 42.0, 60.0)
"""How far the first rings lie below the edge; on the last of them it has become level."""

STEP_MM, FLOOR_MM = 48.0, -352.0
"""Distance of the further rings, and height of the last one."""

OUTWARD_MM, INWARD_MM, INWARD_FROM_MM = 60.0, 26.0, 20.0
"""Drop over which an edge narrower than the reference becomes as wide, and one that is wider by 20 mm as narrow."""

FADE_MM = 60.0
"""Below the neck, the width of the reference is scaled like the neck over this height."""


def close_bust(rig: Rig, reference: Rig) -> Rig:
    """Return the rig with rings of skin below its lowest opening, and that opening closed.

    The rings lead from the edge to neck and shoulders of the reference, fitted to the neck of the rig. Near the edge
    they move with it; further down, expressions leave them alone and they follow the mean of the edge under modes and
    axes: shoulders stay where the jaw of a head that ends there opens.

    Parameters
    ----------
    rig : Rig
        Without landmark table or with one; its vertices keep their numbers.
    reference : Rig
        The built-in head, whose skin has shoulders.
    """
    found = _lowest_edge(rig)
    if found is None:
        return rig
    index, loop = found
    neck, scale = neck_of(rig, reference)
    shape = Bust(reference.vertices_mm.astype(np.float64), skin_vertices(reference))
    base_mm = measure_neck(reference).base_y + neck.shift_mm

    def radius(azimuth: np.ndarray, height_mm: np.ndarray) -> np.ndarray:
        wider = 1 + (scale - 1) * np.clip((height_mm - base_mm) / FADE_MM + 1, 0, 1)
        return shape.radius(azimuth, height_mm - neck.shift_mm) * wider

    offsets, let_go = ring_offsets(rig.vertices_mm[loop].astype(np.float64), neck.axis_mm, base_mm, radius)
    return _with_rings(rig, index, loop, offsets, let_go)


def _lowest_edge(rig: Rig) -> tuple[int, np.ndarray] | None:
    """Return the number of the skin part and the vertices of the cut below it, or None where there is none."""
    index = next(k for k, part in enumerate(rig.parts) if part.material == "skin")
    walls = [part.faces for part in rig.parts if part.material in ("skin", "cavity")]
    loops = [loop for loop in boundary_loops(np.concatenate(walls)) if len(loop) >= 8]
    points = rig.vertices_mm
    bottom = min(points[part.faces, 1].min() for part in rig.parts if part.material in ("skin", "cloth"))
    loops = [loop for loop in loops if DEEP_MM < points[loop, 1].mean() < min(BELOW_MM, bottom + LOWEST_MM)]
    loops = [loop for loop in loops if abs(np.ptp(points[loop, 0]) / 2 + points[loop, 0].min()) < ASIDE_MM]
    if not loops:
        return None
    loop = min(loops, key=lambda rim: points[rim, 1].mean())
    whole = (_faces_of(rig.parts[index].faces, loop, len(points))[0] >= 0).all()
    return (index, loop) if whole else None


def ring_offsets(
    edge_mm: np.ndarray,
    axis_mm: tuple[float, float],
    base_mm: float,
    radius: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the displacements (R, n, 3) of R rings from their edge, and how far each point lets go of it (R, n).

    Parameters
    ----------
    edge_mm : (n, 3) float
    axis_mm : (x, z) of float
        Of the neck.
    base_mm : float
        Height at which neck turns into shoulders. Where an edge lies below, as that of a chest, no ring draws in.
    radius : callable
        Distance (n,) of the wanted skin from the axis at azimuths (n,) and heights (n,).

    Returns
    -------
    offsets : (R, n, 3) float
        The last ring is the closing point.
    let_go : (R, n) float
        From 0, where a ring is still the edge, to 1, where it is as wanted.
    """
    axis, height = np.array(axis_mm), edge_mm[:, 1]
    outward = edge_mm[:, [0, 2]] - axis
    reach, azimuth, level = np.hypot(*outward.T), np.arctan2(*outward.T), height.mean()
    inward = np.clip((reach - radius(azimuth, height - DROPS_MM[1])) / INWARD_FROM_MM, 0, 1)
    length = OUTWARD_MM + inward * (INWARD_MM - OUTWARD_MM)
    kept = np.clip((base_mm - height) / FADE_MM * 2, 0, 1)
    count = max(0, int(np.ceil((level - DROPS_MM[-1] - FLOOR_MM) / STEP_MM)))
    drops = [*DROPS_MM, *(DROPS_MM[-1] + STEP_MM * (k + 1) for k in range(count))]
    rings, shares = [], []
    for drop in drops:
        flat = min(1.0, drop / DROPS_MM[-1])
        lower = np.minimum((1 - flat) * height + flat * level - drop, height - 0.1 * drop)
        share = np.clip(drop / length, 0, 1)
        share = share**2 * (3 - 2 * share)
        wanted = radius(azimuth, lower)
        wide = reach + share * (wanted - reach + kept * np.maximum(reach - wanted, 0))
        x, z = axis[:, None] + wide * np.stack([np.sin(azimuth), np.cos(azimuth)])
        rings.append(np.stack([x, lower, z], 1) - edge_mm)
        shares.append(share)
    closing = np.array([axis[0], (rings[-1] + edge_mm)[:, 1].min(), axis[1]])
    return np.stack([*rings, closing - edge_mm]), np.stack([*shares, np.ones(len(edge_mm))])


def _with_rings(rig: Rig, index: int, loop: np.ndarray, offsets: np.ndarray, let_go: np.ndarray) -> Rig:
    count, size = len(rig.vertices_mm), len(loop)
    source = np.tile(loop, len(offsets))
    strips, rows = [], np.concatenate([[loop], count + np.arange(len(source)).reshape(len(offsets), size)])
    for upper, lower in pairwise(rows):
        strips.append(np.stack([np.roll(upper, -1), upper, lower, np.roll(lower, -1)], 1))
    quads = np.concatenate(strips).astype(np.int32)
    skin = rig.parts[index]
    near, inner, uv_inner = _edge_uv(rig, skin, loop)
    uv_rows = [near, *[len(rig.uv) + inner] * len(offsets)]
    uv_quads = np.concatenate([np.stack([u[:, 1], u[:, 0], w[:, 0], w[:, 1]], 1) for u, w in pairwise(uv_rows)])
    parts = list(rig.parts)
    faces, uv_faces = np.concatenate([skin.faces, quads]), np.concatenate([skin.uv_faces, uv_quads.astype(np.int32)])
    parts[index] = Part(skin.name, skin.material, faces, uv_faces, skin.subdivide, skin.optional)

    share = let_go.reshape(-1, 1).astype(np.float32)

    def moved(displacement: np.ndarray) -> np.ndarray:
        """Follow an expression: away from the edge, less and less."""
        return np.concatenate([displacement, displacement[..., source, :] * (1 - share)], -2)

    def grown(displacement: np.ndarray) -> np.ndarray:
        """Follow an identity: away from the edge, its mean."""
        mean = displacement[..., loop, :].mean(-2, keepdims=True)
        return np.concatenate([displacement, displacement[..., source, :] * (1 - share) + mean * share], -2)

    extra = rig.vertices_mm[source] + offsets.reshape(-1, 3)
    return replace(
        rig,
        vertices_mm=np.concatenate([rig.vertices_mm, extra]).astype(np.float32),
        uv=np.concatenate([rig.uv, uv_inner]).astype(np.float32),
        parts=tuple(parts),
        shapes_mm=moved(rig.shapes_mm),
        identity_mm=grown(rig.identity_mm),
        axes={name: replace(axis, delta_mm=grown(axis.delta_mm)) for name, axis in rig.axes.items()},
        correctives=tuple(replace(c, delta_mm=moved(c.delta_mm)) for c in rig.correctives),
    )


def _edge_uv(rig: Rig, skin: Part, loop: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the texture vertices (n, 2) of each edge of a loop, and places halfway into the faces above.

    An edge has those of its own face, so that no ring spans a seam of the texture. Rings take their colour from inside
    of the faces, as indices (n, 2) into places (m, 2): the border of a texture may be stained by what lies beside it.
    """
    row, corner = _faces_of(skin.faces, loop, len(rig.vertices_mm))
    near = np.stack([skin.uv_faces[row, corner], skin.uv_faces[row, (corner + 1) % 4]], 1)
    used, inner = np.unique(near, return_inverse=True)
    inner = inner.reshape(near.shape)
    middle, times = np.zeros((len(used), 2)), np.bincount(inner.ravel())[:, None]
    np.add.at(middle, inner, rig.uv[skin.uv_faces[row]].mean(1)[:, None])
    return near, inner, (rig.uv[used] + middle / times) / 2


def _faces_of(faces: np.ndarray, loop: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return face (n,) and corner (n,) at which each edge of a closed loop begins; the face is -1 where none has it."""
    key = (faces.astype(np.int64) * count + np.roll(faces, -1, 1)).ravel()
    order = np.argsort(key, kind="stable")
    wanted = loop.astype(np.int64) * count + np.roll(loop, -1)
    place = order[np.minimum(np.searchsorted(key, wanted, sorter=order), len(key) - 1)]
    row, corner = np.divmod(place, 4)
    return np.where(key[place] == wanted, row, -1), corner
