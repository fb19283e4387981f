"""Garments for a head that brings none: those of the built-in rig, cut to its own neck and shoulders."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from assets.rig import Rig
from synth.build.garments import COLUMNS, GARMENTS, ROWS_MM, Bust, Neck, azimuth_of, garment_graft
from synth.build.graft import Graft, with_grafts
from synth.importers.neck import neck_of
from synth.importers.overlay import skin_vertices

SECTORS = 12
HANGS_FROM_MM = -230.0
"""Skin must reach below this height all around the neck, so that a garment has something to lie on."""

CLEARANCE_MM, NEAR_MM, ROUNDS = 6.0, 22.0, 6
"""How far skin stays below the faces of a garment, how near to their middles it lies, how often they are pushed."""

FRONT_RAD = 1.4
HEM_FACES = sum(depth < 9.0 for depth, _ in ROWS_MM)
FRONT_HEM_MM, HEM_MM = 32.0, 12.0
"""Skin less than this from the hem of a garment, which is rolled onto it, pushes nothing: in front, where a neckline
may be steep, and elsewhere."""


def dress(rig: Rig, reference: Rig) -> tuple[Rig, list[str]]:
    """Return the rig with garments as optional parts, and notes on what became of them.

    They are draped over the skin and follow it under modes and axes; expressions do not move them. A rig with clothes
    of its own keeps those.

    Parameters
    ----------
    rig : Rig
        Its neck closed, see `synth.importers.bust.close_bust`.
    reference : Rig
        Where the garments' measures are from.
    """
    if any(part.material == "cloth" for part in rig.parts):
        return rig, []
    neck, _ = neck_of(rig, reference)
    skin = skin_vertices(rig)
    low = rig.vertices_mm[skin[rig.vertices_mm[skin, 1] < HANGS_FROM_MM + neck.shift_mm]]
    sector = np.floor((azimuth_of(low, neck) / (2 * np.pi) + 0.5) * SECTORS).astype(int) % SECTORS
    if len(np.unique(sector)) < SECTORS:
        return rig, ["no clothes: the skin below the neck does not go all the way around"]
    bust = Bust(rig.vertices_mm.astype(np.float64), skin, neck)
    dressed = with_grafts(rig, [_outside(garment_graft(bust, g), bust.points, neck) for g in GARMENTS])
    return replace(
        dressed,
        vertices_mm=dressed.vertices_mm.astype(np.float32),
        uv=dressed.uv.astype(np.float32),
        shapes_mm=dressed.shapes_mm.astype(np.float32),
        identity_mm=dressed.identity_mm.astype(np.float32),
        axes={n: replace(axis, delta_mm=axis.delta_mm.astype(np.float32)) for n, axis in dressed.axes.items()},
    ), []


def _outside(graft: Graft, skin_mm: np.ndarray, neck: Neck) -> Graft:
    """Return a garment pushed out to where no vertex of the skin (n, 3) comes through its faces.

    Skin that bends more sharply than the columns of a garment can follow would show between them.
    """
    points = graft.rest_mm.copy()
    faces = graft.faces[HEM_FACES * COLUMNS : (len(ROWS_MM) - 1) * COLUMNS]
    hem = cKDTree(points[: HEM_FACES * COLUMNS])
    line = points[(HEM_FACES - 1) * COLUMNS : HEM_FACES * COLUMNS, 1].max()
    free = np.where(np.abs(azimuth_of(skin_mm, neck)) < FRONT_RAD, FRONT_HEM_MM, HEM_MM)
    skin_mm = skin_mm[(hem.query(skin_mm)[0] > free) & (skin_mm[:, 1] < line)]
    for _ in range(ROUNDS):
        corners = points[faces]
        across = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
        across /= np.linalg.norm(across, axis=1, keepdims=True) + 1e-9
        middle = corners.mean(1)
        distance, face = cKDTree(middle).query(skin_mm, distance_upper_bound=NEAR_MM)
        found = np.isfinite(distance)
        face, skin = face[found], skin_mm[found]
        push = np.zeros(len(faces))
        np.maximum.at(push, face, CLEARANCE_MM + ((skin - middle[face]) * across[face]).sum(1))
        shift = np.zeros((len(points), 4))
        for corner in range(4):
            np.add.at(shift, faces[:, corner], np.column_stack([across * push[:, None], push > 0]))
        points += shift[:, :3] / np.maximum(shift[:, 3:], 1)
    return replace(graft, rest_mm=points)
