"""Frames whose landmarks are not to be believed."""

from __future__ import annotations

import numpy as np

from synth.appearance.features import blocks
from synth.appearance.measures import LAYOUT
from synth.fit.point_rows import PointRows
from synth.tracks import FrameTrack

LEAST_PRESENCE = 0.75
"""Probability of a face below which a tracked window shows something else."""

LARGEST_JITTER = 0.12
"""Second difference of the landmarks over the distance between the eyes. Blinks and laughter stay below 0.07."""

LEAST_BRIGHTNESS, LEAST_CONTRAST = 45.0, 0.16
"""Mean brightness (0 to 255) and fine contrast of a face; below both there is neither light nor focus."""

SHORTEST_SCENE = 5
"""A face that is seen for fewer consecutive frames between two cuts flickers."""

_BATCH = 512
_EYES = (33, 133, 263, 362)


def implausible(track: FrameTrack, rows: np.ndarray, points: PointRows) -> dict[str, np.ndarray]:
    """Return which of the rows (N,) are implausible, by reason.

    Parameters
    ----------
    track : FrameTrack
        Of the built-in network; landmarks that the user brings are not judged.
    rows : (N,) int
        Rows with landmarks, all of one person.
    points : PointRows
        Their landmarks.

    Returns
    -------
    dict of str to (N,) bool
        ``presence``, ``jitter``, ``dark``, ``flicker``.
    """
    result = {reason: np.zeros(len(rows), bool) for reason in ("presence", "jitter", "dark", "flicker")}
    if track.network_weights is None or not len(rows):
        return result
    frames = track.frames[rows]
    result["presence"] = track.confidence[rows] < LEAST_PRESENCE
    joined = np.diff(frames) == 1
    shake = np.zeros(len(rows))
    for start in range(1, len(rows) - 1, _BATCH):
        stop = min(start + _BATCH, len(rows) - 1)
        shake[start:stop] = _shake(points[start - 1 : stop + 1])
    shake[1:-1] *= joined[:-1] & joined[1:]
    result["jitter"] = shake > LARGEST_JITTER
    if track.person is not None and (track.person > 0).any() and np.median(np.diff(track.frames)) == 1:
        result["flicker"] = _short(rows)
    if track.appearance is not None:
        result["dark"] = np.concatenate([_dark(part) for _, part in blocks(track.appearance[rows])])
    return result


def _dark(measures: np.ndarray) -> np.ndarray:
    """Return which faces (N,) of measures (N, F) are too dark and too blurred to be read."""
    seen = measures.astype(np.float64)
    profiles = np.concatenate([seen[:, part] for name, part in LAYOUT.profiles.items() if name != "Lips"], 1)
    bright = np.exp(profiles.mean(1)) - 6.0
    return (bright < LEAST_BRIGHTNESS) & (np.exp(seen[:, LAYOUT.energies]).mean(1) < LEAST_CONTRAST)


def _shake(points_px: np.ndarray) -> np.ndarray:
    """Return the second difference (T - 2,) of landmarks (T, L, 3) about their middle, over the eye distance."""
    flat = points_px[:, :468, :2].astype(np.float64)
    right, left = flat[:, _EYES[:2]].mean(1), flat[:, _EYES[2:]].mean(1)
    across = np.linalg.norm(left - right, axis=1)[1:-1]
    flat = flat - flat.mean(1, keepdims=True)
    second = flat[2:] - 2 * flat[1:-1] + flat[:-2]
    return np.sqrt((second**2).sum(2).mean(1)) / np.maximum(across, 1e-9)


def _short(rows: np.ndarray) -> np.ndarray:
    """Return which rows (N,) of one person lie in a run of fewer than ``SHORTEST_SCENE``."""
    runs = np.split(np.arange(len(rows)), np.flatnonzero(np.diff(rows) != 1) + 1)
    result = np.zeros(len(rows), bool)
    for run in runs:
        result[run] = len(run) < SHORTEST_SCENE
    return result
