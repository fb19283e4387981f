"""Quadratic problems with bounds, one for each frame, coupled in time if asked."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True)
def _descend(gram, linear, coupling, lower, upper, weights, sweeps, rounds, tolerance):
    frames, size = weights.shape
    residual = np.empty(size)
    for outer in range(rounds):
        largest_move = 0.0
        for step in range(frames):
            t = step if outer % 2 == 0 else frames - 1 - step
            before = weights[t].copy()
            w = weights[t]
            for k in range(size):
                total = linear[t, k]
                if t > 0:
                    total += coupling[t - 1, k] * weights[t - 1, k]
                if t + 1 < frames:
                    total += coupling[t, k] * weights[t + 1, k]
                for j in range(size):
                    total -= gram[t, k, j] * w[j]
                residual[k] = total
            for k in range(size):
                tie = (coupling[t - 1, k] if t > 0 else 0.0) + (coupling[t, k] if t + 1 < frames else 0.0)
                residual[k] -= tie * w[k]
            for _ in range(sweeps):
                largest = 0.0
                for k in range(size):
                    tie = (coupling[t - 1, k] if t > 0 else 0.0) + (coupling[t, k] if t + 1 < frames else 0.0)
                    value = min(max(w[k] + residual[k] / (gram[t, k, k] + tie), lower[t, k]), upper[t, k])
                    move = value - w[k]
                    if move != 0.0:
                        for j in range(size):
                            residual[j] -= gram[t, j, k] * move
                        residual[k] -= tie * move
                        w[k] = value
                        largest = max(largest, abs(move))
                if largest < tolerance:
                    break
            for k in range(size):
                largest_move = max(largest_move, abs(w[k] - before[k]))
        if largest_move < 3.0 * tolerance:
            break
    return weights


def solve_in_box(
    gram: np.ndarray,
    linear: np.ndarray,
    start: np.ndarray,
    coupling: np.ndarray | None = None,
    bounds: tuple[np.ndarray, np.ndarray] | None = None,
    tolerance: float = 2e-4,
    sweeps: int = 200,
    rounds: int = 12,
) -> np.ndarray:
    """Minimise ½ w'Gw - b'w per frame over weights in [0, 1], plus ½ Σ c (w_t - w_{t+1})² between frames.

    Coordinate descent; every sweep lowers the objective, so the result never leaves the box and depends on
    nothing but its arguments.

    Parameters
    ----------
    gram : (T, K, K) float
        Symmetric, positive diagonal.
    linear : (T, K) float
    start : (T, K) float
    coupling : (T - 1, K) float or None
        Strength of the tie between consecutive frames; None solves every frame alone.
    bounds : ((T, K) float, (T, K) float) or None
        Lower and upper bounds within [0, 1]; None is the whole box.
    tolerance : float
        Largest change of a weight in the last sweep.
    sweeps : int
        Most sweeps over one frame.
    rounds : int
        Most passes over all frames, forth and back in turn, where they are tied.

    Returns
    -------
    (T, K) float64
    """
    frames, size = linear.shape
    passes = 1 if coupling is None else rounds
    tie = np.zeros((max(frames - 1, 0), size)) if coupling is None else np.ascontiguousarray(coupling, np.float64)
    low, high = (np.zeros((frames, size)), np.ones((frames, size))) if bounds is None else bounds
    begin = np.clip(np.asarray(start, np.float64), low, high)
    if not frames:
        return begin
    inner = sweeps if coupling is None else 12
    gram, linear, low, high, begin = (np.ascontiguousarray(a, np.float64) for a in (gram, linear, low, high, begin))
    return _descend(gram, linear, tie, low, high, begin, inner, passes, tolerance)
