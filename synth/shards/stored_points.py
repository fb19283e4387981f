"""Landmarks that lie in the shard being written instead of in memory."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np

from synth.shards.failures import output_errors

BLOCK_ROWS = 64
"""Rows that are written and read together; also the rows of a chunk."""

LANDMARK_STEP_PX = 1 / 64
"""Landmarks are rounded to this step: far below their noise, and a third less on disk."""

PACKED: dict[str, Any] = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


def rounded(landmarks_px: np.ndarray) -> np.ndarray:
    """Return landmarks as they are stored, float32."""
    return (np.round(np.asarray(landmarks_px, float) / LANDMARK_STEP_PX) * LANDMARK_STEP_PX).astype(np.float32)


class StoredPoints:
    """Landmarks (T, L, D) of chosen rows of a dataset (N, L', 3); looks like an array whose first axis is indexed.

    Rows are written one by one in ascending order and reach the file in blocks; ``flush`` writes the last one.

    Parameters
    ----------
    dataset : h5py.Dataset
    rows : (T,) int
        Rows of the dataset, ascending.
    points, axes : int
        L and D.
    """

    def __init__(self, dataset: h5py.Dataset, rows: np.ndarray, points: int, axes: int) -> None:
        self.dataset = dataset
        self.rows = np.asarray(rows, np.int64)
        self.shape = (len(self.rows), points, axes)
        self._pending: list[np.ndarray] = []
        self._first = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: slice | np.ndarray) -> np.ndarray:
        """Return rows as a float32 array (N, L, D)."""
        rows = self.rows[key]
        out = np.empty((len(rows), *self.shape[1:]), np.float32)
        for block in np.unique(rows // BLOCK_ROWS):
            here = np.flatnonzero(rows // BLOCK_ROWS == block)
            low, high = rows[here].min(), rows[here].max() + 1
            part = self.dataset[low:high]
            out[here] = part[rows[here] - low, : self.shape[1], : self.shape[2]]
        return out

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        whole = self[:]
        return whole if dtype is None else whole.astype(dtype)

    def __setitem__(self, row: int, points_px: np.ndarray) -> None:
        """Write one row (L, D); rows in between keep NaN."""
        gap = row - self._first - len(self._pending)
        if gap >= BLOCK_ROWS:
            self.flush()
            self._first, gap = row, 0
        blank = np.full(self.shape[1:], np.nan, np.float32)
        self._pending += [blank] * gap + [np.asarray(points_px, np.float32)]
        if len(self._pending) >= BLOCK_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what is pending."""
        if not self._pending:
            return
        values = rounded(np.stack(self._pending))
        start, self._first, self._pending = self._first, self._first + len(self._pending), []
        place = self.rows[start]
        with output_errors(self.dataset.file.filename):
            self.dataset[place : place + len(values), : self.shape[1], : self.shape[2]] = values


def joined(parts: list[StoredPoints]) -> StoredPoints:
    """Return the rows of several parts of one dataset, one after the other."""
    first = parts[0]
    return StoredPoints(first.dataset, np.concatenate([part.rows for part in parts]), *first.shape[1:])
