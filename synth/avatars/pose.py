"""Expression weights and gaze to vertices, normals and landmarks, many frames at a time."""

from __future__ import annotations

import numpy as np
from numba import njit

from assets.units import UNITS
from synth.avatars.mesh import AvatarMesh


def coefficients(mesh: AvatarMesh, weights: np.ndarray) -> np.ndarray:
    """Return the factors (T, 52 + C) float32 of the mesh's deltas: the weights, then products of weights."""
    weights = np.asarray(weights, np.float32)
    products = [weights[:, list(drivers)].prod(1, keepdims=True) for drivers in mesh.corrective_drivers]
    return np.ascontiguousarray(np.concatenate([weights, *products], axis=1))


def pose_vertices(
    mesh: AvatarMesh, weights: np.ndarray, gaze_rad: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the vertices and normals of an avatar with the given expressions.

    One matrix product moves all frames of the batch; eyeballs turn rigidly about their centres.

    Parameters
    ----------
    mesh : AvatarMesh
    weights : (T, 52) float
        In [0, 1], columns ``assets.units.UNITS``.
    gaze_rad : (T, 2, 2) float or None
        Yaw (positive to the subject's left) and pitch (positive up) of the left and right eye.

    Returns
    -------
    positions : (T, M, 3) float32
        Millimetres, head axes.
    normals : (T, M, 3) float32
        Unit vectors, area-weighted over all faces that meet at a position.
    """
    weights = np.atleast_2d(np.asarray(weights, np.float32))
    if weights.shape[1] != len(UNITS):
        raise ValueError(f"weights have {weights.shape[1]} columns, not {len(UNITS)}")
    frames, count = len(weights), len(mesh.rest_mm)
    moved = coefficients(mesh, weights) @ mesh.deltas_mm.reshape(len(mesh.deltas_mm), -1)
    turns = np.zeros((frames, 2, 3, 3), np.float32)
    turns[:] = np.eye(3, dtype=np.float32)
    if gaze_rad is not None:
        turns = gaze_rotation(np.asarray(gaze_rad, np.float64)).astype(np.float32)
    positions = np.empty((frames, count, 3), np.float32)
    normals = np.empty((frames, count, 3), np.float32)
    sums = np.empty((int(mesh.normal_groups.max()) + 1, 3), np.float32)
    for frame in range(frames):
        _place(
            mesh.rest_mm, mesh.moving, moved[frame].reshape(-1, 3), mesh.eye_vertices[0], mesh.eye_vertices[1],
            mesh.eye_centres_mm, turns[frame], positions[frame],
        )  # fmt: skip
        _normals(positions[frame], mesh.triangles, mesh.normal_groups, sums, normals[frame])
    return positions, normals


def gaze_rotation(gaze_rad: np.ndarray) -> np.ndarray:
    """Return rotations (..., 3, 3) that turn +z to yaw and pitch (..., 2)."""
    yaw, pitch = np.asarray(gaze_rad, float)[..., 0], np.asarray(gaze_rad, float)[..., 1]
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    zero = np.zeros_like(cy)
    rows = [[cy, -sy * sp, sy * cp], [zero, cp, sp], [-sy, -cy * sp, cy * cp]]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def on_surface(corners: np.ndarray, barycentric: np.ndarray, positions_mm: np.ndarray) -> np.ndarray:
    """Return points (..., L, 3) given by triangle corners (L, 3) and weights (L, 3) on (..., M, 3) vertices."""
    return np.einsum("...lcd,lc->...ld", np.take(positions_mm, corners, axis=-2), barycentric)


def mesh_landmarks(mesh: AvatarMesh, positions_mm: np.ndarray) -> np.ndarray:
    """Return the landmarks (..., 478, 3) in mm of posed vertices (..., M, 3).

    Raises
    ------
    ValueError
        If the rig has no landmark table.
    """
    if mesh.landmarks is None:
        raise ValueError(f"rig {mesh.spec.rig!r} has no landmark table")
    return on_surface(*mesh.landmarks, positions_mm)


@njit(cache=True, fastmath=True)
def _place(rest, moving, moved, left, right, centres, turns, out):  # pragma: no cover - compiled
    out[:] = rest
    for i in range(moving.shape[0]):
        v = moving[i]
        for k in range(3):
            out[v, k] += moved[i, k]
    for side in range(2):
        rows = left if side == 0 else right
        turn, centre = turns[side], centres[side]
        for i in range(rows.shape[0]):
            v = rows[i]
            x, y, z = out[v, 0] - centre[0], out[v, 1] - centre[1], out[v, 2] - centre[2]
            for k in range(3):
                out[v, k] = centre[k] + turn[k, 0] * x + turn[k, 1] * y + turn[k, 2] * z


@njit(cache=True, fastmath=True)
def _normals(positions, triangles, groups, sums, out):  # pragma: no cover - compiled
    sums[:] = 0
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = (
            positions[b, 0] - positions[a, 0],
            positions[b, 1] - positions[a, 1],
            positions[b, 2] - positions[a, 2],
        )
        wx, wy, wz = (
            positions[c, 0] - positions[a, 0],
            positions[c, 1] - positions[a, 1],
            positions[c, 2] - positions[a, 2],
        )
        nx, ny, nz = uy * wz - uz * wy, uz * wx - ux * wz, ux * wy - uy * wx
        for v in (a, b, c):
            g = groups[v]
            sums[g, 0] += nx
            sums[g, 1] += ny
            sums[g, 2] += nz
    for g in range(sums.shape[0]):
        x, y, z = sums[g, 0], sums[g, 1], sums[g, 2]
        scale = np.float32(1) / (np.sqrt(x * x + y * y + z * z) + np.float32(1e-20))
        sums[g, 0], sums[g, 1], sums[g, 2] = x * scale, y * scale, z * scale
    for v in range(out.shape[0]):
        g = groups[v]
        out[v, 0], out[v, 1], out[v, 2] = sums[g, 0], sums[g, 1], sums[g, 2]
