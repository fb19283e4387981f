"""Sheets to judge avatars by eye: every Action Unit on both genders, and many people side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assets.keyed import rng_for
from assets.rig import Rig
from assets.units import AU_UNITS, UNIT_INDEX, UNITS
from synth.avatars.build import build_avatar
from synth.avatars.mesh import AvatarMesh
from synth.avatars.pose import pose_vertices
from synth.avatars.sample import sample_avatars
from synth.avatars.spec import AvatarSpec
from synth.render.protocol import Renderer
from synth.render.scene import Pose, Scene
from synth.render.scenes import sample_scene
from synth.render.sheet import contact_sheet

SHOWN_AUS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 24, 25, 26, 43)


def unit_weights(au_numbers: Sequence[int], strength: float = 1.0) -> np.ndarray:
    """Return weights (52,) float32 of Action Units at a strength in [0, 1]; empty for a neutral face."""
    weights = np.zeros(len(UNITS), np.float32)
    for number in au_numbers:
        for unit, gain in AU_UNITS[number]:
            weights[UNIT_INDEX[unit]] = max(weights[UNIT_INDEX[unit]], gain * strength)
    return weights


def head_turn(yaw_rad: float, pitch_rad: float = 0.0) -> np.ndarray:
    """Return the head to camera rotation (3, 3): yaw positive to image right, pitch positive upwards."""
    cy, sy, cp, sp = np.cos(yaw_rad), np.sin(yaw_rad), np.cos(pitch_rad), np.sin(pitch_rad)
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    return yaw @ np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])


def portraits(
    renderer: Renderer, mesh: AvatarMesh, scene: Scene, weights: np.ndarray, rotations: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Return one picture per row of ``weights`` (T, 52) and rotation, (T) or one for all."""
    renderer.load(mesh, scene)
    positions, normals = pose_vertices(mesh, weights)
    turns = list(rotations) * (len(weights) if len(rotations) == 1 else 1)
    rows = zip(positions, normals, np.asarray(weights, np.float32), turns, strict=True)
    return [renderer.draw(p, n, w, Pose(turn)).copy() for p, n, w, turn in rows]


def au_sheet(renderer: Renderer, rig: Rig, specs: Sequence[AvatarSpec], seed: int = 0) -> np.ndarray:
    """Return a sheet (H, W, 3) uint8: neutral, then every Action Unit at full strength, avatar by avatar."""
    weights = np.stack([unit_weights(()), *(unit_weights((number,)) for number in SHOWN_AUS)])
    names = ["neutral", *(f"AU{number}" for number in SHOWN_AUS)]
    images: list[np.ndarray | None] = []
    captions: list[str] = []
    columns = 10
    for spec in specs:
        scene = sample_scene(rng_for(seed, "gallery", spec.name))
        drawn = portraits(renderer, build_avatar(rig, spec), scene, weights, [np.eye(3)])
        gap = -len(drawn) % columns
        images += [*drawn, *([None] * gap)]
        captions += [*names, *([""] * gap)]
    return contact_sheet(images, columns, captions)


def people_sheet(renderer: Renderer, rig: Rig, count: int, seed: int = 0, columns: int = 8) -> np.ndarray:
    """Return a sheet (H, W, 3) uint8 of sampled avatars, at rest and slightly turned, each in its scene."""
    images, captions = [], []
    for number, spec in enumerate(sample_avatars(seed, rig, count)):
        rng = rng_for(seed, "gallery", spec.name)
        turn = head_turn(float(rng.uniform(-0.35, 0.35)) if number % 4 > 1 else 0.0)
        images += portraits(renderer, build_avatar(rig, spec), sample_scene(rng), unit_weights(())[None], [turn])
        captions.append(f"{spec.apparent_gender} ITA {spec.skin_ita_deg:.0f}")
    return contact_sheet(images, columns, captions)
