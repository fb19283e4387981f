"""The same picture a little different: what a measure must be able to read again."""

from __future__ import annotations

import cv2
import numpy as np
import simplejpeg

from synth.shards.encode import decode_picture

TURN_DEG, SHRINK, SHIFT_PX, QUALITY = 4.0, 0.93, (5.0, -4.0), 85


def disturbed_jpeg(picture: np.ndarray) -> bytes:
    """Return a picture as JPEG: mirrored, turned by 4°, shrunk to 93 %, shifted by (5, −4) of 256 pixels.

    An estimator that is worth anything reads the same from it, sides exchanged.

    Parameters
    ----------
    picture : (H, W, 3) uint8
    """
    side = picture.shape[0]
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), TURN_DEG, SHRINK)
    matrix[:, 2] += np.array(SHIFT_PX) * side / 256
    moved = cv2.warpAffine(
        picture[:, ::-1], matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return simplejpeg.encode_jpeg(np.ascontiguousarray(moved), QUALITY, "RGB", "420")


def disturb(picture: np.ndarray) -> np.ndarray:
    """Return what is left of a picture (H, W, 3) uint8 after ``disturbed_jpeg``."""
    return decode_picture(disturbed_jpeg(picture))
