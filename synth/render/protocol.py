"""What a renderer must do; `synth.render.choose` picks one."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from synth.avatars.mesh import AvatarMesh
from synth.render.scene import Pose, Scene


class Renderer(Protocol):
    """Draws one avatar in one scene, frame by frame. One instance per process, reused for all avatars."""

    name: str
    size_px: int
    samples: int

    def load(self, mesh: AvatarMesh, scene: Scene) -> None:
        """Upload everything that does not change from frame to frame."""
        ...

    def draw(self, positions_mm: np.ndarray, normals: np.ndarray, weights: np.ndarray, pose: Pose) -> np.ndarray:
        """Return the picture (size, size, 3) uint8 RGB.

        Parameters
        ----------
        positions_mm : (M, 3) float32
            Vertices of the loaded mesh in head axes.
        normals : (M, 3) float32
            Unit vectors.
        weights : (52,) float32
            Expression weights; they drive creases and folds.
        pose : Pose
        """
        ...

    def close(self) -> None:
        """Give back the context."""
        ...
