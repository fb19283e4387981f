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
    moving : (Q,) int32
        Vertices that some unit moves; all others stay at rest.
    deltas_mm : (52 + C, Q, 3) float32
        Displacements of the moving vertices by the units, then by the correctives.
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
    crease_map : (H, W, 4) uint8
        Three layers of folds that the weights bring out, 128 is flat, darker is a furrow, lighter a
        ridge; alpha is the gloss of the skin, 128 is usual.
    crease_regions : (M, 3) uint8
        For each layer, the row of ``crease_drivers`` that rules at this vertex.
    crease_drivers : (R, 52) float32
        Depth of each fold per unit weight; row 0 is zero.
    crease_rest : (R,) float32
        Depth of each fold at rest.
    materials : (M,) uint8
        Index into ``assets.rig.MATERIALS``.
    occlusion : (M,) float32
        Ambient occlusion, 1 is open.
    visibility : (M, 4) float32
        ``clip(v[0] + v[1:] . direction, 0, 1)`` is how much light arrives from a direction in head axes.
    ranges : dict of str to (int, int)
        First triangle and number of triangles that each shading program draws: ``solid``, ``eye``,
        ``strand``, ``cut``.
    eye_radius_mm : float
    lids : ((2, 2, 3) int32, (2, 2, 3) float32) or None
        Triangle corners and weights of the middle of the upper and lower lid, left eye then right eye.
    """

    spec: AvatarSpec
    rest_mm: np.ndarray
    moving: np.ndarray
    deltas_mm: np.ndarray
    corrective_drivers: tuple[tuple[int, ...], ...]
    triangles: np.ndarray
    uv: np.ndarray
    eye_vertices: tuple[np.ndarray, np.ndarray]
    eye_centres_mm: np.ndarray
    normal_groups: np.ndarray
    landmarks: tuple[np.ndarray, np.ndarray] | None
    texture: np.ndarray
    crease_map: np.ndarray
    crease_regions: np.ndarray
    crease_drivers: np.ndarray
    crease_rest: np.ndarray
    materials: np.ndarray
    occlusion: np.ndarray
    visibility: np.ndarray
    ranges: dict[str, tuple[int, int]]
    eye_radius_mm: float
    lids: tuple[np.ndarray, np.ndarray] | None
