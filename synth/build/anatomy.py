"""Which faces of the base mesh make up the head and bust, and how the cut is closed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from synth.build.source import BaseMesh

BUST_FLOOR_DM = 4.35
ARM_CUT_DM = 2.25
ISLAND_PROBES = {
    "head": (0.0, 8.4, 0.1),
    "mouth": (0.0, 6.6, 0.8),
    "torso": (0.0, 4.8, 1.0),
}  # fmt: skip


@dataclass(frozen=True)
class Anatomy:
    """Faces of the base mesh by region, as indices into ``BaseMesh.faces``.

    Attributes
    ----------
    head, torso, socket, mouth : (n,) int64
        Regions of the skin; ``socket`` is the lining behind the lids, ``mouth`` that behind the lips.
    teeth_upper, teeth_lower, tongue, lashes, eye_left, eye_right, hair, tights : (n,) int64
        Helper geometry.
    """

    head: np.ndarray
    torso: np.ndarray
    socket: np.ndarray
    mouth: np.ndarray
    teeth_upper: np.ndarray
    teeth_lower: np.ndarray
    tongue: np.ndarray
    lashes: np.ndarray
    eye_left: np.ndarray
    eye_right: np.ndarray


def texture_islands(base: BaseMesh) -> np.ndarray:
    """Return the texture island of each face (F,), numbered from 0."""
    edges = np.stack([base.uv_faces, np.roll(base.uv_faces, -1, 1)], -1).reshape(-1, 2)
    graph = sp.coo_matrix((np.ones(len(edges)), edges.T), shape=(len(base.uv),) * 2)
    labels = sp.csgraph.connected_components(graph, directed=False)[1]
    return labels[base.uv_faces[:, 0]]


def dissect(base: BaseMesh) -> Anatomy:
    """Sort the faces of the base mesh into regions; the body is cropped to a bust."""
    island = texture_islands(base)
    body = base.groups == "body"
    centre = base.vertices_dm[base.faces].mean(1)

    def nearest_island(point: tuple[float, float, float]) -> np.ndarray:
        distance = np.linalg.norm(centre - point, axis=1)
        distance[~body] = np.inf
        return body & (island == island[distance.argmin()])

    head, mouth, torso = (nearest_island(ISLAND_PROBES[name]) for name in ("head", "mouth", "torso"))
    lids = [np.isin(island, island[body & ~head & ~mouth & ~torso]) & (centre[:, 1] > 7.0) & body]
    corner = base.vertices_dm[base.faces]
    kept = (corner[..., 1] > BUST_FLOOR_DM).all(1) & (np.abs(corner[..., 0]) < ARM_CUT_DM).all(1)

    def group(*names: str) -> np.ndarray:
        return np.flatnonzero(np.isin(base.groups, names))

    lash_groups = [f"helper-{side}-eyelashes-{k}" for side in "lr" for k in (1, 2)]
    return Anatomy(
        head=np.flatnonzero(head),
        torso=np.flatnonzero(torso & kept),
        socket=np.flatnonzero(lids[0]),
        mouth=np.flatnonzero(mouth),
        teeth_upper=group("helper-upper-teeth"),
        teeth_lower=group("helper-lower-teeth"),
        tongue=group("helper-tongue"),
        lashes=group(*lash_groups),
        eye_left=group("helper-l-eye"),
        eye_right=group("helper-r-eye"),
    )


def boundary_loops(faces: np.ndarray) -> list[np.ndarray]:
    """Return the boundary loops of quads (F, 4) as ordered vertex arrays, in the direction of the faces."""
    tail, tip = faces.ravel(), np.roll(faces, -1, 1).ravel()
    keep = tail != tip
    directed = set(zip(tail[keep].tolist(), tip[keep].tolist(), strict=True))
    following = {a: b for a, b in sorted(directed) if (b, a) not in directed}
    loops = []
    while following:
        start = min(following)
        loop, here = [], start
        while here in following:
            loop.append(here)
            here = following.pop(here)
        loops.append(np.array(loop))
    return loops


def connected_pieces(faces: np.ndarray) -> list[np.ndarray]:
    """Split faces (F, 4) into pieces that share no vertex, in the order of their lowest vertex."""
    edges = np.stack([faces, np.roll(faces, -1, 1)], -1).reshape(-1, 2)
    graph = sp.coo_matrix((np.ones(len(edges)), edges.T), shape=(faces.max() + 1,) * 2)
    labels = sp.csgraph.connected_components(graph, directed=False)[1][faces[:, 0]]
    order = sorted(np.unique(labels), key=lambda label: int(faces[labels == label].min()))
    return [faces[labels == label] for label in order]
