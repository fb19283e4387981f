"""The numbers that every renderer shades with, made from a scene, an avatar and a pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.rig import MATERIALS
from synth.avatars.atlas import ATLAS_HEIGHT, ATLAS_WIDTH, EYE_TILE_ANGLE_RAD, TILES
from synth.avatars.mesh import AvatarMesh
from synth.avatars.parts_paint import IRIS_MM
from synth.avatars.pose import on_surface
from synth.avatars.tone import to_linear
from synth.render.camera import View, view_of
from synth.render.scene import Pose, Scene

MAX_LIGHTS = 4
LIDS_HALF_WIDTH = 0.92
"""From the middle of an eye to the corners of its lids, in radii of the eyeball."""

EYE_PROBES = 24
"""Vertices of each eyeball from which its rotation is read."""

MATERIAL_TERMS: dict[str, tuple[float, float, float, float]] = {
    # roughness, reflectance, wrap of the diffuse term, gain of the specular term
    "skin": (0.50, 0.028, 0.45, 1.0),
    "eye": (0.10, 0.030, 0.30, 1.0),
    "teeth": (0.28, 0.040, 0.30, 0.8),
    "tongue": (0.35, 0.030, 0.40, 0.8),
    "cavity": (0.60, 0.020, 0.20, 0.2),
    "lash": (0.60, 0.020, 0.20, 0.1),
    "brow": (0.60, 0.020, 0.20, 0.1),
    "hair": (0.40, 0.045, 0.25, 1.0),
    "cloth": (0.85, 0.020, 0.20, 0.25),
    "cornea": (0.10, 0.030, 0.00, 1.0),
}

MELANIN_ABSORPTION = np.array([1.10, 2.05, 3.30])
HAEMOGLOBIN_ABSORPTION = np.array([0.25, 1.60, 1.20])
"""Absorption of red, green and blue by the two pigments of the skin, relative units."""


def pigment_tint(melanin: float, haemoglobin: float) -> np.ndarray:
    """Return the factor (3,) on the albedo for more or less pigment than the tone has (Beer-Lambert law)."""
    return np.exp(-(melanin * MELANIN_ABSORPTION + haemoglobin * HAEMOGLOBIN_ABSORPTION)).astype(np.float32)


def root_texture(texture: np.ndarray) -> np.ndarray:
    """Return a texture (H, W, 4) uint8 whose colours are the square root of linear albedo, cheap to undo."""
    table = np.arange(256, dtype=np.uint8)
    table = np.rint(255 * np.sqrt(to_linear(table / 255.0))).astype(np.uint8)
    out = np.take(table, texture)
    out[..., 3] = texture[..., 3]
    return out


def material_table(roughness: float) -> np.ndarray:
    """Return the (10, 4) float32 terms in the order of ``MATERIALS``, with the skin's own roughness."""
    table = np.array([MATERIAL_TERMS[name] for name in MATERIALS], np.float32)
    table[MATERIALS.index("skin"), 0] = roughness
    return table


@dataclass(frozen=True)
class FrameTerms:
    """What changes from frame to frame, all float32, directions in head axes.

    Attributes
    ----------
    to_clip : (4, 4)
    to_camera : (3, 3)
    light_direction : (4, 3)
    up, camera : (3,)
    fold : (R,)
        Depth of every fold.
    to_gaze : (2, 3, 3)
        From head axes to the axes of each eyeball.
    lid : (2, 4)
        Upper lid y, lower lid y, middle x and half width in mm, left eye first.
    view : View
    """

    to_clip: np.ndarray
    to_camera: np.ndarray
    light_direction: np.ndarray
    up: np.ndarray
    camera: np.ndarray
    fold: np.ndarray
    to_gaze: np.ndarray
    lid: np.ndarray
    view: View


@dataclass(frozen=True)
class StaticTerms:
    """What stays the same for an avatar in a scene, all float32.

    Attributes
    ----------
    light_colour : (4, 3)
    light_count : int
    sky, ground : (3,)
    tint : (3,)
    material : (10, 4)
    centre : (2, 3)
    tile : (4,)
        Centre of the eye's tile and texture units per radian.
    iris_rad : float
        Angle from the gaze axis to the edge of the iris, where the cornea begins to bulge.
    """

    light_colour: np.ndarray
    light_count: int
    sky: np.ndarray
    ground: np.ndarray
    tint: np.ndarray
    material: np.ndarray
    centre: np.ndarray
    tile: np.ndarray
    iris_rad: np.float32


