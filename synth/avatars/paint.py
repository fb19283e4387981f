"""The texture, the crease map and the regions of one avatar."""

from __future__ import annotations

import numpy as np

from assets.rig import Rig
from synth.avatars.atlas import ATLAS_HEIGHT, ATLAS_WIDTH, TILES
from synth.avatars.spec import AvatarSpec
from synth.avatars.surface import Surface


def paint_avatar(rig: Rig, surface: Surface, spec: AvatarSpec) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    texture = np.full((ATLAS_HEIGHT, ATLAS_WIDTH, 4), 255, np.uint8)
    for k, c in dict(
        skin=(200, 160, 140, 255),
        hair=(60, 40, 30, 255),
        eye=(230, 225, 220, 0),
        teeth=(220, 215, 200, 0),
        cloth=(70, 80, 110, 0),
        tongue=(170, 90, 90, 0),
        cavity=(60, 20, 20, 0),
        lash=(20, 10, 10, 255),
        brow=(50, 30, 20, 255),
    ).items():
        texture[TILES[k].window] = c
    creases = np.full((ATLAS_HEIGHT, ATLAS_WIDTH, 4), 128, np.uint8)
    return texture, creases, np.zeros((len(surface.uv), 3), np.uint8)
