"""Activation seen in the pixels: furrows, edges, brow position, red of the lips.

The landmark network only says where to look. The patches of brows, glabella, nose root and eyes do not even move with
its points: they lie on the person's median face, turned with the head, so that a brow must move through the patch to be
seen. Every value is later taken relative to the same person's median.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from assets.landmarks import MIRROR_POINTS
from synth.audit.geometry import AUDITED
from synth.audit.pose_free import Placement

_MIRROR = np.array(MIRROR_POINTS)
_STEP_MM = 0.6
"""Distance of the samples in a patch; a pixel at the usual framing is 0.9 mm."""


class Look:
    """One picture prepared for measuring.

    Parameters
    ----------
    picture : (H, W, 3) uint8
        RGB.
    placement : Placement
        Of the face in it.
    median_mm : (478, 3) float
        The person's median face.
    points_mm : (478, 3) float
        The face of this picture.
    """

    def __init__(self, picture: np.ndarray, placement: Placement, median_mm: np.ndarray, points_mm: np.ndarray) -> None:
        lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32)
        soft = cv2.GaussianBlur(lab, (0, 0), 0.8)
        light = np.log(soft[..., 0] + 8.0)
        across, down = cv2.Sobel(light, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(light, cv2.CV_32F, 0, 1, scale=0.125)
        self._maps = np.dstack([light, np.abs(across), np.abs(down), soft[..., 1]])
        self.placement, self.median_mm, self.points_mm = placement, median_mm, points_mm
        self.profiles: dict[int, tuple[np.ndarray, float, float]] = {}

    def mirrored(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the median and the present face with their sides exchanged, still at their place."""
        return self.median_mm[_MIRROR], self.points_mm[_MIRROR]

    def patch(self, centre_mm: np.ndarray, width_mm: float, height_mm: float) -> np.ndarray:
        """Return ``light, across, down, red`` (rows, columns, 4) float32 of an upright patch; row 0 is its top."""
        columns = np.arange(-width_mm / 2, width_mm / 2 + 1e-9, _STEP_MM)
        rows = np.arange(height_mm / 2, -height_mm / 2 - 1e-9, -_STEP_MM)
        grid = np.zeros((len(rows), len(columns), 3))
        grid[..., 0], grid[..., 1] = columns, rows[:, None]
        place = self.placement.to_picture(grid + centre_mm).astype(np.float32)
        return cv2.remap(self._maps, place[..., 0], place[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


LIGHT, ACROSS, DOWN, RED = range(4)
Faces = tuple[np.ndarray, np.ndarray]
"""Median and present face (478, 3), with the side that is measured in the place of the subject's right."""


def _at(face: np.ndarray, *points: int) -> np.ndarray:
    return face[list(points)].mean(0)


def _brow_height(look: Look, centre_mm: np.ndarray) -> float:
    """Return the height in mm of the dark band in a patch that does not move with the brow."""
    light = look.patch(centre_mm, 11.0, 24.0)[..., LIGHT].mean(1)
    dark = np.clip(np.quantile(light, 0.6) - light, 0.0, None)
    rows = -np.arange(len(light)) * _STEP_MM
    return float((dark**2 @ rows) / max(float((dark**2).sum()), 1e-9))


def _inner_brow(look: Look, faces: Faces) -> float:
    return _brow_height(look, _at(faces[0], 55, 107, 65, 66))


def _outer_brow(look: Look, faces: Faces) -> float:
    return _brow_height(look, _at(faces[0], 70, 63, 46, 53))


def _glabella(look: Look, faces: Faces) -> float:
    return float(look.patch(_at(faces[0], 8, 9), 15.0, 18.0)[..., ACROSS].mean())


def _nose_root(look: Look, faces: Faces) -> float:
    return float(look.patch(_at(faces[0], 168, 6), 15.0, 12.0)[..., DOWN].mean())


def _crows_feet(look: Look, faces: Faces) -> float:
    lateral = look.patch(_at(faces[0], 143), 9.0, 14.0)
    below = look.patch(_at(faces[0], 118, 230), 18.0, 10.0)
    return float(lateral[..., DOWN].mean() + below[..., DOWN].mean())


def _nasolabial(look: Look, faces: Faces) -> float:
    fold = look.patch(_at(faces[1], 203, 206), 14.0, 16.0)
    return float(np.hypot(fold[..., ACROSS], fold[..., DOWN]).mean())


def _dimple(look: Look, faces: Faces) -> float:
    return float(look.patch(_at(faces[1], 57, 212, 186, 43), 9.0, 14.0)[..., ACROSS].mean())


def _chin(look: Look, faces: Faces) -> float:
    boss = look.patch(_at(faces[1], 18, 200, 199), 22.0, 12.0)
    return float(np.hypot(boss[..., ACROSS], boss[..., DOWN]).mean())


def _lip_profile(look: Look, faces: Faces) -> tuple[np.ndarray, float, float]:
    """Return light and red (rows, 2) down through one half of the mouth, and those of the skin around it."""
    known = look.profiles.get(id(faces))
    if known is not None:
        return known
    face = faces[1]
    top, foot = face[37, 1] + 5.0, face[84, 1] - 5.0
    centre = _at(face, 37, 84, 81, 178)
    centre[1] = (top + foot) / 2
    profile = look.patch(centre, 8.0, top - foot)[..., [LIGHT, RED]].mean(1)
    ends = np.concatenate([profile[:5], profile[-5:]])
    skin_light, skin_red = np.median(ends, axis=0)
    look.profiles[id(faces)] = profile, float(skin_light), float(skin_red)
    return look.profiles[id(faces)]


def _red_height(look: Look, faces: Faces) -> float:
    profile, _, skin_red = _lip_profile(look, faces)
    excess = np.clip(profile[:, 1] - skin_red, 0.0, None)
    peak = max(float(np.quantile(excess, 0.95)), 1.5)
    return -float(np.clip(excess / peak, 0.0, 1.0).sum()) * _STEP_MM


def _lip_contrast(look: Look, faces: Faces) -> float:
    profile, _, _ = _lip_profile(look, faces)
    inside = profile[5:-5, 0]
    return float(inside.max() - inside.min()) if len(inside) else float("nan")


def _dark_height(look: Look, faces: Faces) -> float:
    profile, skin_light, _ = _lip_profile(look, faces)
    return float((profile[:, 0] < skin_light - 0.8).sum()) * _STEP_MM


def _lashes(look: Look, faces: Faces) -> float:
    return -float(look.patch(_at(faces[0], 33, 133, 159, 145), 22.0, 9.0)[..., ACROSS].mean())


@dataclass(frozen=True)
class PixelMeasure:
    """How an Action Unit is read from pixels.

    Attributes
    ----------
    number : int
    formula : str
    relative : bool
        Whether values are divided by the person's median; lengths in millimetres are not.
    visible : float
        Least change that counts as variation, as a share of the median or in millimetres.
    read : function
        Of a ``Look`` and the ``Faces`` of the side.
    """

    number: int
    formula: str
    relative: bool
    visible: float
    read: Callable[[Look, Faces], float]


_TABLE: tuple[PixelMeasure, ...] = (
    PixelMeasure(1, "height of the dark band in a fixed patch over the inner brow", False, 0.8, _inner_brow),
    PixelMeasure(2, "height of the dark band in a fixed patch over the outer brow", False, 0.8, _outer_brow),
    PixelMeasure(4, "energy of upright edges in the glabella", True, 0.15, _glabella),
    PixelMeasure(6, "energy of level edges beside the outer eye corner and below the lid", True, 0.15, _crows_feet),
    PixelMeasure(9, "energy of level edges over the root of the nose", True, 0.15, _nose_root),
    PixelMeasure(10, "energy of edges along the nasolabial fold", True, 0.15, _nasolabial),
    PixelMeasure(12, "energy of edges along the nasolabial fold", True, 0.15, _nasolabial),
    PixelMeasure(14, "energy of upright edges beside the corner of the mouth", True, 0.15, _dimple),
    PixelMeasure(17, "energy of edges on the chin boss", True, 0.15, _chin),
    PixelMeasure(23, "minus the height of the red of both lips", False, 0.6, _red_height),
    PixelMeasure(24, "minus the height of the red of both lips", False, 0.6, _red_height),
    PixelMeasure(25, "span of shades from lip to lip: teeth are brighter, the cavity is darker", False, 0.15,
                 _lip_contrast),
    PixelMeasure(26, "height of what is dark between the lips", False, 1.0, _dark_height),
    PixelMeasure(43, "minus the energy of upright edges in a fixed patch over the eye", True, 0.15, _lashes),
)  # fmt: skip

PIXEL_MEASURES: dict[int, PixelMeasure] = {measure.number: measure for measure in _TABLE}
"""Action Unit number to its pixel measure; 5, 7, 15 and 20 have none."""


def pixel_activation(look: Look) -> np.ndarray:
    """Return the pixel measures (A, 2) float64 of the audited Action Units, left and right; NaN where there is none."""
    right, left = (look.median_mm, look.points_mm), look.mirrored()
    values = np.full((len(AUDITED), 2), np.nan)
    seen: dict[Callable[..., float], tuple[float, float]] = {}
    for row, number in enumerate(AUDITED):
        measure = PIXEL_MEASURES.get(number)
        if measure is None:
            continue
        if measure.read not in seen:
            seen[measure.read] = measure.read(look, left), measure.read(look, right)
        values[row] = seen[measure.read]
    return values
