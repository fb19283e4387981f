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

HAIR_FOLLOWS, LASHES_FOLLOW = 6, 4
"""Nearest vertices of the skin that carry a vertex of hair or lashes along."""

LEAST_CLEARANCE_MM, MOST_PUSH_MM = 1.5, 12.0
"""Hair stands at least this far off the skin, and is pushed out by at most this."""

HAIR_REACH_MM = 40.0
"""Hair further from the skin hangs freely and is not pushed."""

LID_PLACES = 5
LEAST_APART_MM, MEETING_MM = 4.0, 2.0
"""Lids that meet are further apart than the one at rest, and closer than the other in a blink."""


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
    """Return vertices (2, P, 2) of the upper and lower lid that meet in a full blink, or None where lids do not meet.

    Along each eye, the pair is taken that comes closest together when it blinks, out of those that are apart at rest.
    """
    eyes = []
    for unit, ring, centre in zip(
        ("eyeBlinkLeft", "eyeBlinkRight"), (LEFT_EYE_RING, RIGHT_EYE_RING), rig.eye_centres_mm(), strict=True
    ):
        blink = rig.shapes_mm[UNIT_INDEX[unit]]
        corners = table.points(rig.vertices_mm)[[ring[0], ring[len(ring) // 2]], 0]
        found = _meeting(rig, blink, np.sort(corners), centre)
        if found is None:
            return None
        eyes.append(found)
    return np.array(eyes, np.int32)


def _meeting(rig: Rig, blink: np.ndarray, corners_x: np.ndarray, centre: np.ndarray) -> np.ndarray | None:
    """Return pairs (LID_PLACES, 2) of one eye between the x of its corners."""
    skin = skin_vertices(rig)
    width = corners_x[1] - corners_x[0]
    near = skin[np.linalg.norm(rig.vertices_mm[skin] - centre, axis=1) < 0.9 * width]
    near = near[rig.vertices_mm[near, 2] > centre[2]]
    fall = -blink[near, 1]
    if not len(near) or fall.max() < LEAST_APART_MM:
        return None
    upper, lower = near[fall > 0.35 * fall.max()], near[fall < 0.2 * fall.max()]
    closed = rig.vertices_mm + blink
    pairs = []
    for share in np.linspace(0.3, 0.7, LID_PLACES):
        x = corners_x[0] + share * width
        over, under = (side[np.abs(rig.vertices_mm[side, 0] - x) < 0.06 * width + 0.5] for side in (upper, lower))
        if not len(over) or not len(under):
            return None
        gap = np.linalg.norm(closed[over][:, None] - closed[under], axis=-1)
        apart = rig.vertices_mm[over, 1][:, None] - rig.vertices_mm[under, 1]
        gap[apart < LEAST_APART_MM] = np.inf
        a, b = np.unravel_index(gap.argmin(), gap.shape)
        if gap[a, b] > MEETING_MM:
            return None
        pairs.append((over[a], under[b]))
    return np.array(pairs, np.int32)


def borrow_hair(rig: Rig, reference: Rig, overlay: Overlay) -> Rig:
    """Return the rig with the reference's hair styles and lashes, fitted to its skull and lids.

    Hair styles are optional parts. What is borrowed is carried along by the nearest vertices of the skin: hair under
    every identity and axis, lashes under every expression too. A rig with hair or lashes of its own keeps those.

    Parameters
    ----------
    rig, reference : Rig
    overlay : Overlay
    """
    own = {part.material for part in rig.parts}
    styles = [part for part in reference.parts if part.optional and part.material == "hair"]
    if styles and "hair" not in own:
        used = np.unique(np.concatenate([part.faces for part in styles]))
        points = _outside(reference.vertices_mm[used], overlay(reference.vertices_mm[used]), reference, rig)
        rig = _hang(rig, reference, styles, points, HAIR_FOLLOWS, False)
    lashes = [part for part in reference.parts if part.material == "lash"]
    if lashes and "lash" not in own:
        used = np.unique(np.concatenate([part.faces for part in lashes]))
        rig = _hang(rig, reference, lashes, overlay(reference.vertices_mm[used]), LASHES_FOLLOW, True)
    return rig


def _hang(rig: Rig, reference: Rig, parts: list[Part], points: np.ndarray, follows: int, expressive: bool) -> Rig:
    """Append parts of the reference, whose vertices in ascending order now lie at points (n, 3)."""
    _, local = np.unique(np.concatenate([part.faces for part in parts]), return_inverse=True)
    used_uv, local_uv = np.unique(np.concatenate([part.uv_faces for part in parts]), return_inverse=True)
    skin = skin_vertices(rig)
    distance, near = cKDTree(rig.vertices_mm[skin]).query(points, k=follows)
    weight = 1 / (distance + 1.0)
    weight = (weight / weight.sum(1, keepdims=True)).astype(np.float32)
    source = skin[near]

    def longer(displacement: np.ndarray, moves: bool = True) -> np.ndarray:
        carried = np.einsum("...vkd,vk->...vd", displacement[..., source, :], weight * moves)
        return np.concatenate([displacement, carried], -2).astype(np.float32)

    faces, uv_faces = local.reshape(-1, 4) + len(rig.vertices_mm), local_uv.reshape(-1, 4) + len(rig.uv)
    added, first = [], 0
    for part in parts:
        rows = slice(first, first + len(part.faces))
        first += len(part.faces)
        table, places = faces[rows].astype(np.int32), uv_faces[rows].astype(np.int32)
        added.append(Part(part.name, part.material, table, places, part.subdivide, part.optional))
    return replace(
        rig,
        vertices_mm=np.concatenate([rig.vertices_mm, points]).astype(np.float32),
        uv=np.concatenate([rig.uv, reference.uv[used_uv]]).astype(np.float32),
        parts=(*rig.parts, *added),
        shapes_mm=longer(rig.shapes_mm, expressive),
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
