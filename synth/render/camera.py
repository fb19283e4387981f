"""The camera of a twin: perspective, with the eyes at the place and scale of the real crops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.framing import EYE_LINE, HEAD_SCALE
from synth.render.scene import Pose, Scene


@dataclass(frozen=True)
class View:
    """A posed head seen by the camera.

    A head point p is at ``c = rotation @ p`` in camera axes around the point between the eyes; it
    falls on the pixel ``eyes_px + focal_px * (c_x, -c_y) / (distance_mm - c_z)``.

    Attributes
    ----------
    rotation : (3, 3) float64
    eyes_px : (2,) float64
    focal_px : float
    distance_mm : float
    size_px : int
    """

    rotation: np.ndarray
    eyes_px: np.ndarray
    focal_px: float
    distance_mm: float
    size_px: int

    def clip_matrix(self) -> np.ndarray:
        """Return the (4, 4) float32 matrix from head points to clip space, picture row 0 at y = -1.

        With this sign the first row in memory after ``glReadPixels`` is the top of the picture.
        """
        near, far = self.distance_mm - 250.0, self.distance_mm + 400.0
        near = max(near, 20.0)
        size, focal, distance = self.size_px, self.focal_px, self.distance_mm
        centre = 2 * self.eyes_px / size - 1
        project = np.zeros((4, 4))
        project[0] = [2 * focal / size, 0, -centre[0], centre[0] * distance]
        project[1] = [0, -2 * focal / size, -centre[1], centre[1] * distance]
        depth, offset = (far + near) / (far - near), -2 * far * near / (far - near)
        project[2] = [0, 0, -depth, depth * distance + offset]
        project[3] = [0, 0, -1, distance]
        head = np.eye(4)
        head[:3, :3] = self.rotation
        return (project @ head).astype(np.float32)


def view_of(pose: Pose, scene: Scene, size_px: int) -> View:
    """Return the view of a pose: the framing's place and scale where the pose names none."""
    eyes = np.array([0.5, EYE_LINE]) * size_px if pose.eyes_px is None else np.asarray(pose.eyes_px, float)
    scale = HEAD_SCALE * size_px if pose.px_per_mm is None else float(pose.px_per_mm)
    distance = float(scene.camera_distance_mm)
    return View(np.asarray(pose.rotation, float), eyes, scale * distance, distance, size_px)


def project(points_mm: np.ndarray, pose: Pose, scene: Scene, size_px: int) -> np.ndarray:
    """Return where head points fall in the picture.

    Parameters
    ----------
    points_mm : (..., 3) float
        Head axes, origin between the eyes.
    pose : Pose
    scene : Scene
    size_px : int

    Returns
    -------
    points_px : (..., 2) float64
        x right, y down; the centre of the top left pixel is (0.5, 0.5).
    """
    view = view_of(pose, scene, size_px)
    camera = np.asarray(points_mm, float) @ view.rotation.T
    scale = view.focal_px / (view.distance_mm - camera[..., 2:])
    return view.eyes_px + scale * camera[..., :2] * [1.0, -1.0]
