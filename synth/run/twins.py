"""Drawing one avatar for many frames of a subject."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

import numpy as np

from assets.keyed import rng_for
from synth.avatars.build import build_avatar
from synth.avatars.mesh import AvatarMesh
from synth.avatars.pose import mesh_landmarks, pose_vertices
from synth.avatars.spec import AvatarSpec, spec_from_json, spec_to_json
from synth.render.camera import project
from synth.render.protocol import Renderer
from synth.render.scene import Pose, Scene
from synth.render.scenes import sample_scene
from synth.run.job import TwinRole
from synth.run.rigs import loaded_rig

BATCH = 16
"""Frames posed together; batches begin at multiples of this, so that a run that goes on draws the same."""


@dataclass(frozen=True)
class TwinDescription:
    """An avatar in its scene.

    Attributes
    ----------
    role : TwinRole
    scene : Scene
    """

    role: TwinRole
    scene: Scene

    def record(self) -> str:
        """Return the JSON from which avatar and scene can be built again."""
        record = {"avatar": asdict(self.role.spec), "scene": asdict(self.scene), "levels": self.role.levels}
        return json.dumps(record, sort_keys=True)


def twin_scene(seed: int, subject: str, person: str, camera_distance_mm: float) -> Scene:
    """Return the scene of a person who stands in for a subject.

    Light, background and sensor are drawn for the pair of subject and person; the camera stands as far away as
    the subject's did, so that both are seen in the same perspective.
    """
    scene = sample_scene(rng_for(seed, "scene", subject, person))
    return replace(scene, camera_distance_mm=float(camera_distance_mm))


def twin_mesh(rig: str, spec: AvatarSpec) -> AvatarMesh:
    """Return the mesh of an avatar; the last few are kept, for subjects that share them."""
    return _mesh(rig, spec_to_json(spec))


@lru_cache(maxsize=4)
def _mesh(rig: str, spec: str) -> AvatarMesh:
    return build_avatar(loaded_rig(rig), spec_from_json(spec))


def draw_twin(
    renderer: Renderer, mesh: AvatarMesh, scene: Scene, weights: np.ndarray, gaze_rad: np.ndarray, rotation: np.ndarray
) -> Iterator[tuple[np.ndarray | None, np.ndarray | None]]:
    """Draw a twin frame by frame.

    Parameters
    ----------
    renderer : Renderer
    mesh : AvatarMesh
    scene : Scene
    weights : (N, 52) float
    gaze_rad : (N, 2, 2) float
    rotation : (N, 3, 3) float
        Head to camera.

    Yields
    ------
    picture : (size, size, 3) uint8 or None
        None if it could not be drawn.
    landmarks_px : (M, 2) float32 or None
        None where there is no picture or no landmark table.
    """
    renderer.load(mesh, scene)
    for start in range(0, len(weights), BATCH):
        batch = slice(start, start + BATCH)
        positions, normals = pose_vertices(mesh, weights[batch], gaze_rad[batch])
        for i, row in enumerate(range(start, start + len(positions))):
            pose = Pose(rotation[row])
            picture = landmarks = None
            if np.isfinite(positions[i]).all():
                picture = _drawn(renderer, positions[i], normals[i], weights[row], pose)
            if picture is not None and mesh.landmarks is not None:
                points = mesh_landmarks(mesh, positions[i])
                landmarks = project(points, pose, scene, renderer.size_px).astype(np.float32)
            yield picture, landmarks


def _drawn(
    renderer: Renderer, positions: np.ndarray, normals: np.ndarray, weights: np.ndarray, pose: Pose
) -> np.ndarray | None:
    """Return the picture, None if the renderer failed at this frame; the row then says so."""
    try:
        return renderer.draw(positions, normals, weights, pose)
    except (RuntimeError, ValueError, ArithmeticError):
        return None
