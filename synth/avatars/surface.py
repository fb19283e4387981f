"""The drawn surface of a rig: refined once, split along texture seams, shared by all its avatars."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.sparse as sp

from assets.rig import MATERIALS, Part, Rig
from synth.avatars.atlas import WHOLE_FROM_V, place_uv
from synth.avatars.subdivide import catmull_clark, face_corners, linear_points, point_indices, refined_triangles

PROGRAM_OF_MATERIAL = {
    "skin": "solid", "teeth": "solid", "tongue": "solid", "cavity": "solid", "cloth": "solid",
    "eye": "eye", "hair": "cut", "lash": "strand", "brow": "cut",
}  # fmt: skip
"""Which shading program draws a material; hair away from its tips is drawn by ``strand``.

``cornea`` is left out: the eye program draws its highlight.
"""

PROGRAMS = ("solid", "eye", "strand", "cut")

LONGEST_EDGE_MM: dict[str, float] = {"skin": 5.5, "cloth": 40.0}
"""Faces with longer edges are split once; other materials are drawn as fine as the rig has them."""

HIDDEN_EYE_SHARE = -0.25
"""Faces of the eyeball further back than this share of its radius stay in the head, whatever the gaze."""

FACE_BOX_MM = np.array([[-90.0, -150.0, -70.0], [90.0, 75.0, 100.0]])
"""Skin is split inside this box only: around the eyes' midpoint, from forehead to throat."""


@dataclass(frozen=True, eq=False)
class Surface:
    """What all avatars of a rig with the same optional parts share.

    Attributes
    ----------
    refine : (M, V) csr_matrix of float32
        From rig vertices to drawn vertices.
    triangles : (F, 3) int32
        Grouped by program, see ``ranges``.
    uv : (M, 2) float32
        In the atlas of `synth.avatars.atlas`.
    rig_uv : (M, 2) float32
        In the texture space of the rig.
    materials : (M,) uint8
    parts : (M,) int16
        Index into ``rig.parts``.
    normal_groups : (M,) int32
    ranges : dict of str to (int, int)
    """

    refine: sp.csr_matrix
    triangles: np.ndarray
    uv: np.ndarray
    rig_uv: np.ndarray
    materials: np.ndarray
    parts: np.ndarray
    normal_groups: np.ndarray
    ranges: dict[str, tuple[int, int]]


_RIGS: dict[str, Rig] = {}


def surface_of(rig: Rig, options: tuple[str, ...]) -> Surface:
    """Return the drawn surface of a rig with the given optional parts; computed once per process.

    Parameters
    ----------
    rig : Rig
    options : tuple of str
        Names of the optional parts to draw.
    """
    key = rig.fingerprint or f"{rig.name}:{rig.version}:{id(rig)}"
    _RIGS[key] = rig
    return _cached_surface(key, tuple(sorted(options)))


@lru_cache(maxsize=32)
def _cached_surface(key: str, options: tuple[str, ...]) -> Surface:
    return _build_surface(_RIGS[key], options)


def drawn_parts(rig: Rig, options: tuple[str, ...]) -> list[int]:
    """Return the indices of the parts to draw: all that are not optional, and the chosen ones."""
    return [
        index
        for index, part in enumerate(rig.parts)
        if part.material in PROGRAM_OF_MATERIAL and len(part.faces) and (not part.optional or part.name in options)
    ]


