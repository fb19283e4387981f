"""Lids: how far the eyes are open, and one signed movement from wide open to closed."""

from __future__ import annotations

import numpy as np

from assets.landmarks import LEFT_EYE_RING, RIGHT_EYE_RING, SCHEMES
from assets.units import GAZE_UNITS
from synth.fit.face_model import FITTED_INDEX, FaceModel
from synth.fit.point_rows import PointRows

_IBUG_PAIRS = (((387, 373), (385, 380)), ((160, 144), (158, 153)))
"""Points of the upper and the lower lid that face each other in the iBUG schemes, left eye first."""

_BLINKS = [FITTED_INDEX["eyeBlinkLeft"], FITTED_INDEX["eyeBlinkRight"]]
_WIDE = [FITTED_INDEX["eyeWideLeft"], FITTED_INDEX["eyeWideRight"]]

_NARROW, _SHUT = 0.45, 0.2
"""Openings below which an eye is surely closing, and at which it is closed: lashes leave a fifth to the landmarks."""


def apertures(points: np.ndarray | PointRows, scheme: str) -> np.ndarray:
    """Return the height of the lid opening over its width, (T, 2), left eye first.

    Parameters
    ----------
    points : (T, L, 2|3) float
        In the picture or on the head; the ratio does not depend on the unit.
    scheme : str
    """
    lids = {*LEFT_EYE_RING, *RIGHT_EYE_RING, *(point for eye in _IBUG_PAIRS for pair in eye for point in pair)}
    used = [(i, point) for i, point in enumerate(SCHEMES[scheme].points) if point in lids]
    points = points[:, [i for i, _ in used], :2]
    place = {point: i for i, (_, point) in enumerate(used)}
    result = np.empty((len(points), 2))
    for eye, ring in enumerate((LEFT_EYE_RING, RIGHT_EYE_RING)):
        outer, inner = points[:, place[ring[0]], :2], points[:, place[ring[8]], :2]
        width = np.linalg.norm(outer - inner, axis=1)
        pairs = [(a, b) for a, b in zip(ring[1:8], ring[15:8:-1], strict=True) if a in place and b in place]
        if not pairs:  # the iBUG schemes hold two points of each lid
            pairs = list(_IBUG_PAIRS[eye])
        heights = [np.linalg.norm(points[:, place[a], :2] - points[:, place[b], :2], axis=1) for a, b in pairs]
        result[:, eye] = np.mean(heights, axis=0) / np.maximum(width, 1e-9)
    return result


def aperture_share(points_px: np.ndarray | PointRows, resting_mm: np.ndarray, model: FaceModel) -> np.ndarray:
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


def gaze_share(gaze: np.ndarray, model: FaceModel) -> np.ndarray:
    """Return how far a downward gaze (T, 8) alone closes each eye, (T, 2), as a share of a full blink, at most .8."""
    place = {point: i for i, point in enumerate(SCHEMES[model.scheme].points)}
    shares = np.zeros((len(gaze), 2))
    for eye, (side, ring) in enumerate((("Left", LEFT_EYE_RING), ("Right", RIGHT_EYE_RING))):
        lid = [place[point] for point in ring[2:7] if point in place]
        blink, down = FITTED_INDEX["eyeBlink" + side], GAZE_UNITS.index("eyeLookDown" + side)
        closing, lowering = (np.abs(s[lid, 1].mean()) for s in (model.units[:, :, blink], model.gaze[:, :, down]))
        shares[:, eye] = np.clip(np.clip(lowering / max(float(closing), 1e-6), 0.0, 0.8) * gaze[:, down], 0.0, 0.8)
    return shares


def blinks_with_lowered_gaze(weights: np.ndarray, gaze: np.ndarray, model: FaceModel) -> np.ndarray:
    """Return weights (T, K) whose blinks close the eye as far as fitted although a low gaze takes part of it over.

    The fit adds up what a blink b and a downward gaze d do to the lids; a rig may take their product off again,
    because lids that are closed cannot be lowered. With r the drop of the gaze over that of the blink, the blink
    that leaves the margin in place is b / (1 - r d). Weights of a rig that does not are returned as they are.

    Parameters
    ----------
    weights : (T, K) float
    gaze : (T, 8) float
        By ``assets.units.GAZE_UNITS``.
    model : FaceModel
    """
    result = weights.copy()
    if model.lids_take_turns:
        result[:, _BLINKS] = np.minimum(result[:, _BLINKS] / (1.0 - gaze_share(gaze, model)), 1.0)
    return result


def closed_as_seen(weights: np.ndarray, gaze: np.ndarray, opening: np.ndarray, model: FaceModel) -> np.ndarray:
    """Return weights (T, K) that close an eye which is closed in the picture, whatever other lid units say.

    Squint, widening and a low gaze can add up to the lid margins of a closed eye in many ways, and some of them leave
    the drawn eye open. The opening itself is measured well, so it sets the least blink.

    Parameters
    ----------
    weights : (T, K) float
    gaze : (T, 8) float
        By ``assets.units.GAZE_UNITS``.
    opening : (T, 2) float
        Of the lids, as a share of the resting opening (``aperture_share``).
    model : FaceModel
    """
    needed = np.clip((_NARROW - np.nan_to_num(opening, nan=1.0)) / (_NARROW - _SHUT), 0.0, 1.0)
    share = gaze_share(gaze, model)
    least = np.clip((needed - share) / (1.0 - share) if model.lids_take_turns else needed - share, 0.0, 1.0)
    result = weights.copy()
    result[:, _BLINKS] = np.maximum(result[:, _BLINKS], least)
    result[:, _WIDE] = np.minimum(result[:, _WIDE], 1.0 - needed)
    return result
