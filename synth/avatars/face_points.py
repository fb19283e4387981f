"""Named points and curves of the rig's mean face, in a flat chart in which the paint is placed.

The chart unrolls a cylinder around the vertical axis: x is the arc length from the middle line in mm
(positive to the subject's left), y the height above the eyes. Curves are given for the left side;
faces are painted symmetrically.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.rig import Rig

CHART_RADIUS_MM = 85.0

BROW_LOWER, BROW_UPPER = (285, 295, 282, 283, 276), (336, 296, 334, 293, 300)
LIP_OUTER = (0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17)
LIP_INNER = (13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14)
LID_UPPER, LID_LOWER = (362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263)
SINGLE = {
    "nose_tip": 4, "nose_root": 168, "nose_bridge": 197, "nose_base": 2, "wing": 358, "wing_top": 420,
    "chin": 152, "under_lip": 18, "forehead": 10, "temple": 251, "cheek": 280, "jaw": 397, "mouth_corner": 291,
    "lip_top": 0, "lip_bottom": 17,
}  # fmt: skip
"""MediaPipe indices of the left half of the face and of the middle line."""


@dataclass(frozen=True)
class FacePoints:
    """Places in the chart, all (n, 2) or (2,) float, mm.

    Attributes
    ----------
    points : dict of str to (2,)
    brow : (5, 2)
        Middle line of the left brow, from the nose outwards.
    brow_half_height : (5,)
    lip_outer, lip_inner : (11, 2)
        Left half of the lip border and of the line between the lips, from top to bottom.
    lid_upper, lid_lower : (9, 2)
        From the inner to the outer corner of the left eye.
    """

    points: dict[str, np.ndarray]
    brow: np.ndarray
    brow_half_height: np.ndarray
    lip_outer: np.ndarray
    lip_inner: np.ndarray
    lid_upper: np.ndarray
    lid_lower: np.ndarray


def to_chart(points_mm: np.ndarray) -> np.ndarray:
    """Return chart coordinates (..., 2) of points (..., 3) in head axes."""
    x, y, z = np.moveaxis(np.asarray(points_mm), -1, 0)
    return np.stack([CHART_RADIUS_MM * np.arctan2(x, z + CHART_RADIUS_MM), y], -1)


def face_points(rig: Rig) -> FacePoints:
    """Return the curves of a rig: from its landmark table, else from its shape and a template.

    Brows always follow the eyes: landmark tables may have been measured on pictures of these very brows.
    """
    if rig.landmarks is not None:
        chart = to_chart(rig.landmarks.points(rig.vertices_mm))
    else:
        chart = _template(rig)
    template = _template(rig)
    lower, upper = template[list(BROW_LOWER)], template[list(BROW_UPPER)]
    return FacePoints(
        points={name: chart[index] for name, index in SINGLE.items()},
        brow=(lower + upper) / 2,
        brow_half_height=np.maximum((upper - lower)[:, 1] / 2, 1.2),
        lip_outer=chart[list(LIP_OUTER)],
        lip_inner=chart[list(LIP_INNER)],
        lid_upper=chart[list(LID_UPPER)],
        lid_lower=chart[list(LID_LOWER)],
    )


_TEMPLATE = {
    285: (0.40, 0.44), 295: (0.68, 0.52), 282: (1.00, 0.57), 283: (1.30, 0.54), 276: (1.56, 0.40),
    336: (0.40, 0.62), 296: (0.70, 0.74), 334: (1.04, 0.79), 293: (1.36, 0.71), 300: (1.60, 0.46),
    362: (0.55, -0.06), 398: (0.66, 0.09), 384: (0.78, 0.16), 385: (0.90, 0.20), 386: (1.02, 0.21),
    387: (1.14, 0.19), 388: (1.26, 0.14), 466: (1.36, 0.06), 263: (1.46, -0.02),
    382: (0.66, -0.11), 381: (0.78, -0.16), 380: (0.90, -0.19), 374: (1.02, -0.20), 373: (1.14, -0.19),
    390: (1.26, -0.15), 249: (1.36, -0.09),
    168: (0.0, 0.05), 251: (2.3, 0.45), 280: (1.35, -1.0), 10: (0.0, 2.4), 197: (0.0, -0.5),
}  # fmt: skip
"""Landmarks around the eyes in units of half the distance between the eyes."""

_MOUTH_TEMPLATE = {
    0: (0.0, 0.34), 267: (0.20, 0.40), 269: (0.42, 0.33), 270: (0.66, 0.20), 409: (0.86, 0.08), 291: (1.0, 0.0),
    375: (0.86, -0.10), 321: (0.68, -0.22), 405: (0.45, -0.34), 314: (0.22, -0.40), 17: (0.0, -0.42),
    13: (0.0, 0.02), 312: (0.2, 0.02), 311: (0.4, 0.02), 310: (0.6, 0.01), 415: (0.8, 0.0), 308: (0.95, 0.0),
    324: (0.8, 0.0), 318: (0.6, -0.01), 402: (0.4, -0.01), 317: (0.2, -0.01), 14: (0.0, -0.01), 18: (0.0, -0.62),
}  # fmt: skip
"""Landmarks of the mouth in units of half its width."""


def _template(rig: Rig) -> np.ndarray:
    """Return approximate landmarks (478, 2) for a rig without a landmark table; NaN where not needed."""
    chart = np.full((478, 2), np.nan)
    skin = np.unique(np.concatenate([part.faces.ravel() for part in rig.parts if part.material == "skin"]))
    points = rig.vertices_mm[skin].astype(float)
    half = float(np.abs(to_chart(rig.eye_centres_mm())[:, 0]).mean())
    for index, place in _TEMPLATE.items():
        chart[index] = np.array(place) * half
    middle = points[np.abs(points[:, 0]) < 0.25 * half]
    nose = middle[(middle[:, 1] < 0) & (middle[:, 1] > -3 * half)]
    tip = nose[nose[:, 2].argmax()]
    mouth, corner = _mouth_line(rig, skin, tip, half)
    for index, place in _MOUTH_TEMPLATE.items():
        chart[index] = [place[0] * corner, mouth + place[1] * corner]
    chart[4], chart[2] = [0, tip[1]], [0, tip[1] - 0.32 * half]
    chart[358], chart[420] = [0.58 * half, tip[1] - 0.08 * half], [0.48 * half, tip[1] + 0.3 * half]
    below = middle[middle[:, 1] < mouth - 0.7 * half]
    front = below[below[:, 2] > below[:, 2].max() - 0.25 * half]
    chart[152] = [0, front[:, 1].min()]
    chart[397] = [1.6 * half, mouth - 0.45 * half]
    return chart


def _mouth_line(rig: Rig, skin: np.ndarray, tip: np.ndarray, half: float) -> tuple[float, float]:
    """Return the height of the line between the lips and half its width in the chart."""
    inside = [part.faces.ravel() for part in rig.parts if part.material == "cavity"]
    shared = np.intersect1d(skin, np.concatenate(inside)) if inside else np.zeros(0, int)
    if len(shared) < 6:
        return tip[1] - 1.0 * half, 0.85 * half
    line = to_chart(rig.vertices_mm[shared])
    return float(line[:, 1].mean()), float(line[:, 0].max())
