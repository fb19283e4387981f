"""A renderer without any graphics library: coverage and shading compiled with numba."""

from __future__ import annotations

import numpy as np

from assets.rig import MATERIALS
from synth.avatars.mesh import AvatarMesh
from synth.render.background import paint_background
from synth.render.raster_kernels import CORNER, PLANE, cover, halve, light_vertices, project_vertices
from synth.render.scene import Pose, Scene
from synth.render.shade_kernels import shade, tone_table
from synth.render.shading import frame_terms, root_texture, static_terms

PYRAMID_LEVELS = 6

HAIR_COARSER = 2.5
"""Factor on the texels of hair; 4 would be one level of the pyramid."""

TONE = tone_table()


class SoftwareRenderer:
    """Draws without a graphics library; see `synth.render.protocol.Renderer`.

    Parameters
    ----------
    size_px : int
        Side of the pictures.
    samples : int
        Coverage samples per pixel: 1, 4, 9 or 16; 2 is drawn as 4.
    """

    name = "software"

    def __init__(self, size_px: int, samples: int) -> None:
        self.size_px, self.samples = size_px, samples
        self._side = max(2, round(samples**0.5)) if samples > 1 else 1
        shape = (size_px * self._side, size_px * self._side)
        self._depth, self._owner = np.empty(shape, np.float32), np.empty(shape, np.int32)
        self._mesh: AvatarMesh | None = None

    def load(self, mesh: AvatarMesh, scene: Scene) -> None:
        """Prepare everything that does not change from frame to frame."""
        self._mesh, self._scene = mesh, scene
        self._terms = static_terms(mesh, scene)
        self._background = paint_background(scene.background, self.size_px)
        self._maps, self._sizes = packed_pyramid(root_texture(mesh.texture), mesh.crease_map)
        self._alpha = np.ascontiguousarray(mesh.texture[..., 3])
        self._texels = _texel_areas(mesh) * np.float32(self._side**2)
        self._points = np.empty((len(mesh.rest_mm), 3), np.float32)
        self._corner = np.zeros((len(mesh.rest_mm), CORNER), np.float32)
        self._corner[:, 6:8] = mesh.uv
        self._used = np.empty(len(mesh.rest_mm), np.bool_)
        self._plane = np.empty((len(mesh.triangles), PLANE), np.float32)
        starts = [mesh.ranges[name][0] for name in ("solid", "eye", "strand")]
        self._starts = np.array(starts, np.int64)

    def draw(self, positions_mm: np.ndarray, normals: np.ndarray, weights: np.ndarray, pose: Pose) -> np.ndarray:
        """Return the picture (size, size, 3) uint8; see `synth.render.protocol.Renderer.draw`."""
        mesh = self._mesh
        if mesh is None:
            raise RuntimeError("load an avatar before drawing")
        frame = frame_terms(mesh, self._scene, positions_mm, weights, pose, self.size_px)
        fixed = self._terms
        positions = np.ascontiguousarray(positions_mm, np.float32)
        project_vertices(positions, frame.to_clip, np.float32(self.size_px * self._side), self._points)
        self._cover(mesh)
        light_vertices(
            positions, np.ascontiguousarray(normals, np.float32), mesh.occlusion, mesh.visibility, mesh.materials,
            mesh.crease_regions, self._used, fixed.material, frame.light_direction, fixed.light_colour,
            fixed.light_count, fixed.sky, fixed.ground, frame.up, frame.camera, frame.fold, self._corner,
        )  # fmt: skip
        picture = np.empty((self.size_px, self.size_px, 3), np.uint8)
        shade(
            self._owner, self._depth, self._side, mesh.triangles, self._plane, self._corner, positions, self._starts,
            self._maps, self._sizes, fixed.tint, fixed.centre, frame.to_gaze, frame.lid, fixed.tile, fixed.iris_rad,
            frame.light_direction, fixed.light_colour, fixed.sky, fixed.ground, frame.up, frame.camera, TONE,
            self._background, picture,
        )  # fmt: skip
        return picture

    def close(self) -> None:
        """Forget the avatar."""
        self._mesh = None

    def _cover(self, mesh: AvatarMesh) -> None:
        self._depth.fill(2.0)
        self._owner.fill(-1)
        self._used.fill(False)
        nothing = np.zeros((1, 1), np.uint8)
        for name in ("solid", "eye", "strand", "cut"):
            first, count = mesh.ranges[name]
            alpha = self._alpha if name == "cut" else nothing
            cover(
                self._points, mesh.triangles, first, count, name in ("strand", "cut"), self._texels, self._corner,
                alpha, self._depth, self._owner, self._plane, self._used,
            )  # fmt: skip


def picture_pyramid(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return a picture at falling resolutions, all levels in one array.

    Parameters
    ----------
    picture : (H, W, 4) uint8
        Sides divisible by 2 ** 5.

    Returns
    -------
    texels : (N, 4) uint8
    offsets, widths, heights : (6,) int64
        First texel and size of each level.
    """
    levels = [np.ascontiguousarray(picture)]
    for _ in range(PYRAMID_LEVELS - 1):
        finer = levels[-1]
        levels.append(np.empty((finer.shape[0] // 2, finer.shape[1] // 2, 4), np.uint8))
        halve(finer, levels[-1])
    sizes = np.array([level.shape[:2] for level in levels], np.int64)
    offsets = np.concatenate([[0], np.cumsum(sizes.prod(1))[:-1]])
    flat = np.concatenate([level.reshape(-1, 4) for level in levels])
    return flat, offsets, sizes[:, 1].copy(), sizes[:, 0].copy()


def packed_pyramid(albedo: np.ndarray, crease: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return two pictures as one pyramid, so that a place of both lies in one line of the cache.

    Parameters
    ----------
    albedo, crease : (H, W, 4) uint8

    Returns
    -------
    maps : (N, 2) uint32
        Four channels to a word, albedo first.
    sizes : (6, 3) int64
        First texel, width and height of each level.
    """
    texels, offsets, widths, heights = picture_pyramid(albedo)
    maps = np.empty((len(texels), 2), np.uint32)
    for column, flat in enumerate((texels, picture_pyramid(crease)[0])):
        maps[:, column] = flat.view("<u4")[:, 0]
    return maps, np.stack([offsets, widths, heights], 1)


def _texel_areas(mesh: AvatarMesh) -> np.ndarray:
    """Return twice the area (F,) of each triangle in texels of the atlas, more of hair for a coarser level.

    Strands are narrow across and smooth along, and the hair's texels are finer across: an area does not tell that.
    """
    height, width = mesh.texture.shape[:2]
    a, b, c = (mesh.uv[mesh.triangles[:, k]] * [width, height] for k in range(3))
    u, v = b - a, c - a
    area = np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])
    hair = mesh.materials[mesh.triangles[:, 0]] == MATERIALS.index("hair")
    return np.maximum(np.where(hair, HAIR_COARSER * area, area), 1e-3).astype(np.float32)
