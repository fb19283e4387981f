"""What an imported head borrows from the reference rig: skin masks, lids that meet, hair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from assets.landmarks import LEFT_EYE_RING, RIGHT_EYE_RING
from assets.rig import LandmarkTable, Part, Rig
from assets.rig_maps import position_map
from assets.units import UNIT_INDEX
from synth.importers.overlay import Overlay, skin_vertices

MAP_SIZE = 512
FAR_MM = 9.0
"""Texels further from the reference's skin than this get no mask."""

HAIR_FOLLOWS = 6
"""Nearest vertices of the skin that carry a hair vertex along."""

LEAST_CLEARANCE_MM, MOST_PUSH_MM = 1.5, 12.0
"""Hair stands at least this far off the skin, and is pushed out by at most this."""

HAIR_REACH_MM = 40.0
"""Hair further from the skin hangs freely and is not pushed."""

_RING_HALF = 8


def borrow(rig: Rig, reference: Rig, overlay: Overlay) -> Rig:
    """Return the rig with lid pairs and with the masks and hair styles of the reference.

    Parameters
    ----------
    rig : Rig
        With a landmark table.
    reference : Rig
    overlay : Overlay
        From the reference to the rig.
    """
    if rig.landmarks is not None and rig.lid_pairs is None:
        rig = replace(rig, lid_pairs=lid_pairs(rig, rig.landmarks))
    return borrow_hair(borrow_masks(rig, reference, overlay), reference, overlay)


def borrow_masks(rig: Rig, reference: Rig, overlay: Overlay) -> Rig:
    """Return the rig with those masks of the reference that it lacks, in its own texture space.

    Parameters
    ----------
    rig, reference : Rig
    overlay : Overlay
        From the reference to the rig.
    """
    names = [name for name in sorted(reference.maps) if name not in rig.maps]
    if not names:
        return rig
    place, covered = position_map(rig, MAP_SIZE)
    own, drawn = position_map(reference, next(iter(reference.maps.values())).shape[0])
    rows, columns = np.nonzero(drawn)
    tree = cKDTree(overlay(own[rows, columns]))
    distance, near = tree.query(place[covered], k=3, distance_upper_bound=FAR_MM)
    weight = np.where(np.isfinite(distance), 1 / (distance + 0.3), 0)
    weight /= np.maximum(weight.sum(1, keepdims=True), 1e-9)
    maps = dict(rig.maps)
    for name in names:
        values = np.append(reference.maps[name][rows, columns].astype(np.float32), 0)
        picture = np.zeros((MAP_SIZE, MAP_SIZE), np.uint8)
        picture[covered] = np.round((values[near] * weight).sum(1))
        maps[name] = picture
    return replace(rig, maps=maps)


def lid_pairs(rig: Rig, table: LandmarkTable) -> np.ndarray | None:
    """Return vertices (2, P, 2) of the upper and lower lid that meet in a blink, or None if none come close.

    Starting from the lid landmarks, each upper vertex is paired with the lower vertex of the margin that it comes
    nearest to sideways.
    """
    if not rig.has_shape[[UNIT_INDEX["eyeBlinkLeft"], UNIT_INDEX["eyeBlinkRight"]]].all():
        return None
    eyes = []
    for ring in (LEFT_EYE_RING, RIGHT_EYE_RING):
        upper, lower = ring[2 : _RING_HALF - 1], ring[: _RING_HALF + 1 : -1]
        chosen = [
            [table.vertices[point, table.barycentric[point].argmax()] for point in pair]
            for pair in zip(upper, lower, strict=False)
        ]
        eyes.append(chosen[: min(len(upper), len(lower))])
    pairs = np.array(eyes, np.int32)
    heights = rig.vertices_mm[pairs][..., 1]
    return pairs if (heights[..., 0] > heights[..., 1]).all() else None


