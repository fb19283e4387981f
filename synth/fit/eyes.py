"""Lids: how far the eyes are open, and one signed movement from wide open to closed."""

from __future__ import annotations

import numpy as np

from assets.landmarks import LEFT_EYE_RING, RIGHT_EYE_RING, SCHEMES
from synth.fit.face_model import FITTED_INDEX, FaceModel


def apertures(points: np.ndarray, scheme: str) -> np.ndarray:
    """Return the height of the lid opening over its width, (T, 2), left eye first.

    Parameters
    ----------
    points : (T, L, 2|3) float
        In the picture or on the head; the ratio does not depend on the unit.
    scheme : str
    """
    place = {point: i for i, point in enumerate(SCHEMES[scheme].points)}
    result = np.empty((len(points), 2))
    for eye, ring in enumerate((LEFT_EYE_RING, RIGHT_EYE_RING)):
        outer, inner = points[:, place[ring[0]], :2], points[:, place[ring[8]], :2]
        width = np.linalg.norm(outer - inner, axis=1)
        pairs = [(a, b) for a, b in zip(ring[1:8], ring[15:8:-1], strict=True) if a in place and b in place]
        if not pairs:  # the iBUG schemes hold two points of each lid
            pairs = [(160, 144), (158, 153)] if eye else [(387, 373), (385, 380)]
        heights = [np.linalg.norm(points[:, place[a], :2] - points[:, place[b], :2], axis=1) for a, b in pairs]
        result[:, eye] = np.mean(heights, axis=0) / np.maximum(width, 1e-9)
    return result


def aperture_share(points_px: np.ndarray, resting_mm: np.ndarray, model: FaceModel) -> np.ndarray:
    """Return the lid opening of each frame (T, 2) as a share of the resting opening."""
    rest = apertures(resting_mm[None], model.scheme)
    return apertures(points_px, model.scheme) / np.maximum(rest, 1e-6)


def signed_lids(weights: np.ndarray) -> np.ndarray:
    """Return weights (T, K) in which each eye has one lid movement: closing or widening, never both."""
    result = weights.copy()
    for side in ("Left", "Right"):
        blink, wide = FITTED_INDEX["eyeBlink" + side], FITTED_INDEX["eyeWide" + side]
        movement = result[:, blink] - result[:, wide]
        result[:, blink], result[:, wide] = np.clip(movement, 0, 1), np.clip(-movement, 0, 1)
    return result


def close_only_an_open_mouth(weights: np.ndarray) -> np.ndarray:
    """Return weights (T, K) with ``mouthClose`` no larger than ``jawOpen``, of which it is the counterpart."""
    result = weights.copy()
    close, jaw = FITTED_INDEX["mouthClose"], FITTED_INDEX["jawOpen"]
    result[:, close] = np.minimum(result[:, close], result[:, jaw])
    return result
