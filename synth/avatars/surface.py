"""The drawn surface of a rig: refined once, split along texture seams, shared by all its avatars."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.sparse as sp

from assets.rig import MATERIALS, Part, Rig
from synth.avatars.atlas import place_uv
from synth.avatars.subdivide import catmull_clark, linear_step

PROGRAM_OF_MATERIAL = {
    "skin": "solid", "teeth": "solid", "tongue": "solid", "cavity": "solid", "cloth": "solid",
    "eye": "eye", "hair": "cut", "lash": "cut", "brow": "cut",
}  # fmt: skip
"""Which shading program draws a material. ``cornea`` is left out: the eye program draws its highlight."""

PROGRAMS = ("solid", "eye", "cut")


@dataclass(frozen=True)
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


@lru_cache(maxsize=16)
def _cached_surface(key: str, options: tuple[str, ...]) -> Surface:
    return _build_surface(_RIGS[key], options)


def drawn_parts(rig: Rig, options: tuple[str, ...]) -> list[int]:
    """Return the indices of the parts to draw: all that are not optional, and the chosen ones."""
    return [
        index
        for index, part in enumerate(rig.parts)
        if part.material in PROGRAM_OF_MATERIAL and len(part.faces) and (not part.optional or part.name in options)
    ]


def _refine(rig: Rig, chosen: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray, sp.csr_matrix, np.ndarray]:
    """Return faces, texture faces, part of each face, refinement matrix and refined texture coordinates."""
    smooth = [index for index in chosen if rig.parts[index].subdivide]
    plain = [index for index in chosen if not rig.parts[index].subdivide]
    vertex_count = len(rig.vertices_mm)
    faces, uv_faces, owner = _stack(rig.parts, smooth)
    corners = np.where(faces[:, 2] == faces[:, 3], 3, 4)
    new_faces, matrix = catmull_clark(faces, vertex_count)
    new_uv_faces, uv = linear_step(uv_faces, rig.uv.astype(np.float64))
    owner = np.repeat(owner, corners)
    if plain:
        rough_faces, rough_uv, rough_owner = _stack(rig.parts, plain)
        matrix = sp.vstack([matrix, sp.identity(vertex_count)]).tocsr()
        new_faces = np.concatenate([new_faces, rough_faces + matrix.shape[0] - vertex_count])
        new_uv_faces = np.concatenate([new_uv_faces, rough_uv + len(uv)])
        uv = np.concatenate([uv, rig.uv])
        owner = np.concatenate([owner, rough_owner])
    return new_faces, new_uv_faces, owner, matrix, uv


def _stack(parts: tuple[Part, ...], chosen: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if not chosen:
        return np.zeros((0, 4), np.int64), np.zeros((0, 4), np.int64), np.zeros(0, np.int64)
    faces = np.concatenate([parts[index].faces for index in chosen]).astype(np.int64)
    uv_faces = np.concatenate([parts[index].uv_faces for index in chosen]).astype(np.int64)
    owner = np.concatenate([np.full(len(parts[index].faces), index) for index in chosen])
    return faces, uv_faces, owner


def triangulate(faces: np.ndarray) -> np.ndarray:
    """Return triangles (2F, 3) of quadrilaterals (F, 4), without those of no area."""
    pairs = np.stack([faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]], 1).reshape(-1, 3)
    a, b, c = pairs.T
    return pairs[(a != b) & (b != c) & (c != a)]


def _build_surface(rig: Rig, options: tuple[str, ...]) -> Surface:
    faces, uv_faces, owner, matrix, uv = _refine(rig, drawn_parts(rig, options))
    corner_keys = np.stack([faces, uv_faces, np.broadcast_to(owner[:, None], faces.shape)], -1).reshape(-1, 3)
    unique, inverse = np.unique(corner_keys, axis=0, return_inverse=True)
    quads = inverse.reshape(faces.shape)
    programs = np.array([PROGRAMS.index(PROGRAM_OF_MATERIAL.get(p.material, "solid")) for p in rig.parts])[owner]
    triangles, ranges, first = [], {}, 0
    for index, name in enumerate(PROGRAMS):
        block = triangulate(quads[programs == index])
        triangles.append(block)
        ranges[name] = (first, len(block))
        first += len(block)
    part_of = unique[:, 2]
    material_of_part = np.array([MATERIALS.index(part.material) for part in rig.parts])
    refine = matrix[unique[:, 0]].astype(np.float32)
    rig_uv = uv[unique[:, 1]].astype(np.float32)
    rest = refine @ rig.vertices_mm
    materials = material_of_part[part_of].astype(np.uint8)
    groups = np.unique(unique[:, 0], return_inverse=True)[1].astype(np.int32)
    return Surface(
        refine=refine,
        triangles=np.concatenate(triangles).astype(np.int32),
        uv=place_uv(rig, rest, rig_uv, part_of),
        rig_uv=rig_uv,
        materials=materials,
        parts=part_of.astype(np.int16),
        normal_groups=groups,
        ranges=ranges,
    )