def borrow_hair(rig: Rig, reference: Rig, overlay: Overlay) -> Rig:
    """Return the rig with the reference's hair styles as optional parts, fitted to its skull.

    Hair is carried along by the nearest vertices of the skin, under every identity, axis and expression.

    Parameters
    ----------
    rig, reference : Rig
    overlay : Overlay
    """
    styles = [part for part in reference.parts if part.optional and part.material == "hair"]
    have = {part.name for part in rig.parts}
    styles = [part for part in styles if part.name not in have]
    if not styles or any(part.material == "hair" for part in rig.parts):
        return rig
    used, local = np.unique(np.concatenate([part.faces for part in styles]), return_inverse=True)
    used_uv, local_uv = np.unique(np.concatenate([part.uv_faces for part in styles]), return_inverse=True)
    points = _outside(reference.vertices_mm[used], overlay(reference.vertices_mm[used]), reference, rig)
    skin = skin_vertices(rig)
    distance, near = cKDTree(rig.vertices_mm[skin]).query(points, k=HAIR_FOLLOWS)
    weight = 1 / (distance + 1.0)
    weight = (weight / weight.sum(1, keepdims=True)).astype(np.float32)
    source = skin[near]

    def longer(displacement: np.ndarray) -> np.ndarray:
        carried = np.einsum("...vkd,vk->...vd", displacement[..., source, :], weight)
        return np.concatenate([displacement, carried], -2).astype(np.float32)

    still = np.zeros((len(rig.shapes_mm), len(points), 3), np.float32)
    faces, uv_faces = local.reshape(-1, 4) + len(rig.vertices_mm), local_uv.reshape(-1, 4) + len(rig.uv)
    parts, first = list(rig.parts), 0
    for part in styles:
        rows = slice(first, first + len(part.faces))
        first += len(part.faces)
        parts.append(
            Part(part.name, "hair", faces[rows].astype(np.int32), uv_faces[rows].astype(np.int32), part.subdivide, True)
        )
    return replace(
        rig,
        vertices_mm=np.concatenate([rig.vertices_mm, points]).astype(np.float32),
        uv=np.concatenate([rig.uv, reference.uv[used_uv]]).astype(np.float32),
        parts=tuple(parts),
        shapes_mm=np.concatenate([rig.shapes_mm, still], 1),
        identity_mm=longer(rig.identity_mm),
        axes={name: replace(axis, delta_mm=longer(axis.delta_mm)) for name, axis in rig.axes.items()},
    )


def _outside(before: np.ndarray, after: np.ndarray, reference: Rig, rig: Rig) -> np.ndarray:
    """Return the laid-over hair (n, 3), pushed out to where it stands at least as far off the skin as before."""
    wanted = np.clip(_clearance(reference, before)[0], LEAST_CLEARANCE_MM, None)
    have, normal, distance = _clearance(rig, after)
    near = np.clip((HAIR_REACH_MM - distance) / (0.5 * HAIR_REACH_MM), 0, 1)
    return after + (np.clip(wanted - have, 0, MOST_PUSH_MM) * near)[:, None] * normal


def _clearance(rig: Rig, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return height (n,) above the nearest skin, its normal (n, 3) and the distance (n,) to it."""
    skin, vertices = skin_vertices(rig), rig.vertices_mm.astype(np.float64)
    normals = np.zeros_like(vertices)
    for part in rig.parts:
        if part.material == "skin" and not part.optional:
            corner = vertices[part.faces]
            across = np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1])
            flat = (part.faces[:, 2] == part.faces[:, 3])[:, None]
            face = np.where(flat, np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), across)
            for k in range(4):
                np.add.at(normals, part.faces[:, k], face)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
    distance, near = cKDTree(vertices[skin]).query(points, k=4)
    weight = 1 / (distance + 0.5)
    weight /= weight.sum(1, keepdims=True)
    normal = (normals[skin[near]] * weight[..., None]).sum(1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
    foot = (vertices[skin[near]] * weight[..., None]).sum(1)
    return ((points - foot) * normal).sum(1), normal, distance[:, 0]