def _stack(parts: tuple[Part, ...], chosen: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    faces = np.concatenate([parts[index].faces for index in chosen]).astype(np.int64)
    uv_faces = np.concatenate([parts[index].uv_faces for index in chosen]).astype(np.int64)
    owner = np.concatenate([np.full(len(parts[index].faces), index) for index in chosen])
    return faces, uv_faces, owner


def _seen(rig: Rig, faces: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Return which faces (F,) can ever be seen: all but the back of the eyeballs."""
    eye = np.array([part.material == "eye" for part in rig.parts])[owner]
    depth = rig.vertices_mm[faces].mean(1)[:, 2] - rig.eye_centres_mm()[:, 2].mean()
    radius = np.ptp(rig.vertices_mm[rig.eye_vertices[0], 1]) / 2
    return ~eye | (depth > HIDDEN_EYE_SHARE * radius)


def _to_split(rig: Rig, faces: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Return which faces (F,) are too large to be drawn as they are."""
    corners = rig.vertices_mm[faces]
    longest = np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=2).max(1)
    limit = np.array([LONGEST_EDGE_MM.get(part.material, np.inf) for part in rig.parts])[owner]
    middle = corners.mean(1)
    in_face = ((middle > FACE_BOX_MM[0]) & (middle < FACE_BOX_MM[1])).all(1)
    skin = np.array([part.material == "skin" for part in rig.parts])[owner]
    return (longest > limit) & (in_face | ~skin)


def _refine(rig: Rig, chosen: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray, sp.csr_matrix, np.ndarray]:
    """Return triangles, their texture corners and parts, the refinement matrix and texture coordinates."""
    vertex_count, uv_count = len(rig.vertices_mm), len(rig.uv)
    triangles, uv_triangles, owners, matrices, coordinates = [], [], [], [], []
    base, uv_base = 0, 0
    for smooth in (True, False):
        group = [index for index in chosen if rig.parts[index].subdivide == smooth]
        if not group:
            continue
        faces, uv_faces, owner = _stack(rig.parts, group)
        seen = _seen(rig, faces, owner)
        faces, uv_faces, owner = faces[seen], uv_faces[seen], owner[seen]
        split = _to_split(rig, faces, owner) & smooth
        corners = face_corners(faces)
        uv_corners = face_corners(uv_faces, faces[:, 2] != faces[:, 3])
        plain = sp.identity(vertex_count + len(faces) + len(corners.edges), format="csr")[:, :vertex_count]
        matrices.append(catmull_clark(corners, vertex_count, len(faces)) if smooth else plain)
        coordinates.append(linear_points(uv_corners, rig.uv.astype(float), len(faces)))
        points, origin = refined_triangles(corners, split)
        triangles.append(base + point_indices(points, corners, vertex_count, len(faces)))
        uv_triangles.append(uv_base + point_indices(points, uv_corners, uv_count, len(faces)))
        owners.append(owner[origin])
        base, uv_base = base + matrices[-1].shape[0], uv_base + len(coordinates[-1])
    blocks = (np.concatenate(list_) for list_ in (triangles, uv_triangles, owners))
    return *blocks, sp.vstack(matrices).tocsr(), np.concatenate(coordinates)  # type: ignore[return-value]


def _build_surface(rig: Rig, options: tuple[str, ...]) -> Surface:
    faces, uv_faces, owner, matrix, uv = _refine(rig, drawn_parts(rig, options))
    keys = np.stack([faces, uv_faces, np.broadcast_to(owner[:, None], faces.shape)], -1).reshape(-1, 3)
    unique, inverse = np.unique(keys, axis=0, return_inverse=True)
    triangles = inverse.reshape(faces.shape)
    triangles, owner = triangles[_has_area(triangles)], owner[_has_area(triangles)]
    rig_uv = uv[unique[:, 1]].astype(np.float32)
    program_of_part = np.array([PROGRAMS.index(PROGRAM_OF_MATERIAL.get(p.material, "solid")) for p in rig.parts])
    program = program_of_part[owner]
    hair = np.array([part.material == "hair" for part in rig.parts])[owner]
    program[hair & (rig_uv[triangles, 1] > WHOLE_FROM_V).all(1)] = PROGRAMS.index("strand")
    order = np.argsort(program, kind="stable")
    counts = np.bincount(program, minlength=len(PROGRAMS))
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    part_of = unique[:, 2]
    material_of_part = np.array([MATERIALS.index(part.material) for part in rig.parts])
    refine = matrix[unique[:, 0]].astype(np.float32)
    return Surface(
        refine=refine,
        triangles=triangles[order].astype(np.int32),
        uv=place_uv(rig, refine @ rig.vertices_mm, rig_uv, part_of),
        rig_uv=rig_uv,
        materials=material_of_part[part_of].astype(np.uint8),
        parts=part_of.astype(np.int16),
        normal_groups=np.unique(unique[:, 0], return_inverse=True)[1].astype(np.int32),
        ranges={name: (int(starts[i]), int(counts[i])) for i, name in enumerate(PROGRAMS)},
    )


def _has_area(triangles: np.ndarray) -> np.ndarray:
    a, b, c = triangles.T
    return (a != b) & (b != c) & (c != a)
