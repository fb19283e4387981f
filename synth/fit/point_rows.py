"""Landmarks of the usable rows, read block by block: they may lie on disk."""

from __future__ import annotations

from typing import Any

import numpy as np

_BLOCK_ROWS = 256


class PointRows:
    """The landmarks (T, L, 2|3) of some rows; indexing gives float64 arrays and reads no more than it returns.

    Parameters
    ----------
    landmarks_px : (N, L, 2|3) array
        Anything that gives an array for a slice or an integer array of rows.
    rows : (T,) int
        Ascending.
    """

    def __init__(self, landmarks_px: Any, rows: np.ndarray) -> None:
        self._landmarks_px = landmarks_px
        self._rows = rows
        self.shape = (len(rows), *landmarks_px.shape[1:])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, key: Any) -> np.ndarray:
        first, *rest = key if isinstance(key, tuple) else (key,)
        rows = self._rows[first]
        inner = (slice(None), *rest)
        starts = range(0, max(len(rows), 1), _BLOCK_ROWS)
        parts = [self._landmarks_px[rows[start : start + _BLOCK_ROWS]][inner] for start in starts]
        return np.concatenate(parts).astype(np.float64)


def finite_rows(landmarks_px: Any) -> np.ndarray:
    """Return (N,) bool: whether all landmarks of a row are finite."""
    count = len(landmarks_px)
    out = np.zeros(count, bool)
    for start in range(0, count, _BLOCK_ROWS):
        part = slice(start, start + _BLOCK_ROWS)
        out[part] = np.isfinite(landmarks_px[part]).all((1, 2))
    return out
