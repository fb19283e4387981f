"""The texture, the crease map and the crease regions of one avatar."""

from __future__ import annotations

import numpy as np

from assets.keyed import rng_for
from assets.rig import Rig
from synth.avatars import parts_paint
from synth.avatars.atlas import ATLAS_HEIGHT, ATLAS_WIDTH, TILES
from synth.avatars.crease_paint import crease_layers, crease_regions
from synth.avatars.hair_paint import paint_hair
from synth.avatars.skin import paint_skin
from synth.avatars.skin_space import skin_space
from synth.avatars.spec import AvatarSpec
from synth.avatars.surface import Surface


def paint_avatar(
    rig: Rig, surface: Surface, spec: AvatarSpec, eye_radius_mm: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pictures that an avatar is drawn with.

    Parameters
    ----------
    rig : Rig
    surface : Surface
    spec : AvatarSpec
    eye_radius_mm : float

    Returns
    -------
    texture : (H, W, 4) uint8
    crease_map : (H, W, 4) uint8
    regions : (M, 3) uint8
        See `synth.avatars.mesh.AvatarMesh`.
    """
    space = skin_space(rig, surface)
    texture = np.zeros((ATLAS_HEIGHT, ATLAS_WIDTH, 4), np.uint8)
    creases = np.full((ATLAS_HEIGHT, ATLAS_WIDTH, 4), 128, np.uint8)
    texture[TILES["skin"].window], creases[(*TILES["skin"].window, 3)] = paint_skin(space, spec)
    creases[TILES["skin"].window][..., :3] = crease_layers(space)
    rng = rng_for(spec.seed, "parts")
    texture[TILES["eye"].window] = parts_paint.paint_eye(spec, eye_radius_mm, rng)
    texture[TILES["teeth"].window] = parts_paint.paint_teeth(rng)
    texture[TILES["tongue"].window] = parts_paint.paint_soft("tongue", rng)
    texture[TILES["cavity"].window] = parts_paint.paint_soft("cavity", rng)
    texture[TILES["hair"].window], creases[(*TILES["hair"].window, 3)] = paint_hair(spec, rng)
    for name in ("lash", "brow"):
        texture[TILES[name].window] = parts_paint.paint_lash(spec)
    texture[TILES["cloth"].window] = parts_paint.paint_cloth(spec, rng)
    return texture, creases, crease_regions(rig, surface, space)
