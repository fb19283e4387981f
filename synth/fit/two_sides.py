"""Which differences between both sides of the face are movement, and which come from the turn of the head."""

from __future__ import annotations

import numpy as np

from synth.fit.face_model import FITTED_INDEX, OTHER_SIDE

LEAST_WINK, SURE_WINK = 0.4, 0.75
"""Differences between the lids' movements below which there is no wink, and above which there surely is."""

_SEEN_GAIN = 1.5
"""A full wink differs by 1 in the weights and by two thirds or more in the openings: closed lids measure a fifth."""

_YAW_DOUBT = 0.6
"""How much both limits rise with the sine of the head's yaw: the far eye is seen at a slant."""

SLACK = 0.12
"""Difference between the network's readings of both sides that says nothing."""


def believed_difference(mean: np.ndarray) -> np.ndarray:
    """Return (T, K) by how much each expected weight (T, K) exceeds that of the other side, less the slack."""
    gap = mean - mean[:, OTHER_SIDE]
    return np.sign(gap) * np.maximum(np.abs(gap) - SLACK, 0.0)


def tied_lids(weights: np.ndarray, rotation: np.ndarray, opening: np.ndarray | None = None) -> np.ndarray:
    """Return weights (T, K) whose lids move together unless they clearly do not.

    A wink is all or nothing, while a turned head, lashes and a low gaze make equal lids look unequal by a third.
    The difference between both lids, and that between both squints, is kept in full for a clear wink, not at
    all for a small one, smoothly between.

    Parameters
    ----------
    weights : (T, K) float
        With at most one of blink and widening per eye.
    rotation : (T, 3, 3) float
        Of the head; the third column is where the face looks.
    opening : (T, 2) float or None
        Of the lids in the picture, as a share of the resting opening: a wink must show there, too.
    """
    result = weights.copy()
    blink = [FITTED_INDEX["eyeBlink" + side] for side in ("Left", "Right")]
    wide = [FITTED_INDEX["eyeWide" + side] for side in ("Left", "Right")]
    squint = [FITTED_INDEX["eyeSquint" + side] for side in ("Left", "Right")]
    lids = result[:, blink] - result[:, wide]
    gap = np.abs(lids[:, 0] - lids[:, 1])
    if opening is not None:
        seen = np.abs(np.diff(np.clip(np.nan_to_num(opening, nan=1.0), 0.0, 1.2), axis=1)[:, 0])
        gap = np.minimum(gap, _SEEN_GAIN * seen)
    doubt = _YAW_DOUBT * np.abs(rotation[:, 0, 2])
    t = np.clip((gap - LEAST_WINK - doubt) / (SURE_WINK - LEAST_WINK), 0, 1)
    kept = (t * t * (3 - 2 * t))[:, None]
    lids = _drawn_together(lids, kept)
    result[:, blink], result[:, wide] = np.clip(lids, 0, 1), np.clip(-lids, 0, 1)
    result[:, squint] = _drawn_together(result[:, squint], kept)
    return result


def _drawn_together(pair: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return pairs (T, 2) with a share (T, 1) of their difference kept."""
    common = pair.mean(1, keepdims=True)
    return common + kept * (pair - common)
