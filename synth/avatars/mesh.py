"""An avatar ready to be drawn: subdivided, split along texture seams, with one texture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.avatars.spec import AvatarSpec


@dataclass(frozen=True)
class AvatarMesh:
    """Geometry and colours of one avatar.

    Attributes
    ----------
    spec : AvatarSpec
    rest_mm : (M, 3) float32
        Vertices at rest, head axes, origin between the eyes.
    deltas_mm : (52 + C, M, 3) float32
        Displacements of the units, then of the correctives.
    corrective_drivers : tuple of tuple of int
        Unit columns whose product drives each corrective.
    triangles : (F, 3) int32
    uv : (M, 2) float32
    eye_vertices : tuple of two (E,) int32
        Vertices that turn with the left and the right eye.
    eye_centres_mm : (2, 3) float32
    normal_groups : (M,) int32
        Vertices that share a position share a group, so that seams do not show in the shading.
    landmarks : ((478, 3) int32, (478, 3) float32) or None
        Triangle corners and barycentric weights of the landmarks on this mesh.
    texture : (H, W, 4) uint8
        sRGB albedo; alpha is the fraction of skin, which the pigment uniforms tint.
    creases : (H, W, 4) uint8 or tuple of such
        Masks of the folds that the weights bring out.
    materials : (M,) uint8
        Index into ``assets.rig.MATERIALS``.
    occlusion : (M,) float32
        Ambient occlusion at rest, 1 is open.
    """

    spec: AvatarSpec
    rest_mm: np.ndarray
    deltas_mm: np.ndarray
    corrective_drivers: tuple[tuple[int, ...], ...]
    triangles: np.ndarray
    uv: np.ndarray
    eye_vertices: tuple[np.ndarray, np.ndarray]
    eye_centres_mm: np.ndarray
    normal_groups: np.ndarray
    landmarks: tuple[np.ndarray, np.ndarray] | None
    texture: np.ndarray
    creases: tuple[np.ndarray, ...]
    materials: np.ndarray
    occlusion: np.ndarray