def static_terms(mesh: AvatarMesh, scene: Scene) -> StaticTerms:
    """Return what stays the same for an avatar in a scene."""
    colours = np.zeros((MAX_LIGHTS, 3), np.float32)
    for row, light in enumerate(scene.lights[:MAX_LIGHTS]):
        colours[row] = light.colour
    sky = np.asarray(scene.ambient, np.float32)
    tile = TILES["eye"]
    half_width = (tile.width / 2 - 2) / ATLAS_WIDTH / EYE_TILE_ANGLE_RAD
    half_height = (tile.height / 2 - 2) / ATLAS_HEIGHT / EYE_TILE_ANGLE_RAD
    middle = tile.place(np.array([[0.5, 0.5]]))[0]
    return StaticTerms(
        light_colour=colours,
        light_count=min(len(scene.lights), MAX_LIGHTS),
        sky=sky,
        ground=0.5 * sky,
        tint=pigment_tint(mesh.spec.melanin, mesh.spec.haemoglobin),
        material=material_table(mesh.spec.roughness),
        centre=mesh.eye_centres_mm.astype(np.float32),
        tile=np.array([*middle, half_width, half_height], np.float32),
        iris_rad=np.float32(IRIS_MM / mesh.eye_radius_mm),
    )


def frame_terms(
    mesh: AvatarMesh, scene: Scene, positions_mm: np.ndarray, weights: np.ndarray, pose: Pose, size_px: int
) -> FrameTerms:
    """Return what changes with the frame."""
    view = view_of(pose, scene, size_px)
    rotation = view.rotation
    directions = np.zeros((MAX_LIGHTS, 3), np.float32)
    for row, light in enumerate(scene.lights[:MAX_LIGHTS]):
        directions[row] = rotation.T @ np.asarray(light.direction, float)
    return FrameTerms(
        to_clip=view.clip_matrix(),
        to_camera=rotation.astype(np.float32),
        light_direction=directions,
        up=rotation[1].astype(np.float32),
        camera=(rotation[2] * view.distance_mm).astype(np.float32),
        fold=(mesh.crease_rest + mesh.crease_drivers @ np.asarray(weights, np.float32)).clip(0, 1.6),
        to_gaze=_gaze_axes(mesh, positions_mm),
        lid=_lid_lines(mesh, positions_mm),
        view=view,
    )


def _gaze_axes(mesh: AvatarMesh, positions_mm: np.ndarray) -> np.ndarray:
    """Return the rotations (2, 3, 3) from head axes to eyeball axes, read off the turned vertices.

    Eyeballs move rigidly, so that the least squares map from where they are to where they rest is the rotation.
    """
    out = np.empty((2, 3, 3), np.float32)
    for side, (rows, centre) in enumerate(zip(mesh.eye_vertices, mesh.eye_centres_mm, strict=True)):
        few = rows[:: max(len(rows) // EYE_PROBES, 1)]
        rest, now = mesh.rest_mm[few] - centre, positions_mm[few] - centre
        out[side] = np.linalg.solve(now.T @ now, now.T @ rest).T
    return out


def _lid_lines(mesh: AvatarMesh, positions_mm: np.ndarray) -> np.ndarray:
    out = np.empty((2, 4), np.float32)
    radius, centres = mesh.eye_radius_mm, mesh.eye_centres_mm
    out[:, 0], out[:, 1] = centres[:, 1] + 0.42 * radius, centres[:, 1] - 0.40 * radius
    out[:, 2], out[:, 3] = centres[:, 0], LIDS_HALF_WIDTH * radius
    if mesh.lids is not None:
        points = on_surface(mesh.lids[0].reshape(-1, 3), mesh.lids[1].reshape(-1, 3), positions_mm).reshape(2, 2, 3)
        out[:, :2] = points[..., 1]
    return out
