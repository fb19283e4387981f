"""Parts that are modelled on the finished mean head and bound to its vertices."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree

from assets.rig import Part, Rig


@dataclass(frozen=True)
class Graft:
    """A new part and what it hangs on.

    Attributes
    ----------
    name, material : str
    rest_mm : (n, 3) float
    weights : (n, V) csr_matrix
        Rows sum to 1: displacements of the part are these mixtures of the head's displacements.
    faces : (f, 4) int
        Indices into ``rest_mm``; a triangle repeats its last index.
    uv : (m, 2) float
        In the square of the part's own material.
    uv_faces : (f, 4) int or None
        Indices into ``uv``; without it they are ``faces``.
    subdivide, optional : bool
    moves : bool
        Whether expressions move it; identities and attributes always do.
    """

    name: str
    material: str
    rest_mm: np.ndarray
    weights: sp.csr_matrix
    faces: np.ndarray
    uv: np.ndarray
    uv_faces: np.ndarray | None = None
    subdivide: bool = True
    optional: bool = False
    moves: bool = True


def affine_weights(points_mm: np.ndarray, anchors_mm: np.ndarray, anchors: np.ndarray, count: int) -> sp.csr_matrix:
    """Return weights (n, count) that carry points along with the best affine motion of some anchors.

    Parameters
    ----------
    points_mm : (n, 3) float
    anchors_mm : (a, 3) float
        Resting positions of the anchors.
    anchors : (a,) int
        Their vertices.
    count : int
        Vertices of the head.
    """
    centre = anchors_mm.mean(0)
    frame = np.column_stack([anchors_mm - centre, np.full(len(anchors_mm), 10.0)])
    weights = np.column_stack([points_mm - centre, np.full(len(points_mm), 10.0)]) @ np.linalg.pinv(frame)
    rows = np.repeat(np.arange(len(points_mm)), len(anchors))
    columns = np.tile(anchors, len(points_mm))
    return sp.csr_matrix((weights.ravel(), (rows, columns)), shape=(len(points_mm), count))


def nearest_weights(
    points_mm: np.ndarray, anchors_mm: np.ndarray, anchors: np.ndarray, count: int, neighbours: int = 12
) -> sp.csr_matrix:
    """Return weights (n, count) that average the nearest anchors, closer ones more."""
    distance, index = cKDTree(anchors_mm).query(points_mm, k=neighbours)
    softness = distance[:, :1] + distance.mean(1, keepdims=True) * 0.5 + 1e-6
    weights = np.exp(-((distance / softness) ** 2))
    weights /= weights.sum(1, keepdims=True)
    rows = np.repeat(np.arange(len(points_mm)), neighbours)
    return sp.csr_matrix((weights.ravel(), (rows, anchors[index].ravel())), shape=(len(points_mm), count))


def with_grafts(rig: Rig, grafts: list[Graft], scaffold: tuple[str, ...] = ()) -> Rig:
    """Return the rig with the grafts as further parts, without the parts named in ``scaffold``.

    Parameters
    ----------
    rig : Rig
    grafts : list of Graft
        Bound to the vertices of ``rig``.
    scaffold : tuple of str
        Parts that only served as anchors; a graft may take over their name.
    """
    carry = sp.vstack([sp.identity(len(rig.vertices_mm)), *(g.weights for g in grafts)]).tocsr()
    still = np.concatenate([np.ones(len(rig.vertices_mm)), *(np.full(len(g.rest_mm), g.moves) for g in grafts)])

    def carried(fields: np.ndarray, gate: np.ndarray | float = 1.0) -> np.ndarray:
        flat = np.array([carry @ field for field in np.asarray(fields, float)]).reshape(-1, carry.shape[0], 3)
        return flat * (gate[:, None] if isinstance(gate, np.ndarray) else gate)

    parts = [part for part in rig.parts if part.name not in scaffold]
    start, start_uv = len(rig.vertices_mm), len(rig.uv)
    for graft in grafts:
        faces = graft.faces.astype(np.int32)
        uv_faces = (faces if graft.uv_faces is None else graft.uv_faces.astype(np.int32)) + start_uv
        parts.append(Part(graft.name, graft.material, faces + start, uv_faces, graft.subdivide, graft.optional))
        start, start_uv = start + len(graft.rest_mm), start_uv + len(graft.uv)
    return replace(
        rig,
        vertices_mm=np.concatenate([rig.vertices_mm, *(g.rest_mm for g in grafts)]),
        uv=np.concatenate([rig.uv, *(g.uv for g in grafts)]),
        parts=tuple(parts),
        shapes_mm=carried(rig.shapes_mm, still),
        correctives=tuple(replace(c, delta_mm=carried(c.delta_mm[None], still)[0]) for c in rig.correctives),
        identity_mm=carried(rig.identity_mm),
        axes={n: replace(a, delta_mm=carried(a.delta_mm[None])[0]) for n, a in rig.axes.items()},
    )


def compacted(rig: Rig) -> Rig:
    """Return the rig without vertices and texture vertices that no part uses, in 32-bit arrays."""
    used, faces = _renumbered([part.faces for part in rig.parts], len(rig.vertices_mm))
    used_uv, uv_faces = _renumbered([part.uv_faces for part in rig.parts], len(rig.uv))
    position = np.full(len(rig.vertices_mm), -1)
    position[used] = np.arange(len(used))
    return replace(
        rig,
        vertices_mm=rig.vertices_mm[used].astype(np.float32),
        uv=rig.uv[used_uv].astype(np.float32),
        parts=tuple(replace(part, faces=f, uv_faces=u) for part, f, u in zip(rig.parts, faces, uv_faces, strict=True)),
        shapes_mm=rig.shapes_mm[:, used].astype(np.float32),
        correctives=tuple(replace(c, delta_mm=c.delta_mm[used].astype(np.float32)) for c in rig.correctives),
        identity_mm=rig.identity_mm[:, used].astype(np.float32),
        axes={n: replace(a, delta_mm=a.delta_mm[used].astype(np.float32)) for n, a in rig.axes.items()},
        eye_vertices=position[rig.eye_vertices].astype(np.int32),
        lid_pairs=None if rig.lid_pairs is None else position[rig.lid_pairs].astype(np.int32),
    )


def _renumbered(faces: list[np.ndarray], count: int) -> tuple[np.ndarray, list[np.ndarray]]:
    used = np.unique(np.concatenate([f.ravel() for f in faces]))
    position = np.full(count, -1)
    position[used] = np.arange(len(used))
    return used, [position[f].astype(np.int32) for f in faces]
