"""Head pose: where the head is, how it is turned, how large it appears."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

_TO_PICTURE = np.array([1.0, -1.0, -1.0])  # camera axes to picture axes: y down, z away from the viewer


@dataclass(frozen=True)
class HeadPose:
    """Pose of a batch of frames.

    A head point X in mm is seen at ``origin_px + px_per_mm * (R X)_xy / (1 - (R X)_z / distance)``, y downwards.

    Attributes
    ----------
    rotation : (T, 3, 3) float64
        Head to camera axes.
    px_per_mm : (T,) float64
        At the depth of the head origin.
    origin_px : (T, 2) float64
        Picture of the head origin.
    depth_mm : (T,) float64
        Offset of the landmarks' depth.
    distance_mm : float
        From the camera to the head origin.
    """

    rotation: np.ndarray
    px_per_mm: np.ndarray
    origin_px: np.ndarray
    depth_mm: np.ndarray
    distance_mm: float

    def rows(self, which: slice | np.ndarray) -> HeadPose:
        """Return the pose of some frames."""
        return HeadPose(
            self.rotation[which], self.px_per_mm[which], self.origin_px[which], self.depth_mm[which], self.distance_mm
        )

    def project(self, heads_mm: np.ndarray) -> np.ndarray:
        """Return picture points (T, L, 3) of head points (T, L, 3): x right, y down, z away, in pixels."""
        seen = heads_mm @ self.rotation.transpose(0, 2, 1)
        zoom = self.px_per_mm[:, None] / (1.0 - seen[..., 2] / self.distance_mm)
        flat = self.origin_px[:, None] + zoom[..., None] * seen[..., :2] * _TO_PICTURE[:2]
        return np.concatenate(
            [flat, -(seen[..., 2:] + self.depth_mm[:, None, None]) * self.px_per_mm[:, None, None]], -1
        )

    def unproject(self, points_px: np.ndarray, depth_mm: np.ndarray) -> np.ndarray:
        """Return camera points (T, L, 3) in mm of picture points (T, L, 2|3) whose depth (T, L) is about known.

        Where the points carry a depth of their own, the third column is that, else the given one.
        """
        scale = self.px_per_mm[:, None, None]
        flat = (points_px[..., :2] - self.origin_px[:, None]) / scale * _TO_PICTURE[:2]
        flat = flat * (1.0 - depth_mm / self.distance_mm)[..., None]
        own = points_px.shape[-1] == 3
        third = -points_px[..., 2:] / scale - self.depth_mm[:, None, None] if own else depth_mm[..., None]
        return np.concatenate([flat, third], -1)

    def moved(self, increment: np.ndarray, centre: np.ndarray) -> HeadPose:
        """Return the pose after an increment (T, 7) of the columns of ``pose_columns``."""
        turn = rotation_of(increment[:, :3])
        grow = 1.0 + np.clip(increment[:, 6], -0.5, 0.5)
        turned = self.rotation @ turn
        fixed = self.rotation @ centre
        shift = fixed - grow[:, None] * (turned @ centre) + np.einsum("tij,tj->ti", self.rotation, increment[:, 3:6])
        return replace(
            self,
            rotation=turned,
            px_per_mm=self.px_per_mm * grow,
            origin_px=self.origin_px + self.px_per_mm[:, None] * shift[:, :2] * _TO_PICTURE[:2],
            depth_mm=(self.depth_mm + shift[:, 2]) / grow,
        )


def rotation_of(vectors: np.ndarray) -> np.ndarray:
    """Return rotation matrices (T, 3, 3) of rotation vectors (T, 3), by Rodrigues' formula."""
    angle = np.linalg.norm(vectors, axis=1)
    axis = vectors / np.maximum(angle, 1e-12)[:, None]
    cross = np.zeros((len(vectors), 3, 3))
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -axis[:, 2], axis[:, 1], -axis[:, 0]
    cross -= cross.transpose(0, 2, 1)
    sine, cosine = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    return np.eye(3) + sine * cross + (1 - cosine) * cross @ cross


def pose_columns(points_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how points (L, 3) move with the seven pose parameters, (L, 3, 7), and their centre (3,).

    Rotation about the centre (3), translation (3), growth about the centre (1); all in head axes.
    """
    centre = points_mm.mean(0)
    arm = points_mm - centre
    turns = [np.cross(axis, arm) for axis in np.eye(3)]
    shifts = [np.broadcast_to(axis, arm.shape) for axis in np.eye(3)]
    return np.stack([*turns, *shifts, arm], -1), centre


def rigid_pose(points_px: np.ndarray, face_mm: np.ndarray, weights: np.ndarray, distance_mm: float) -> HeadPose:
    """Return the pose that lays a rigid face over landmarks, ignoring perspective.

    Parameters
    ----------
    points_px : (T, L, 2|3) float
    face_mm : (L, 3) or (T, L, 3) float
    weights : (L,) float
    distance_mm : float
    """
    share = weights / weights.sum()
    face = np.broadcast_to(face_mm, (len(points_px), *face_mm.shape[-2:]))
    seen = points_px * _TO_PICTURE[: points_px.shape[-1]]
    middle, aim = np.einsum("l,tli->ti", share, face), np.einsum("l,tli->ti", share, seen)
    arm, reach = face - middle[:, None], seen - aim[:, None]
    if points_px.shape[-1] == 3:
        left, sizes, right = np.linalg.svd(np.einsum("tli,l,tlj->tij", reach, share, arm))
        signs = np.ones_like(sizes)
        signs[:, 2] = np.sign(np.linalg.det(left @ right))
        rotation = (left * signs[:, None]) @ right
        scale = (sizes * signs).sum(1) / np.einsum("tli,l,tli->t", arm, share, arm)
    else:
        spread = np.einsum("tli,l,tlj->tij", arm, share, arm) + 1e-3 * np.eye(3)
        affine = np.einsum("tli,l,tlj->tij", reach, share, arm) @ np.linalg.inv(spread)
        left, sizes, right = np.linalg.svd(affine, full_matrices=False)
        flat = left @ right
        rotation = np.concatenate([flat, np.cross(flat[:, 0], flat[:, 1])[:, None]], 1)
        scale = sizes.mean(1)
    origin = aim - scale[:, None] * np.einsum("tij,tj->ti", rotation, middle)[:, : seen.shape[-1]]
    depth = origin[:, 2] / scale if points_px.shape[-1] == 3 else np.zeros(len(scale))
    return HeadPose(rotation, scale, origin[:, :2] * _TO_PICTURE[:2], depth, distance_mm)
