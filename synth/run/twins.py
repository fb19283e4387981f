"""Drawing one avatar for many frames of a subject."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np

from assets.keyed import rng_for
from assets.rig import Rig
from synth.avatars.build import build_avatar
from synth.avatars.mesh import AvatarMesh
from synth.avatars.pose import mesh_landmarks, pose_vertices
from synth.avatars.spec import AvatarSpec
from synth.render.camera import project
from synth.render.protocol import Renderer
from synth.render.scene import Pose, Scene
from synth.render.scenes import sample_scene

BATCH = 16
"""Frames posed together; batches begin at multiples of this, so that a run that goes on draws the same."""


@dataclass(frozen=True)
class Twin:
    """An avatar in its scene.

    Attributes
    ----------
    image : str
        Group of its pictures in the shard.
    mesh : AvatarMesh
    scene : Scene
    """

    image: str
    mesh: AvatarMesh
    scene: Scene

    def record(self) -> str:
        """Return the JSON from which avatar and scene can be built again."""
        return json.dumps({"avatar": asdict(self.mesh.spec), "scene": asdict(self.scene)}, sort_keys=True)


def twin_scene(seed: int, subject: str, avatar: str, camera_distance_mm: float) -> Scene:
    """Return the scene of an avatar that stands in for a subject.

    Light, background and sensor are drawn for the pair of subject and avatar; the camera stands as far away as
    the subject's did, so that both are seen in the same perspective.
    """
    scene = sample_scene(rng_for(seed, "scene", subject, avatar))
    return replace(scene, camera_distance_mm=float(camera_distance_mm))


def make_twin(rig: Rig, spec: AvatarSpec, image: str, scene: Scene) -> Twin:
    """Build an avatar; costs about a second, once per avatar and subject."""
    return Twin(image, build_avatar(rig, spec), scene)


def draw_twin(
    renderer: Renderer, twin: Twin, weights: np.ndarray, gaze_rad: np.ndarray, rotation: np.ndarray
) -> Iterator[tuple[np.ndarray | None, np.ndarray]]:
    """Draw a twin frame by frame.

    Parameters
    ----------
    renderer : Renderer
    twin : Twin
    weights : (N, 52) float
    gaze_rad : (N, 2, 2) float
    rotation : (N, 3, 3) float
        Head to camera.

    Yields
    ------
    picture : (size, size, 3) uint8 or None
        None if it could not be drawn.
    landmarks_px : (M, 2) float32
        NaN where there is no picture or no landmark table.
    """
    renderer.load(twin.mesh, twin.scene)
    count = 0 if twin.mesh.landmarks is None else len(twin.mesh.landmarks[0])
    for start in range(0, len(weights), BATCH):
        stop = min(start + BATCH, len(weights))
        positions, normals = pose_vertices(twin.mesh, weights[start:stop], gaze_rad[start:stop])
        for i in range(stop - start):
            pose = Pose(rotation[start + i])
            picture = None
            if np.isfinite(positions[i]).all():
                picture = _drawn(renderer, positions[i], normals[i], weights[start + i], pose)
            landmarks = np.full((count, 2), np.nan, np.float32)
            if count and picture is not None:
                points = mesh_landmarks(twin.mesh, positions[i])
                landmarks = project(points, pose, twin.scene, renderer.size_px).astype(np.float32)
            yield picture, landmarks


def _drawn(
    renderer: Renderer, positions: np.ndarray, normals: np.ndarray, weights: np.ndarray, pose: Pose
) -> np.ndarray | None:
    """Return the picture, None if the renderer failed at this frame; the row then says so."""
    try:
        return renderer.draw(positions, normals, weights, pose)
    except (RuntimeError, ValueError, ArithmeticError):
        return None
