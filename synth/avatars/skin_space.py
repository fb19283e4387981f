"""The skin of a rig texel by texel: where each texel lies on the head, and noise that lives on the surface."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numba import njit
from scipy import ndimage

from assets.rig import Rig
from synth.avatars.atlas import TILES
from synth.avatars.face_points import FacePoints, face_points, to_chart
from synth.avatars.surface import Surface

SIDE = TILES["skin"].width

_SURFACES: dict[str, tuple[Rig, Surface]] = {}


@dataclass(frozen=True, eq=False)
class SkinSpace:
    """Maps of the skin tile, rows from the top.

    Attributes
    ----------
    position_mm : (S, S, 3) float32
        Point of the mean head; texels off the skin take the nearest texel's.
    chart : (S, S, 2) float32
        Chart of `synth.avatars.face_points`; its first coordinate is made positive on both sides.
    side : (S, S) float32
        Smooth from -1 (subject's right) to +1 (left).
    front : (S, S) float32
        1 on the face, falling to 0 towards the ears.
    inside : (S, S) bool
        Texels that belong to the skin.
    maps : dict of str to (S, S) float32
        The rig's masks, 0 to 1.
    points : FacePoints
    """

    position_mm: np.ndarray
    chart: np.ndarray
    side: np.ndarray
    front: np.ndarray
    inside: np.ndarray
    maps: dict[str, np.ndarray]
    points: FacePoints


def skin_space(rig: Rig, surface: Surface) -> SkinSpace:
    """Return the maps of a rig's skin; computed once per process."""
    key = rig.fingerprint or f"{rig.name}:{rig.version}:{id(rig)}"
    _SURFACES[key] = (rig, surface)
    return _cached(key)


@lru_cache(maxsize=4)
def _cached(key: str) -> SkinSpace:
    rig, surface = _SURFACES[key]
    skin = np.array([part.material == "skin" for part in rig.parts])[surface.parts]
    triangles = surface.triangles[skin[surface.triangles[:, 0]]]
    rest = np.ascontiguousarray(surface.refine @ rig.vertices_mm, np.float32)
    place = np.clip(surface.rig_uv, 0, 1) * SIDE
    place[:, 1] = SIDE - place[:, 1]
    position = np.zeros((SIDE, SIDE, 3), np.float32)
    inside = np.zeros((SIDE, SIDE), np.bool_)
    _fill(np.ascontiguousarray(place, np.float32), triangles, rest, position, inside)
    rows, columns = ndimage.distance_transform_edt(~inside, return_distances=False, return_indices=True)
    position = position[rows, columns]
    chart = to_chart(position).astype(np.float32)
    side = np.clip(chart[..., 0] / 6.0, -1, 1)
    chart[..., 0] = np.abs(chart[..., 0])
    front = np.clip((position[..., 2] + 62) / 40, 0, 1)
    maps = {name: _resized(picture) for name, picture in rig.maps.items()}
    return SkinSpace(position, chart, side, front.astype(np.float32), inside, maps, face_points(rig))


def _resized(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape
    rows = (np.arange(SIDE) + 0.5) * height / SIDE - 0.5
    columns = (np.arange(SIDE) + 0.5) * width / SIDE - 0.5
    places = np.meshgrid(rows, columns, indexing="ij")
    values = ndimage.map_coordinates(picture.astype(np.float32) / 255, places, order=1, mode="nearest")
    return values.astype(np.float32)


@njit(cache=True, fastmath=True)
def _fill(place, triangles, values, out, inside):  # pragma: no cover - compiled
    rows, columns = inside.shape
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, x1, y1, x2, y2 = place[a, 0], place[a, 1], place[b, 0], place[b, 1], place[c, 0], place[c, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(area) < 1e-9:
            continue
        left, right = max(int(min(x0, x1, x2) - 0.5), 0), min(int(max(x0, x1, x2) + 1), columns - 1)
        top, bottom = max(int(min(y0, y1, y2) - 0.5), 0), min(int(max(y0, y1, y2) + 1), rows - 1)
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                x, y = column + 0.5, row + 0.5
                w1 = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) / area
                w2 = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) / area
                w0 = 1 - w1 - w2
                if w0 >= -0.01 and w1 >= -0.01 and w2 >= -0.01:
                    inside[row, column] = True
                    for k in range(3):
                        out[row, column, k] = w0 * values[a, k] + w1 * values[b, k] + w2 * values[c, k]


def noise(position_mm: np.ndarray, scale_mm: float, seed: int, octaves: int = 3) -> np.ndarray:
    """Return smooth noise (...,) float32 of about unit variance on the surface.

    Parameters
    ----------
    position_mm : (..., 3) float32
    scale_mm : float
        Size of the largest spots; each further octave is half as large and 0.6 times as strong.
    seed : int
    octaves : int
    """
    flat = np.ascontiguousarray(position_mm.reshape(-1, 3), np.float32)
    out = np.zeros(len(flat), np.float32)
    _noise(flat, np.float32(1 / scale_mm), seed, octaves, out)
    return out.reshape(position_mm.shape[:-1])


@njit(cache=True)
def _hash(x, y, z, seed):  # pragma: no cover - compiled
    h = np.uint32(x) * np.uint32(374761393) + np.uint32(y) * np.uint32(668265263)
    h = h + np.uint32(z) * np.uint32(2147483647 - 40499) + np.uint32(seed) * np.uint32(1274126177)
    h = np.uint32((h ^ (h >> np.uint32(13))) * np.uint32(1274126177))
    h = np.uint32((h ^ (h >> np.uint32(16))) * np.uint32(2246822519))
    # half of the number, so that it fits a signed word, which converts to float32 in one step
    return np.float32(np.int32((h ^ (h >> np.uint32(15))) >> np.uint32(1))) * np.float32(4 / 4294967295.0) - np.float32(
        1
    )


@njit(cache=True, fastmath=True)
def _noise(points, frequency, seed, octaves, out):  # pragma: no cover - compiled
    one, two, three = np.float32(1), np.float32(2), np.float32(3)
    for i in range(points.shape[0]):
        amplitude, scale = np.float32(1.9), frequency
        for octave in range(octaves):
            x = points[i, 0] * scale + np.float32(511)
            y = points[i, 1] * scale + np.float32(733)
            z = points[i, 2] * scale + np.float32(917)
            x0, y0, z0 = np.int32(np.floor(x)), np.int32(np.floor(y)), np.int32(np.floor(z))
            fx, fy, fz = x - np.float32(x0), y - np.float32(y0), z - np.float32(z0)
            fx, fy, fz = fx * fx * (three - two * fx), fy * fy * (three - two * fy), fz * fz * (three - two * fz)
            total = np.float32(0)
            for k in range(8):
                dx, dy, dz = k & 1, (k >> 1) & 1, (k >> 2) & 1
                w = (fx if dx else one - fx) * (fy if dy else one - fy) * (fz if dz else one - fz)
                total += w * _hash(x0 + dx, y0 + dy, z0 + dz, seed + 7919 * octave)
            out[i] += amplitude * total
            amplitude *= np.float32(0.6)
            scale *= two
