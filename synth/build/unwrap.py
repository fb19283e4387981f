"""Flatten the head so that the face gets most of the texture.

The start is the seam layout of the base mesh; as-rigid-as-possible relaxation (Liu et al. 2008, "A
local/global approach to mesh parameterization", section 4) then gives every part of the head the
texture density it deserves.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

COTANGENT_FLOOR = 0.02
SWEEPS = 60


def triangles_of(quads: np.ndarray) -> np.ndarray:
    """Split quads (F, 4) into triangles (2F, 3) without the degenerate ones."""
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    a, b, c = triangles.T
    return triangles[(a != b) & (b != c) & (c != a)]


def flatten_triangles(points: np.ndarray) -> np.ndarray:
    """Lay triangles (T, 3, 3) into the plane without distortion; returns (T, 3, 2), counter-clockwise."""
    first, second = points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]
    length = np.maximum(np.linalg.norm(first, axis=1), 1e-9)
    along = (first * second).sum(1) / length
    across = np.linalg.norm(np.cross(first, second), axis=1) / length
    flat = np.zeros((len(points), 3, 2))
    flat[:, 1, 0] = length
    flat[:, 2, 0], flat[:, 2, 1] = along, across
    return flat


def relax(
    uv: np.ndarray, triangles: np.ndarray, corners: np.ndarray, density: np.ndarray, sweeps: int = SWEEPS
) -> np.ndarray:
    """Return texture coordinates (N, 2) whose triangles are as rigid as possible.

    Parameters
    ----------
    uv : (N, 2) float
        Start without overlaps; unreferenced rows are returned unchanged.
    triangles : (T, 3) int
        Texture indices, counter-clockwise in ``uv``.
    corners : (T, 3, 3) float
        Positions of the corners in space.
    density : (T,) float
        Texture units per unit of length that each triangle should get.
    """
    rest = flatten_triangles(corners) * density[:, None, None]
    cotangent = _cotangents(rest)
    used, local = np.unique(triangles, return_inverse=True)
    local = local.reshape(-1, 3)
    rows, columns, values = [], [], []
    for k in range(3):
        i, j, weight = local[:, (k + 1) % 3], local[:, (k + 2) % 3], cotangent[:, k]
        rows += [i, j, i, j]
        columns += [j, i, i, j]
        values += [-weight, -weight, weight, weight]
    laplacian = sp.csc_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(len(used),) * 2
    )
    solver = splu((laplacian + 1e-9 * sp.identity(len(used))).tocsc())
    plane = uv[used] * _start_scale(uv[triangles], rest)
    for _ in range(sweeps):
        plane = solver.solve(_right_side(plane, local, rest, cotangent, len(used)))
        plane -= plane.mean(0)
    out = uv.copy()
    out[used] = plane
    return out


def _start_scale(current: np.ndarray, rest: np.ndarray) -> float:
    def area(p: np.ndarray) -> float:
        a, b = p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]
        return float(np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum())

    return float(np.sqrt(area(rest) / area(current)))


def _cotangents(flat: np.ndarray) -> np.ndarray:
    columns = []
    for k in range(3):
        a, b = flat[:, (k + 1) % 3] - flat[:, k], flat[:, (k + 2) % 3] - flat[:, k]
        cross = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
        columns.append(np.clip((a * b).sum(1) / np.maximum(cross, 1e-12), COTANGENT_FLOOR, 20.0))
    return np.stack(columns, 1)


def _right_side(
    plane: np.ndarray, local: np.ndarray, rest: np.ndarray, cotangent: np.ndarray, count: int
) -> np.ndarray:
    current = plane[local]
    covariance = np.zeros((len(local), 2, 2))
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        covariance += cotangent[:, k, None, None] * np.einsum(
            "ta,tb->tab", current[:, i] - current[:, j], rest[:, i] - rest[:, j]
        )
    angle = np.arctan2(covariance[:, 1, 0] - covariance[:, 0, 1], covariance[:, 0, 0] + covariance[:, 1, 1])
    cosine, sine = np.cos(angle), np.sin(angle)
    rotation = np.stack([np.stack([cosine, -sine], -1), np.stack([sine, cosine], -1)], -2)
    right = np.zeros((count, 2))
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        edge = np.einsum("tab,tb->ta", rotation, rest[:, i] - rest[:, j]) * cotangent[:, k, None]
        np.add.at(right, local[:, i], edge)
        np.add.at(right, local[:, j], -edge)
    return right
