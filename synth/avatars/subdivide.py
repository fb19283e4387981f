"""Catmull-Clark subdivision as one sparse matrix, for meshes of quadrilaterals and triangles.

The limit rules are those of Catmull and Clark (1978); edges with a single face follow the cubic
B-spline boundary rule, so that an open neck or a hair line stays a smooth curve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp


@dataclass(frozen=True)
class Corners:
    """The corners of all faces, face after face, and the edge that leaves each corner.

    Attributes
    ----------
    face, vertex : (C,) int64
    following, preceding : (C,) int64
        Neighbouring corner of the same face.
    edge : (C,) int64
        Edge from this corner to the following one.
    edges : (E, 2) int64
        End points, sorted.
    """

    face: np.ndarray
    vertex: np.ndarray
    following: np.ndarray
    preceding: np.ndarray
    edge: np.ndarray
    edges: np.ndarray


def face_corners(faces: np.ndarray, is_quad: np.ndarray | None = None) -> Corners:
    """Return the corners of (F, 4) faces; a face whose last two indices are equal is a triangle.

    Parameters
    ----------
    faces : (F, 4) int
    is_quad : (F,) bool, optional
        Which faces have four corners, where this is known from another index array of the same faces.
    """
    faces = np.asarray(faces, np.int64)
    is_quad = faces[:, 2] != faces[:, 3] if is_quad is None else is_quad
    keep = np.ones(faces.shape, bool)
    keep[:, 3] = is_quad
    face = np.repeat(np.arange(len(faces)), keep.sum(1))
    vertex = faces[keep]
    size = keep.sum(1)
    start = np.concatenate([[0], np.cumsum(size)[:-1]])[face]
    place = np.arange(len(face)) - start
    following = start + (place + 1) % size[face]
    preceding = start + (place - 1) % size[face]
    pairs = np.sort(np.stack([vertex, vertex[following]], 1), 1)
    edges, edge = np.unique(pairs, axis=0, return_inverse=True)
    return Corners(face, vertex, following, preceding, edge.reshape(-1), edges)


def _average(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> sp.csr_matrix:
    """Return the matrix whose row i takes the mean over all columns paired with i."""
    matrix = sp.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
    count = np.asarray(matrix.sum(1)).ravel()
    return sp.diags(1 / np.maximum(count, 1)) @ matrix


def refined_triangles(corners: Corners, split: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return triangles after one step in which only some faces are split.

    Faces that keep their size take up the edge points of split neighbours, so that no gap opens.

    Parameters
    ----------
    corners : Corners
    split : (F,) bool

    Returns
    -------
    points : (T, 3) int64
        Row of the corner for an old vertex, C + row for the point on the edge that leaves a corner,
        2 C + face for the point in a face; `point_indices` turns them into vertices. Winding is kept.
    faces : (T,) int64
        The face each triangle comes from.
    """
    row_count = len(corners.face)
    rows = np.arange(row_count)
    inside = split[corners.face]
    cells = np.stack([rows, row_count + rows, 2 * row_count + corners.face, row_count + corners.preceding], 1)[inside]
    cut_edges = np.zeros(len(corners.edges), bool)
    cut_edges[corners.edge[inside]] = True
    touched = np.zeros(len(split), bool)
    touched[corners.face[cut_edges[corners.edge]]] = True
    first = np.flatnonzero(np.r_[True, corners.face[1:] != corners.face[:-1]])
    size = np.diff(np.r_[first, row_count])
    triangles = [cells[:, [0, 1, 2]], cells[:, [0, 2, 3]]]
    for turn in (1, 2):
        start = first[~split & ~touched & (size >= turn + 2)]
        triangles.append(np.stack([start, start + turn, start + turn + 1], 1))
    for face in np.flatnonzero(~split & touched):
        triangles.append(_fan(range(first[face], first[face] + size[face]), cut_edges[corners.edge], row_count))
    points = np.concatenate(triangles)
    origin = np.where(points < 2 * row_count, corners.face[points % row_count], points - 2 * row_count)
    return points, origin[:, 0]


