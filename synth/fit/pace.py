"""How fast a subject moves, and how far the errors of single frames reach, told apart by how differences grow."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solveh_banded

from synth.fit.face_model import FaceModel
from synth.fit.head_pose import HeadPose
from synth.fit.point_rows import PointRows

_FRAMES_OF_DOUBT = 25.0
"""Pairs of frames that the usual pace counts for: one second of video."""

_POINTS = 60
"""Landmarks that tell how much a fit is missed."""

_BLOCK_ROWS = 256

_LEAP = 3.0
"""Changes beyond so many times the usual one are taken as they are."""


def pace(values: np.ndarray, gaps: np.ndarray, usual: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the true change per frame (K,) and the error of one frame (K,), both as standard deviations.

    For a random walk of variance m² per frame that is seen with independent errors of variance s², mean squared
    differences are m² + 2 s² over one frame and 2 m² + 2 s² over two. So m² is the difference between both. Movement
    with a direction and errors that last make m² larger, so that nothing is smoothed that might be movement.

    Parameters
    ----------
    values : (T, K) float
    gaps : (T - 1,) float
        Frame numbers between consecutive rows.
    usual : (K,) float
        The change per frame that is believed before looking, and the largest returned.
    least : float
        The smallest returned.
    """
    near, far, count = _growth(values, gaps)
    if not count:
        return usual.copy(), np.zeros(len(usual))
    square = np.clip(far - near, least**2, usual**2)
    share = count / (count + _FRAMES_OF_DOUBT)
    move = np.exp(share * np.log(square) / 2.0 + (1.0 - share) * np.log(usual))
    return move, np.sqrt(np.maximum(near - move**2, 0.0) / 2.0)


def jitter_mm(
    points_px: np.ndarray | PointRows,
    pose: HeadPose,
    weights: np.ndarray,
    gaps: np.ndarray,
    resting_mm: np.ndarray,
    model: FaceModel,
) -> float:
    """Return the standard deviation of that part of a landmark coordinate's error which is new in every frame.

    Differences of what a fit leaves over are compared over one and over two frames, as in ``pace``.

    Parameters
    ----------
    points_px : (T, L, 2|3) float
    pose : HeadPose
        Of T frames.
    weights : (T, K) float
    gaps : (T - 1,) float
        Frame numbers between consecutive rows.
    resting_mm : (L, 3) float
    model : FaceModel
    """
    some = np.flatnonzero(model.trust >= 1.0)
    some = some[:: max(1, len(some) // _POINTS)]
    total, triples = 0.0, 0
    for start in range(0, len(weights) - 2, _BLOCK_ROWS):
        part = slice(start, min(start + _BLOCK_ROWS + 2, len(weights)))
        here = pose.rows(part)
        heads = resting_mm[some] + np.tensordot(weights[part], model.units[some], ([1], [2]))
        gap = (here.project(heads)[..., :2] - points_px[part, some, :2]) / here.px_per_mm[:, None, None]
        near, far, count = _growth(gap.reshape(len(gap), -1), gaps[part][: len(gap) - 1])
        total += count * float((near - far / 2.0).mean())
        triples += count
    return float(np.sqrt(max(total, 0.0) / max(triples, 1)))


def _growth(values: np.ndarray, gaps: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Return mean squared differences (K,) over one and over two frames, and of how many triples of frames."""
    joined = (gaps[1:] == 1) & (gaps[:-1] == 1)
    one, two = np.diff(values, axis=0) ** 2, (values[2:] - values[:-2]) ** 2
    near = (one[:-1] + one[1:])[joined] / 2.0
    count = int(joined.sum())
    return near.sum(0) / max(count, 1), two[joined].sum(0) / max(count, 1), count


def ties(values: np.ndarray, gaps: np.ndarray, move: np.ndarray, error: np.ndarray | float = 0.0) -> np.ndarray:
    """Return the inverse variance (T - 1, K) of the change between consecutive frames.

    The variance of a random walk grows with the gap in frames. Where a value leaps far beyond its usual
    change the tie gives way (Geman and McClure's weight), so that blinks and onsets keep their shape.
    """
    leap = np.abs(np.diff(values, axis=0)) / (_LEAP * np.sqrt(move**2 + 2.0 * error**2))
    return 1.0 / (move**2 * np.maximum(gaps, 1)[:, None]) / (1.0 + leap**2) ** 2


def calmed(values: np.ndarray, gaps: np.ndarray, usual: float, least: float) -> np.ndarray:
    """Return values (T, K) without the errors of single frames; what leaps is kept."""
    if len(values) < 3:
        return values
    move, error = pace(values, gaps, np.full(values.shape[1], usual), least)
    tie = ties(values, gaps, move, error)
    result = values.copy()
    for k in np.flatnonzero(error > 1e-9):
        band = np.zeros((2, len(values)))
        band[1] = error[k] ** -2
        band[1, 1:] += tie[:, k]
        band[1, :-1] += tie[:, k]
        band[0, 1:] = -tie[:, k]
        result[:, k] = solveh_banded(band, values[:, k] / error[k] ** 2)
    return result
