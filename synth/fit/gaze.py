"""Where the eyes look, from the iris landmarks."""

from __future__ import annotations

import numpy as np

from assets.units import GAZE_UNITS, NETWORK_UNITS
from synth.fit.face_model import FaceModel
from synth.fit.head_pose import HeadPose
from synth.fit.point_rows import PointRows

_LARGEST_RAD = 0.7
_HABIT_LIMIT_RAD = 0.12
"""A subject's median gaze is taken for the error of the eye centres, up to this angle."""
_OWN_SHARE = 0.35
"""How much of the difference between the eyes is kept; the rest is measurement noise."""
USUAL_TURN_RAD, LEAST_TURN_RAD = 0.1, 0.005
"""Change of the gaze from frame to frame that is believed before looking, and the least that is believed after."""
_IRIS_SHOWS = 1.0
"""Trust in an iris, by how far the eye is open, from which on its place alone counts."""
_LEVEL_SCORE, _LOWEST_SCORE = 0.3, 0.9
"""The network's score for looking down at a level gaze and at the lowest."""


def gaze_angles(
    points_px: np.ndarray | PointRows,
    pose: HeadPose,
    weights: np.ndarray,
    resting_mm: np.ndarray,
    model: FaceModel,
    open_share: np.ndarray,
    scores: np.ndarray | None = None,
) -> np.ndarray:
    """Return the gaze of both eyes.

    The iris centre is compared with where it sits on the rig's eyeball when the eye looks straight ahead;
    both are measured from the midpoint of the eye corners, less what the expression moves it.

    Parameters
    ----------
    points_px : (T, L, 2|3) float
    pose : HeadPose
    weights : (T, K) float
        Of the fitted units.
    resting_mm : (L, 3) float
        The subject's resting landmarks.
    model : FaceModel
    open_share : (T, 2) float
        Aperture of the left and right eye, 1 open; angles of closed eyes come from their neighbours in time.
    scores : (T, 51) float or None
        The network's scores, which tell how low the gaze is where lowered lids hide the irises.

    Returns
    -------
    (T, 2, 2) float64
        Yaw (positive to the subject's left) and pitch (positive up) of the left and right eye.
    """
    count = len(points_px)
    if model.iris_rows is None or not count:
        return np.zeros((count, 2, 2))
    corners = model.corner_rows
    wanted = np.concatenate([corners.ravel(), model.iris_rows.ravel()])
    depth = (resting_mm[wanted] @ pose.rotation.transpose(0, 2, 1))[..., 2]
    seen = (pose.unproject(points_px[:, wanted, :2], depth) @ pose.rotation)[..., :2]
    middles = seen[:, : corners.size].reshape(count, *corners.shape, 2).mean(2)
    irises = seen[:, corners.size :].reshape(count, *model.iris_rows.shape, 2).mean(2)
    moved = np.einsum("eckj,tj->tek", model.units[corners][:, :, :2].mean(1, keepdims=True), weights)
    angles = np.zeros((count, 2, 2))
    for eye in range(2):
        iris = irises[:, eye]
        middle = middles[:, eye] - moved[:, eye]
        straight = resting_mm[model.iris_rows[eye], :2].mean(0) - resting_mm[corners[eye], :2].mean(0)
        arm = float(np.linalg.norm(model.neutral[model.iris_rows[eye]].mean(0) - model.eye_centres[eye]))
        offset = (iris - middle - straight) / arm
        angles[:, eye] = np.arcsin(np.clip(offset, -np.sin(_LARGEST_RAD), np.sin(_LARGEST_RAD)))
    trust = np.clip((open_share - 0.25) / 0.35, 0.02, 1.0)
    habit = np.stack([_weighted_median(angles[:, eye], trust[:, eye]) for eye in range(2)])
    angles -= np.clip(habit, -_HABIT_LIMIT_RAD, _HABIT_LIMIT_RAD)
    common = (angles * trust[:, :, None]).sum(1, keepdims=True) / trust.sum(1)[:, None, None]
    angles = common + _OWN_SHARE * (angles - common)
    angles = _hold_through_blinks(angles, trust.max(1))
    if scores is not None:
        hidden = 1.0 - np.clip(trust.max(1) / _IRIS_SHOWS, 0.0, 1.0)
        lowered = np.minimum(angles[..., 1], -model.max_gaze_rad * _lowered(scores)[:, None])
        angles[..., 1] += hidden[:, None] * (lowered - angles[..., 1])
    return angles


def _lowered(scores: np.ndarray) -> np.ndarray:
    """Return the share (T,) of the largest downward gaze that scores (T, 51) speak for."""
    both = np.mean([scores[:, NETWORK_UNITS.index("eyeLookDown" + side)] for side in ("Left", "Right")], axis=0)
    return np.clip((both - _LEVEL_SCORE) / (_LOWEST_SCORE - _LEVEL_SCORE), 0.0, 1.0)


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    order = np.argsort(values, axis=0)
    result = np.empty(values.shape[1])
    for column in range(values.shape[1]):
        share = np.cumsum(weights[order[:, column]])
        result[column] = values[order[np.searchsorted(share, share[-1] / 2), column], column]
    return result


def _hold_through_blinks(angles: np.ndarray, trust: np.ndarray) -> np.ndarray:
    """Replace the angles of closed eyes by interpolation between the frames around them."""
    sure = trust > 0.3
    if sure.all() or not sure.any():
        return angles if sure.any() else np.zeros_like(angles)
    rows = np.arange(len(angles))
    flat = angles.reshape(len(angles), -1).copy()
    for column in range(flat.shape[1]):
        flat[~sure, column] = np.interp(rows[~sure], rows[sure], flat[sure, column])
    return flat.reshape(angles.shape)


def gaze_weights(angles_rad: np.ndarray, max_gaze_rad: float) -> np.ndarray:
    """Return the weights (T, 8) of ``assets.units.GAZE_UNITS`` that turn the lids with the eyes (T, 2, 2)."""
    share = angles_rad / max_gaze_rad
    columns = []
    for name in GAZE_UNITS:
        eye = 0 if name.endswith("Left") else 1
        yaw, pitch = share[:, eye, 0], share[:, eye, 1]
        outward = yaw if eye == 0 else -yaw
        kind = name.removeprefix("eyeLook").removesuffix("Left").removesuffix("Right")
        columns.append({"Up": pitch, "Down": -pitch, "Out": outward, "In": -outward}[kind])
    return np.clip(np.stack(columns, 1), 0.0, 1.0)
