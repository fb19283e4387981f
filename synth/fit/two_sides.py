"""Which differences between both sides of the face are movement, and which come from the turn of the head."""

from __future__ import annotations

import numpy as np

from synth.fit.face_model import FITTED_INDEX, OTHER_SIDE

LEAST_WINK, SURE_WINK = 0.4, 0.75
"""Differences between the lids' movements below which there is no wink, and above which there surely is."""

_YAW_DOUBT = 0.6
"""How much both limits rise with the sine of the head's yaw: the far eye is seen at a slant."""

SLACK = 0.12
"""Difference between the network's readings of both sides that says nothing."""


def believed_difference(mean: np.ndarray) -> np.ndarray:
    """Return (T, K) by how much each expected weight (T, K) exceeds that of the other side, less the slack."""
    gap = mean - mean[:, OTHER_SIDE]
    return np.sign(gap) * np.maximum(np.abs(gap) - SLACK, 0.0)


def tied_lids(weights: np.ndarray, rotation: np.ndarray) -> np.ndarray:
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
    """
    result = weights.copy()
    blink = [FITTED_INDEX["eyeBlink" + side] for side in ("Left", "Right")]
    wide = [FITTED_INDEX["eyeWide" + side] for side in ("Left", "Right")]
    squint = [FITTED_INDEX["eyeSquint" + side] for side in ("Left", "Right")]
    lids = result[:, blink] - result[:, wide]
    gap = np.abs(lids[:, 0] - lids[:, 1])
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
