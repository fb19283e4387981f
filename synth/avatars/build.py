"""From a specification to an avatar ready to be drawn."""

from __future__ import annotations

import numpy as np

from assets.rig import Rig
from assets.rig_lids import closing_gain
from assets.units import UNIT_INDEX
from synth.avatars.creases import crease_drivers
from synth.avatars.mesh import AvatarMesh
from synth.avatars.paint import paint_avatar
from synth.avatars.resting import calm
from synth.avatars.spec import AvatarSpec
from synth.avatars.surface import Surface, surface_of
from synth.avatars.visibility import surface_visibility

STILL_MM = 2e-3
"""Vertices that every unit moves by less than this are taken to be at rest."""

LID_LANDMARKS = ((386, 374), (159, 145))
"""MediaPipe indices of the middle of the upper and lower lid, left eye then right eye."""


def build_avatar(rig: Rig, spec: AvatarSpec) -> AvatarMesh:
    """Return the mesh, deltas and textures of one avatar.

    Parameters
    ----------
    rig : Rig
        The rig that ``spec.rig`` names.
    spec : AvatarSpec

    Returns
    -------
    AvatarMesh
        Its origin is the midpoint between this avatar's eyes.
    """
    options = tuple(name for name in (spec.hair, spec.cloth) if name)
    surface = surface_of(rig, options)
    head = calm(rig, rig.neutral_mm(np.asarray(spec.identity), spec.attributes))
    centres = rig.eye_centres_mm(head)
    rest = surface.refine @ (head - centres.mean(0))
    moving, deltas = _moving_deltas(rig, surface)
    for unit, gain in zip(("eyeBlinkLeft", "eyeBlinkRight"), closing_gain(rig, head), strict=True):
        deltas[UNIT_INDEX[unit]] *= np.float32(gain)
    drivers, depth_at_rest = crease_drivers(spec.creases)
    eyes = _eye_vertices(rig, surface)
    centres = (centres - centres.mean(0)).astype(np.float32)
    radius = _eye_radius(rest, eyes, centres)
    landmarks = _landmarks(rig, surface)
    occlusion, fit = surface_visibility(rig, surface)
    texture, crease_map, regions = paint_avatar(rig, surface, spec, radius)
    return AvatarMesh(
        spec=spec,
        rest_mm=np.ascontiguousarray(rest, np.float32),
        moving=moving,
        deltas_mm=deltas,
        corrective_drivers=tuple(tuple(UNIT_INDEX[name] for name in c.drivers) for c in rig.correctives),
        triangles=surface.triangles,
        uv=surface.uv,
        eye_vertices=eyes,
        eye_centres_mm=centres,
        normal_groups=surface.normal_groups,
        landmarks=landmarks,
        texture=texture,
        crease_map=crease_map,
        crease_regions=regions,
        crease_drivers=drivers,
        crease_rest=depth_at_rest,
        materials=surface.materials,
        occlusion=occlusion,
        visibility=fit,
        ranges=surface.ranges,
        eye_radius_mm=radius,
        lids=None if landmarks is None else tuple(table[np.array(LID_LANDMARKS)] for table in landmarks),
    )


def _moving_deltas(rig: Rig, surface: Surface) -> tuple[np.ndarray, np.ndarray]:
    shapes = [*rig.shapes_mm, *(corrective.delta_mm for corrective in rig.correctives)]
    deltas = np.stack([surface.refine @ np.asarray(shape, np.float32) for shape in shapes])
    moving = np.flatnonzero((np.abs(deltas) > STILL_MM).any((0, 2))).astype(np.int32)
    return moving, np.ascontiguousarray(deltas[:, moving], np.float32)


def _eye_vertices(rig: Rig, surface: Surface) -> tuple[np.ndarray, np.ndarray]:
    """Return the drawn vertices of the left and the right eyeball."""
    owners = np.zeros(surface.refine.shape[1], np.int8)
    owners[rig.eye_vertices[0]], owners[rig.eye_vertices[1]] = 1, 2
    share = [surface.refine @ (owners == side).astype(np.float32) for side in (1, 2)]
    left, right = (np.flatnonzero(column > 0.5).astype(np.int32) for column in share)
    return left, right


def _eye_radius(rest: np.ndarray, eyes: tuple[np.ndarray, np.ndarray], centres: np.ndarray) -> float:
    distances = [np.linalg.norm(rest[rows] - centre, axis=1) for rows, centre in zip(eyes, centres, strict=True)]
    return float(np.median(np.concatenate(distances)))


def _landmarks(rig: Rig, surface: Surface) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the landmark table in drawn vertices: the drawn vertex that stems from each rig vertex."""
    if rig.landmarks is None:
        return None
    weights = surface.refine.tocsc()
    nearest = np.zeros(weights.shape[1], np.int32)
    for vertex in np.unique(rig.landmarks.vertices):
        start, stop = weights.indptr[vertex], weights.indptr[vertex + 1]
        if stop > start:
            nearest[vertex] = weights.indices[start + weights.data[start:stop].argmax()]
    return nearest[rig.landmarks.vertices], rig.landmarks.barycentric.astype(np.float32)
