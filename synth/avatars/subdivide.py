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


def face_corners(faces: np.ndarray) -> Corners:
    """Return the corners of (F, 4) faces; a face whose last two indices are equal is a triangle."""
    faces = np.asarray(faces, np.int64)
    is_quad = faces[:, 2] != faces[:, 3]
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


def child_faces(corners: Corners, vertex_count: int, face_count: int) -> np.ndarray:
    """Return the (C, 4) quadrilaterals after one step: one per corner, winding kept.

    New vertices are numbered: old vertices, then one per face, then one per edge.
    """
    face_point = vertex_count + corners.face
    edge_point = vertex_count + face_count + corners.edge
    return np.stack([corners.vertex, edge_point, face_point, edge_point[corners.preceding]], 1)


def linear_step(faces: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split every face without smoothing, for texture coordinates.

    Parameters
    ----------
    faces : (F, 4) int
    points : (N, D) float

    Returns
    -------
    faces : (C, 4) int64
        In the order of `catmull_clark` for a mesh with the same faces.
    points : (N + F + E, D) float
    """
    corners = face_corners(faces)
    centre = _average(corners.face, corners.vertex, (len(faces), len(points))) @ points
    middle = points[corners.edges].mean(1)
    return child_faces(corners, len(points), len(faces)), np.concatenate([points, centre, middle])


def catmull_clark(faces: np.ndarray, vertex_count: int) -> tuple[np.ndarray, sp.csr_matrix]:
    """Return the faces after one step and the matrix from old to new vertices.

    Parameters
    ----------
    faces : (F, 4) int
        A face whose last two indices are equal is a triangle.
    vertex_count : int
        Vertices of the mesh, used or not; unused ones keep their place.

    Returns
    -------
    faces : (C, 4) int64
        One quadrilateral per corner.
    matrix : (V + F + E, V) csr_matrix of float64
        Every row sums to 1.
    """
    corners = face_corners(faces)
    face_count, edge_count = len(faces), len(corners.edges)
    to_face = _average(corners.face, corners.vertex, (face_count, vertex_count))
    ends = np.repeat(np.arange(edge_count), 2)
    to_middle = _average(ends, corners.edges.ravel(), (edge_count, vertex_count))
    edge_faces = np.bincount(corners.edge, minlength=edge_count)
    inner = (edge_faces == 2).astype(float)
    around_edge = _average(corners.edge, corners.face, (edge_count, face_count)) @ to_face
    to_edge = sp.diags(1 - 0.5 * inner) @ to_middle + sp.diags(0.5 * inner) @ around_edge
    to_vertex = _vertex_rule(corners, to_face, to_middle, inner == 0, vertex_count)
    matrix = sp.vstack([to_vertex, to_face, to_edge]).tocsr()
    return child_faces(corners, vertex_count, face_count), matrix


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
