"""Where the face sits in every 256-pixel picture, real crop and twin alike."""

from __future__ import annotations

import numpy as np

EYE_LINE = 0.40
"""Height of the midpoint between the eye centres, as a fraction of the picture from its top."""

HEAD_SCALE = 0.00425
"""Picture sides per millimetre at the depth of the eyes: 63 mm between the eyes span 0.268 of the side."""


def crop_from_source(eyes_px: np.ndarray, px_per_mm: float, roll_rad: float, size_px: int) -> np.ndarray:
    """Return the (2, 3) affine map that puts a real face where the twin's face is drawn.

    Parameters
    ----------
    eyes_px : (2,) float
        Midpoint between the eye centres in source pixels.
    px_per_mm : float
        Scale of the head in the source.
    roll_rad : float
        In-plane rotation of the head, positive clockwise in the picture; it is removed.
    size_px : int
        Side of the crop.
    """
    zoom = HEAD_SCALE * size_px / px_per_mm
    cosine, sine = zoom * np.cos(roll_rad), zoom * np.sin(roll_rad)
    linear = np.array([[cosine, sine], [-sine, cosine]])
    centre = np.array([0.5, EYE_LINE]) * size_px
    return np.column_stack([linear, centre - linear @ np.asarray(eyes_px, float)]).astype(np.float32)
