"""The real face cut out of its picture, registered to the twins."""

from __future__ import annotations

import cv2
import numpy as np

from synth.framing import crop_from_source

MOST_SHRINK = 0.6
"""Below this zoom the picture is averaged down first, so that fine texture does not alias."""


def roll_of(rotation: np.ndarray) -> float:
    """Return the in-plane rotation of a head (3, 3), radians, positive clockwise in the picture."""
    return float(np.arctan2(-rotation[1, 0], rotation[0, 0]))


def without_roll(rotation: np.ndarray) -> np.ndarray:
    """Return the head rotation (3, 3) with the line of the eyes level in the picture."""
    roll = roll_of(rotation)
    cosine, sine = np.cos(roll), np.sin(roll)
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]) @ rotation


def crop_maps(eyes_px: np.ndarray, px_per_mm: np.ndarray, rotation: np.ndarray, size_px: int) -> np.ndarray:
    """Return the (T, 2, 3) float32 maps from source to crop pixels; NaN where the head is unknown.

    Parameters
    ----------
    eyes_px : (T, 2) float
    px_per_mm : (T,) float
    rotation : (T, 3, 3) float
    size_px : int
    """
    maps = np.full((len(px_per_mm), 2, 3), np.nan, np.float32)
    for row in np.flatnonzero(np.isfinite(eyes_px).all(1) & (px_per_mm > 0)):
        maps[row] = crop_from_source(eyes_px[row], float(px_per_mm[row]), roll_of(rotation[row]), size_px)
    return maps


def cut_crop(picture: np.ndarray, crop_map: np.ndarray, size_px: int) -> np.ndarray:
    """Return the (size, size, 3) uint8 crop of a (H, W, 3) uint8 picture.

    Parameters
    ----------
    crop_map : (2, 3) float
        From source to crop; both count from the corner of the first pixel, whose centre is (0.5, 0.5).
        What lies outside the picture repeats its edge.
    """
    linear = np.asarray(crop_map[:, :2], float)
    shift = np.asarray(crop_map[:, 2], float)
    zoom = np.sqrt(abs(np.linalg.det(linear)))
    if zoom < MOST_SHRINK:
        factor = max(1, round(0.9 / zoom))
        height, width = max(1, picture.shape[0] // factor), max(1, picture.shape[1] // factor)
        scale = np.array([picture.shape[1] / width, picture.shape[0] / height])
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        linear = linear * scale
    shift = shift + linear @ [0.5, 0.5] - 0.5
    return cv2.warpAffine(
        picture, np.column_stack([linear, shift]), (size_px, size_px), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
