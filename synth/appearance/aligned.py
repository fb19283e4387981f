"""The face laid flat: a small grey picture in which stable points sit at fixed places."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from synth.landmarks.canonical import canonical_face_mm

WIDTH, HEIGHT = 160, 208
"""Size of the aligned picture in pixels."""

PX_PER_MM = 1.0
"""Scale of the aligned picture, in millimetres of the canonical face, whose eyes are 63 mm apart."""

_MIDDLE_X, _EYE_Y = 80.0, 76.0
_STABLE = (33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 127, 356, 234, 454)
"""Eye corners, bridge and tip of the nose, temples: points that hardly move with expression."""

_EYES = (33, 133, 362, 263)
_MOST_SHRINK = 0.55
_LOGARITHM = np.log(np.arange(256, dtype=np.float32) + 6.0)


@dataclass(frozen=True)
class AlignedFace:
    """A face in the aligned picture.

    Attributes
    ----------
    luma : (HEIGHT, WIDTH) float32
        Logarithm of the brightness: a lamp that is dimmed adds a constant.
    redness : (HEIGHT, WIDTH) float32
        Logarithm of red over green.
    points : (478, 2) float32
        Landmarks in the aligned picture.
    eyes_px : float
        Distance between the eyes in the source, in pixels.
    """

    luma: np.ndarray
    redness: np.ndarray
    points: np.ndarray
    eyes_px: float


def canonical_places() -> np.ndarray:
    """Return where the 468 landmarks of the canonical face lie in the aligned picture, (468, 2)."""
    points, _ = canonical_face_mm()
    eyes = points[list(_EYES), 1].mean()
    return np.column_stack([_MIDDLE_X + PX_PER_MM * points[:, 0], _EYE_Y - PX_PER_MM * (points[:, 1] - eyes)]).astype(
        np.float64
    )


def align(picture: np.ndarray, points_px: np.ndarray) -> AlignedFace:
    """Return the aligned face of a picture.

    Parameters
    ----------
    picture : (H, W, 3) uint8
        RGB.
    points_px : (478, 2|3) float
        Finite landmarks.
    """
    seen = points_px[:, :2].astype(np.float64)
    target = _places()[list(_STABLE)]
    source = np.column_stack([seen[list(_STABLE)], np.ones(len(_STABLE))])
    linear = np.linalg.lstsq(source, target, rcond=None)[0].T
    flat, shrunk = _shrunken(picture, seen, linear)
    moved = shrunk.copy()
    moved[:, 2] += shrunk[:, :2] @ [0.5, 0.5] - 0.5
    crop = cv2.warpAffine(flat, moved, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    red, green, blue = cv2.split(cv2.LUT(crop, _LOGARITHM))
    luma = 0.35 * red + 0.5 * green + 0.15 * blue
    left, right = seen[[263, 362]].mean(0), seen[[33, 133]].mean(0)
    places = seen @ linear[:, :2].T + linear[:, 2]
    return AlignedFace(luma, red - green, places.astype(np.float32), float(np.linalg.norm(left - right)))


def _shrunken(picture: np.ndarray, seen: np.ndarray, linear: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the part of the picture around the face, averaged down if large, and the map from it."""
    size = seen.max(0) - seen.min(0)
    low = np.clip(np.floor(seen.min(0) - 0.3 * size), 0, [picture.shape[1] - 1, picture.shape[0] - 1]).astype(int)
    high = np.clip(np.ceil(seen.max(0) + 0.3 * size), low + 1, [picture.shape[1], picture.shape[0]]).astype(int)
    part = picture[low[1] : high[1], low[0] : high[0]]
    moved = linear.copy()
    moved[:, 2] += linear[:, :2] @ low
    zoom = float(np.sqrt(abs(np.linalg.det(linear[:, :2]))))
    if zoom < _MOST_SHRINK:
        factor = max(1, round(0.9 / zoom))
        width, height = max(1, part.shape[1] // factor), max(1, part.shape[0] // factor)
        moved[:, :2] = moved[:, :2] * np.array([part.shape[1] / width, part.shape[0] / height])
        part = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(part), moved


_CACHE: list[np.ndarray] = []


def _places() -> np.ndarray:
    if not _CACHE:
        _CACHE.append(canonical_places())
    return _CACHE[0]
