"""Eyeballs: spheres with a corneal bulge that follow the eye sockets of every identity."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from synth.build.atlas import REGIONS
from synth.build.source import BASE_VERTICES, BaseMesh

SEGMENTS = 24
FRONT_DEG = (0.0, 6, 12, 18, 22, 26, 32, 42, 56, 73)
POLAR_DEG = (*FRONT_DEG, 90.0, *(180 - angle for angle in reversed(FRONT_DEG)))
"""Rings, the same in front and behind, so that the mean of the vertices is the centre of rotation."""

UV_EDGE_DEG = 120.0
CORNEA_HALF_ANGLE_DEG = 26.0
CORNEA_BULGE = 0.055
RADIUS_SHARE = 0.985


def unit_eyeball() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return ``(directions (n, 3), radii (n,), quads (m, 4), uv (n, 2))`` of an eyeball that looks along +z.

    The texture is an azimuthal equidistant map: the pupil is the centre of the region ``eye``, and its
    edge stands ``UV_EDGE_DEG`` from the optical axis.
    """
    polar = np.radians(POLAR_DEG)
    around = 2 * np.pi * np.arange(SEGMENTS) / SEGMENTS
    rings = polar[1:-1, None]
    body = np.stack(
        [np.sin(rings) * np.cos(around), np.sin(rings) * np.sin(around), np.cos(rings) + 0 * around], -1
    ).reshape(-1, 3)
    directions = np.concatenate([[[0, 0, 1.0]], body, [[0, 0, -1.0]]])
    angle = np.concatenate([[0.0], np.repeat(polar[1:-1], SEGMENTS), [np.pi]])
    from_pole = np.minimum(angle, np.pi - angle)
    inside = np.clip(1 - (from_pole / np.radians(CORNEA_HALF_ANGLE_DEG)) ** 2, 0, 1)
    radii = 1 + CORNEA_BULGE * inside
    last = len(directions) - 1
    quads = []
    for k in range(SEGMENTS):
        here, there = 1 + k, 1 + (k + 1) % SEGMENTS
        quads.append([0, here, there, there])
        for ring in range(len(POLAR_DEG) - 3):
            low, high = ring * SEGMENTS, (ring + 1) * SEGMENTS
            quads.append([here + low, here + high, there + high, there + low])
        final = (len(POLAR_DEG) - 3) * SEGMENTS
        quads.append([here + final, last, there + final, there + final])
    box = np.array(REGIONS["eye"])
    reach = np.clip(np.degrees(angle) / UV_EDGE_DEG, 0, 1) / 2
    length = np.maximum(np.linalg.norm(directions[:, :2], axis=1), 1e-9)
    uv = (box[:2] + box[2:]) / 2 + (box[2:] - box[:2]) * directions[:, :2] * (reach / length)[:, None]
    return directions, radii, np.array(quads), uv


def eyeball_map(base: BaseMesh, helper_faces: np.ndarray) -> sp.csr_matrix:
    """Return the map (3n, 57474) that builds an eyeball from the helper eye of the base mesh.

    The helper is a sphere. Centre (mean of its vertices) and radius (mean radial distance) are linear in
    the base mesh, so that the eyeball stays a sphere for every identity.
    """
    vertices = np.unique(base.faces[helper_faces])
    offsets = base.vertices_dm[vertices] - base.vertices_dm[vertices].mean(0)
    radial = offsets / np.linalg.norm(offsets, axis=1, keepdims=True)
    radius_row = RADIUS_SHARE * (radial - radial.mean(0)).ravel() / len(vertices)
    directions, radii, _, _ = unit_eyeball()
    block = np.zeros((3 * len(directions), 3 * len(vertices)))
    for axis in range(3):
        block[axis::3, axis::3] = 1.0 / len(vertices)
        block[axis::3] += (radii * directions[:, axis])[:, None] * radius_row
    local = sp.csr_matrix(block)
    columns = (3 * vertices[:, None] + np.arange(3)).ravel()
    return sp.csr_matrix((local.data, columns[local.indices], local.indptr), shape=(len(block), 3 * BASE_VERTICES))
