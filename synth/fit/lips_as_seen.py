"""The opening between the lips of the drawn face, set to the one in the picture after every other correction."""

from __future__ import annotations

import numpy as np

from synth.fit.face_model import FITTED_INDEX, FaceModel
from synth.fit.head_pose import HeadPose
from synth.fit.lip_gap import LIPS_SEEN
from synth.fit.point_rows import PointRows

_CLOSE = FITTED_INDEX["mouthClose"]

_SURELY_OPEN_MM = 1.5
"""Opening in the picture from which on nothing of a resting mouth's overlap is left."""

_LEAST_SHOWN = 0.3
"""Share of an upright length that still shows: a face turned further up or down is taken for this one."""


def opening_mm(weights: np.ndarray, model: FaceModel) -> np.ndarray:
    """Return the opening between the lips over that of sealed lips, (T, 3) in head axes, mean of the lip pairs."""
    assert model.lip_rows is not None
    upper, lower = model.lip_rows.T
    opening = weights @ model.lip_units.mean(0).T / LIPS_SEEN
    correction = model.correction(weights)
    return opening if correction is None else opening + (correction[:, upper] - correction[:, lower]).mean(1)


def opened_as_seen(weights: np.ndarray, points: np.ndarray | PointRows, pose: HeadPose, model: FaceModel) -> np.ndarray:
    """Return weights (T, K) whose ``mouthClose`` leaves the opening between the lips that the picture shows.

    Jaw, upper lip and lower lip part the lips in many ways that leave most landmarks in place. The opening itself
    is seen better than any of them, and ``mouthClose`` is the unit that changes little else. Lips never pass
    through each other: the unit closes no more than the others open. Lips that overlap on the rig at rest must first
    come apart by as much.

    Parameters
    ----------
    weights : (T, K) float
    points : (T, L, 2|3) float
        Landmarks in pixels of the source.
    pose : HeadPose
    model : FaceModel
        With ``lip_rows``; ``mouthClose`` is linear in its weight, as ARKit defines it.
    """
    assert model.lip_rows is not None
    result = weights.copy()
    result[:, _CLOSE] = 0.0
    closing = -model.lip_units[:, :, _CLOSE].mean(0) / LIPS_SEEN
    if closing[1] <= 0 or not len(weights):
        return result
    upper, lower = model.lip_rows.T
    upright = pose.rotation[:, :2, 1]
    upright = upright / np.maximum(np.linalg.norm(upright, axis=1), _LEAST_SHOWN)[:, None]
    ahead = model.neutral[model.lip_rows].mean((0, 1)) @ pose.rotation[:, 2].T
    scale = pose.px_per_mm / (1.0 - ahead / pose.distance_mm)
    mouth = points[:, model.lip_rows.ravel(), :2]
    rows = mouth.reshape(len(mouth), -1, 2, 2)
    seen = ((rows[:, :, 0] - rows[:, :, 1]).mean(1) * np.array([1.0, -1.0]) * upright).sum(1) / scale / LIPS_SEEN
    parted = opening_mm(result, model)
    overlap = max(0.0, -float((model.neutral[upper] - model.neutral[lower])[:, 1].mean()))
    wanted = np.maximum(seen, 0.0) + overlap * np.clip(seen / _SURELY_OPEN_MM, 0.0, 1.0)

    def shown(vector: np.ndarray) -> np.ndarray:
        return np.einsum("tij,tj,ti->t", pose.rotation[:, :2], np.broadcast_to(vector, parted.shape), upright)

    needed = (shown(parted) - wanted) / np.maximum(shown(closing), _LEAST_SHOWN * closing[1])
    result[:, _CLOSE] = np.clip(needed, 0.0, np.clip(parted[:, 1] / closing[1], 0.0, 1.0))
    return result
