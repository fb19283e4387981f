"""Maps in the texture space of a rig: which point of the head lies under each texel."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from assets.rig import Part, Rig

CHUNK_TEXELS = 4_000_000
INSIDE_TOLERANCE = 1e-4

SKIN_DETAIL = "skin_detail"
"""Name of the map of fine brightness differences that an imported skin texture leaves: 128 is none."""

DETAIL_LIMIT = 0.35
"""Largest change of brightness in that map, as a natural logarithm: 255 stands for it, 1 for as much darker."""


def position_map(rig: Rig, size: int, materials: Iterable[str] = ("skin",)) -> tuple[np.ndarray, np.ndarray]:
    """Return the neutral head's position under each texel.

    Parameters
    ----------
    rig : Rig
    size : int
        Side of the square map.
    materials : iterable of str
        Parts of these materials are drawn.

    Returns
    -------
    positions : (size, size, 3) float32
        Millimetres; row 0 is the top of the texture (v = 1). Texels outside are zero.
    covered : (size, size) bool
        Where the surface lies.
    """
    chosen = set(materials)
    parts = tuple(part for part in rig.parts if part.material in chosen and not part.optional)
    corners = np.concatenate([triangles(part.faces) for part in parts])
    textures = np.concatenate([triangles(part.uv_faces) for part in parts])
    return rasterise(rig.uv[textures], rig.vertices_mm[corners], size)


def attribute_map(
    rig: Rig, parts: Iterable[Part], uv_attribute: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Interpolate an attribute (N, K) of the texture vertices over the texels of some parts; see `rasterise`."""
    textures = np.concatenate([triangles(part.uv_faces) for part in parts])
    return rasterise(rig.uv[textures], uv_attribute[textures], size)


def triangles(faces: np.ndarray) -> np.ndarray:
    """Split faces (F, 4) into triangles (T, 3); repeated indices give none."""
    split = np.stack([faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]], 1).reshape(-1, 3)
    a, b, c = split.T
    return split[(a != b) & (b != c) & (c != a)]


def rasterise(uv: np.ndarray, values: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw triangles into a texture; later triangles win.

    Parameters
    ----------
    uv : (T, 3, 2) float
        In [0, 1], v up.
    values : (T, 3, K) float
        Interpolated linearly.
    size : int

    Returns
    -------
    image : (size, size, K) float32
    covered : (size, size) bool
    """
    pixels = np.stack([uv[..., 0] * size, (1 - uv[..., 1]) * size], -1).astype(np.float64) - 0.5
    image = np.zeros((size * size, values.shape[-1]), np.float32)
    covered = np.zeros(size * size, bool)
    low, high = np.floor(pixels.min(1)).astype(int), np.ceil(pixels.max(1)).astype(int)
    side = np.maximum((high - low).max(1) + 1, 1)
    bucket = np.ceil(np.log2(side)).astype(int)
    for exponent in np.unique(bucket):
        rows = np.flatnonzero(bucket == exponent)
        edge = 2**exponent
        step = max(1, CHUNK_TEXELS // (edge * edge))
        for start in range(0, len(rows), step):
            some = rows[start : start + step]
            _fill(pixels[some], values[some], low[some], edge, size, image, covered)
    return image.reshape(size, size, -1), covered.reshape(size, size)


def _fill(
    pixels: np.ndarray,
    values: np.ndarray,
    low: np.ndarray,
    edge: int,
    size: int,
    image: np.ndarray,
    covered: np.ndarray,
) -> None:
    offsets = np.stack(np.meshgrid(np.arange(edge), np.arange(edge)), -1).reshape(-1, 2)
    place = low[:, None] + offsets[None]
    a, b, c = (pixels[:, k, None] for k in range(3))
    area = (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])
    area = np.where(np.abs(area) < 1e-12, np.inf, area)

    def share(p: np.ndarray, q: np.ndarray) -> np.ndarray:
        return (
            (p[..., 0] - place[..., 0]) * (q[..., 1] - place[..., 1])
            - (p[..., 1] - place[..., 1]) * (q[..., 0] - place[..., 0])
        ) / area

    weights = np.stack([share(b, c), share(c, a), share(a, b)], -1)
    on_map = (place >= 0).all(-1) & (place < size).all(-1)
    inside = (weights >= -INSIDE_TOLERANCE).all(-1) & on_map & np.isfinite(area)
    triangle, texel = np.nonzero(inside)
    target = place[triangle, texel, 1] * size + place[triangle, texel, 0]
    image[target] = (weights[triangle, texel][:, :, None] * values[triangle]).sum(1)
    covered[target] = True
