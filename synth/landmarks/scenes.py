"""Scene cuts and changes of person: where a track must not be taken for one face."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from synth.landmarks.finder import Face

CUT_CHANGE = 0.45
"""Share of the picture's colours that changes at a cut; movement within a scene stays below 0.2."""

SAME_COLOURS = 0.15
"""Change of colours up to which a picture belongs to a scene that was seen before."""

LEAP = 0.75
"""Distance between two consecutive places of a face, in sizes of the face, that no head covers in a frame."""

GROWTH = 1.5
"""Ratio of sizes that no face reaches from one frame to the next."""

_NEIGHBOURS = 3
"""Frames farther apart than this say nothing by the place of the face."""


def colours(picture: np.ndarray) -> np.ndarray:
    """Return the shares (64,) of 4 x 4 x 4 colours in a (H, W, 3) uint8 picture."""
    small = cv2.resize(picture, (64, 36), interpolation=cv2.INTER_AREA).astype(np.int64) // 64
    counts = np.bincount((small[..., 0] * 16 + small[..., 1] * 4 + small[..., 2]).ravel(), minlength=64)
    return counts / counts.sum()


def change(one: np.ndarray, other: np.ndarray) -> float:
    """Return the share of colours that differ, in [0, 1]."""
    return 0.5 * float(np.abs(one - other).sum())


@dataclass
class _Scene:
    """A scene as it was last seen."""

    colours: np.ndarray
    centre_px: np.ndarray
    size_px: float
    rows: int = 0


class SceneSplitter:
    """Numbers the scenes of a video while it is tracked.

    A scene ends where the colours of the whole picture change, or where the face is suddenly in another place or
    of another size. A picture that looks like a scene from before, with the face in the same place, goes on with
    that one: shot and countershot alternate between two people.
    """

    def __init__(self) -> None:
        self._scenes: list[_Scene] = []
        self._now = -1
        self._frame = 0

    def step(self, picture: np.ndarray, face: Face | None, frame: int) -> int:
        """Return the scene of the next picture, -1 where it shows no face."""
        if face is None:
            return -1
        seen = colours(picture)
        if self._now < 0 or self._leaves(self._scenes[self._now], seen, face, frame - self._frame):
            self._now = self._found(seen, face)
        scene = self._scenes[self._now]
        scene.colours, scene.centre_px, scene.size_px = seen, face.centre_px, face.size_px
        scene.rows += 1
        self._frame = frame
        return self._now

    def _leaves(self, scene: _Scene, seen: np.ndarray, face: Face, gap: int) -> bool:
        if change(scene.colours, seen) > CUT_CHANGE:
            return True
        return gap <= _NEIGHBOURS and not _same_place(scene, face)

    def _found(self, seen: np.ndarray, face: Face) -> int:
        for number, scene in enumerate(self._scenes):
            if number != self._now and change(scene.colours, seen) < SAME_COLOURS and _same_place(scene, face):
                return number
        self._scenes.append(_Scene(seen, face.centre_px, face.size_px))
        return len(self._scenes) - 1


def _same_place(scene: _Scene, face: Face) -> bool:
    apart = float(np.linalg.norm(face.centre_px - scene.centre_px))
    ratio = face.size_px / max(scene.size_px, 1e-9)
    return apart < LEAP * max(face.size_px, scene.size_px) and 1 / GROWTH < ratio < GROWTH


def by_length(scenes: np.ndarray) -> np.ndarray:
    """Return scene numbers (T,) int16 renamed so that 0 is the longest; rows without a face get 0."""
    seen = scenes >= 0
    names, counts = np.unique(scenes[seen], return_counts=True)
    rank = {int(name): place for place, name in enumerate(names[np.argsort(-counts, kind="stable")])}
    return np.array([rank[int(scene)] if scene >= 0 else 0 for scene in scenes], np.int16)
