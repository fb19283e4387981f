"""Finding faces in one picture: the whole picture first, then overlapping tiles for small faces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from synth.landmarks.canonical import shape_error_mm
from synth.landmarks.window import Window, window_around

TILE_SIDES = (1.0, 0.5, 0.3)
"""Tile sides as fractions of the picture's shorter side, tried from large to small."""

SURE_PRESENCE = 0.5
"""Least presence at which a window counts as a face."""

SURE_DETECTION = 0.65
"""Least score that the detector must give to a close-up of a new face; letters and foliage reach 0.63."""

LARGEST_SHAPE_ERROR_MM = 9.0
"""Landmarks farther than this from the canonical face are no face; 7.3 is the most seen on a tracked one."""


class Networks(Protocol):
    """What a landmark backend offers."""

    name: str

    def detect(self, picture: np.ndarray) -> list:
        """Return detections, best first."""
        ...

    def landmarks(self, picture: np.ndarray, window: Window) -> tuple[np.ndarray, float]:
        """Return (478, 3) landmarks and the probability of a face."""
        ...

    def blendshapes(self, points_px: np.ndarray) -> np.ndarray:
        """Return (51,) scores."""
        ...


@dataclass(frozen=True)
class Face:
    """A face whose landmarks are known.

    Attributes
    ----------
    points_px : (478, 3) float64
    presence : float
    """

    points_px: np.ndarray
    presence: float

    @property
    def centre_px(self) -> np.ndarray:
        """Middle of the bounding box, (2,)."""
        flat = self.points_px[:, :2]
        return (flat.min(0) + flat.max(0)) / 2

    @property
    def size_px(self) -> float:
        """Longer side of the bounding box."""
        flat = self.points_px[:, :2]
        return float((flat.max(0) - flat.min(0)).max())


def tiles(height: int, width: int, fraction: float) -> Iterator[tuple[int, int, int]]:
    """Yield ``(left, top, side)`` of square tiles that overlap by half and cover the picture."""
    side = max(32, round(min(height, width) * fraction))

    def starts(length: int) -> list[int]:
        last = max(0, length - side)
        count = int(np.ceil(last / (side / 2))) + 1 if last else 1
        return [round(x) for x in np.linspace(0, last, count)]

    for top in starts(height):
        for left in starts(width):
            yield left, top, side


def confirm(networks: Networks, picture: np.ndarray, window: Window) -> Face | None:
    """Return the face in a window, or None if any of three independent checks speaks against one.

    The mesh network must be sure of it, its points must have the shape of a face, and the detector must see
    it again in a close-up. Points are placed twice, so that they are as exact as in a tracked frame.
    """
    points, presence = networks.landmarks(picture, window)
    if presence < SURE_PRESENCE:
        return None
    around = window_around(points)
    points, presence = networks.landmarks(picture, around)
    if presence < SURE_PRESENCE or shape_error_mm(points) > LARGEST_SHAPE_ERROR_MM:
        return None
    scores = [d.score for margin in (1.2, 2.2) for d in networks.detect(_close_up(picture, around, margin))]
    return Face(points, presence) if max(scores, default=0.0) >= SURE_DETECTION else None


def _close_up(picture: np.ndarray, window: Window, margin: float) -> np.ndarray:
    """Return an upright square around a window, ``margin`` times as large, black outside the picture."""
    half = max(8, round(margin * window.side_px / 2))
    left, top = (round(c) - half for c in window.centre_px)
    inside = picture[max(0, top) : max(0, top + 2 * half), max(0, left) : max(0, left + 2 * half)]
    above, before = max(0, -top), max(0, -left)
    below, behind = max(0, 2 * half - above - inside.shape[0]), max(0, 2 * half - before - inside.shape[1])
    return cv2.copyMakeBorder(inside, above, below, before, behind, cv2.BORDER_CONSTANT, value=(0, 0, 0))


def find_faces(networks: Networks, picture: np.ndarray, tiled: bool = True) -> list[Face]:
    """Find the faces of a picture, large ones first.

    Tiles are searched only where the whole picture, or a coarser level of tiles, shows no face.

    Parameters
    ----------
    networks : Networks
    picture : (H, W, 3) uint8
    tiled : bool
        Whether to look for faces smaller than about a sixth of the picture.

    Returns
    -------
    list of Face
        Without duplicates.
    """
    height, width = picture.shape[:2]
    levels: list[list[tuple[int, int, int]]] = [[(0, 0, max(height, width))]]
    if tiled:
        levels += [list(tiles(height, width, fraction)) for fraction in TILE_SIDES]
    for level in levels:
        faces: list[Face] = []
        for left, top, side in level:
            part = picture[top : top + side, left : left + side]
            for detection in networks.detect(np.ascontiguousarray(part)):
                window = detection.window.shifted(left, top)
                if any(_same(window, face) for face in faces):
                    continue
                face = confirm(networks, picture, window)
                if face is not None and not any(_same(window_around(face.points_px), other) for other in faces):
                    faces.append(face)
        if faces:
            return sorted(faces, key=lambda face: -face.size_px)
    return []


def _same(window: Window, face: Face) -> bool:
    return float(np.linalg.norm(np.array(window.centre_px) - face.centre_px)) < 0.4 * face.size_px