def _fan(rows: range, cut: np.ndarray, row_count: int) -> np.ndarray:
    """Return the triangles (T, 3) of one face with edge points on its border, all from the first of them."""
    ring: list[int] = []
    start = -1
    for row in rows:
        ring.append(row)
        if cut[row]:
            start = len(ring) if start < 0 else start
            ring.append(row_count + row)
    ring = ring[start:] + ring[:start]
    return np.array([[ring[0], ring[i], ring[i + 1]] for i in range(1, len(ring) - 1)], np.int64)


def point_indices(points: np.ndarray, corners: Corners, vertex_count: int, face_count: int) -> np.ndarray:
    """Return vertex numbers for the points of `refined_triangles`.

    New vertices are numbered: old vertices, then one per face, then one per edge.
    """
    table = np.concatenate(
        [corners.vertex, vertex_count + face_count + corners.edge, vertex_count + np.arange(face_count)]
    )
    return table[points]


def linear_points(corners: Corners, points: np.ndarray, face_count: int) -> np.ndarray:
    """Return points (N + F + E, D) of a step without smoothing, for texture coordinates (N, D)."""
    centre = _average(corners.face, corners.vertex, (face_count, len(points))) @ points
    return np.concatenate([points, centre, points[corners.edges].mean(1)])


def catmull_clark(corners: Corners, vertex_count: int, face_count: int) -> sp.csr_matrix:
    """Return the matrix from old to new vertices.

    Parameters
    ----------
    corners : Corners
    vertex_count, face_count : int
        Vertices that no face uses keep their place.

    Returns
    -------
    matrix : (V + F + E, V) csr_matrix of float64
        Every row sums to 1.
    """
    edge_count = len(corners.edges)
    to_face = _average(corners.face, corners.vertex, (face_count, vertex_count))
    ends = np.repeat(np.arange(edge_count), 2)
    to_middle = _average(ends, corners.edges.ravel(), (edge_count, vertex_count))
    edge_faces = np.bincount(corners.edge, minlength=edge_count)
    inner = (edge_faces == 2).astype(float)
    around_edge = _average(corners.edge, corners.face, (edge_count, face_count)) @ to_face
    to_edge = sp.diags(1 - 0.5 * inner) @ to_middle + sp.diags(0.5 * inner) @ around_edge
    to_vertex = _vertex_rule(corners, to_face, to_middle, inner == 0, vertex_count)
    return sp.vstack([to_vertex, to_face, to_edge]).tocsr()


def _vertex_rule(
    corners: Corners, to_face: sp.csr_matrix, to_middle: sp.csr_matrix, open_edge: np.ndarray, vertex_count: int
) -> sp.csr_matrix:
    """Return the rows that move the old vertices."""
    edges = corners.edges
    valence = np.bincount(edges.ravel(), minlength=vertex_count).astype(float)
    on_border = np.zeros(vertex_count, bool)
    on_border[edges[open_edge].ravel()] = True
    inside = (valence > 2) & ~on_border
    faces_around = _average(corners.vertex, corners.face, (vertex_count, to_face.shape[0])) @ to_face
    ends, edge_ids = edges.ravel(), np.repeat(np.arange(len(edges)), 2)
    edges_around = _average(ends, edge_ids, (vertex_count, len(edges))) @ to_middle
    count = np.maximum(valence, 1)
    smooth = sp.diags(1 / count) @ faces_around + sp.diags(2 / count) @ edges_around
    smooth = smooth + sp.diags((valence - 3) / count)
    border = open_edge[edge_ids]
    border_mean = _average(ends[border], edge_ids[border], (vertex_count, len(edges))) @ to_middle
    curve = 0.5 * border_mean + 0.5 * sp.identity(vertex_count)
    still = ~(inside | on_border)
    return sp.diags(inside * 1.0) @ smooth + sp.diags(on_border * 1.0) @ curve + sp.diags(still * 1.0)
