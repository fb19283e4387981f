"""Numbers of every frame that are needed until the fit is done: in a nameless file instead of in memory."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from synth.shards.failures import output_errors


class ScratchRows:
    """Rows (T, F) of float32 in a file without a name; looks like an array whose first axis is indexed.

    The file is gone when it is closed or when its process ends, however it ends. Rows that were not written are NaN.
    Indexing gives another view of the same file; ``numpy.asarray`` of a view reads its rows.

    Parameters
    ----------
    folder : Path
        The file takes its space there, 4 T F bytes at most.
    count, width : int
        T and F.
    """

    def __init__(self, folder: Path, count: int, width: int) -> None:
        with output_errors(folder):
            self._file = tempfile.TemporaryFile(dir=folder, buffering=0)
        self._known = np.zeros(count, bool)
        self._rows = np.arange(count)
        self.shape = (count, width)

    def __enter__(self) -> ScratchRows:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._file.close()

    def __len__(self) -> int:
        return len(self._rows)

    def __setitem__(self, row: int, values: np.ndarray) -> None:
        """Write one row (F,)."""
        place = int(self._rows[row])
        data = np.ascontiguousarray(values, np.float32)
        if data.shape != self.shape[1:]:
            raise ValueError(f"{data.shape} numbers for a row of {self.shape[1]}")
        with output_errors("the folder of the run"):
            rest, at = data.tobytes(), place * data.nbytes
            while rest:
                done = os.pwrite(self._file.fileno(), rest, at)
                rest, at = rest[done:], at + done
        self._known[place] = True

    def __getitem__(self, key: slice | np.ndarray) -> ScratchRows:
        """Return a view of some rows."""
        return self._view(self._rows[key])

    def _view(self, rows: np.ndarray) -> ScratchRows:
        view = ScratchRows.__new__(ScratchRows)
        view._file, view._known, view._rows = self._file, self._known, rows
        view.shape = (len(rows), self.shape[1])
        return view

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read the rows, (T, F) float32."""
        out = np.full(self.shape, np.nan, np.float32)
        places = np.flatnonzero(self._known[self._rows])
        rows = self._rows[places]
        for run in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(rows) != 1) + 1):
            if len(run):
                out[places[run]] = self._read(int(rows[run[0]]), len(run))
        return out if dtype is None else out.astype(dtype)

    def _read(self, first: int, count: int) -> np.ndarray:
        """Return consecutive rows of the file, all of them written."""
        size = 4 * self.shape[1]
        data = bytearray()
        while len(data) < count * size:
            part = os.pread(self._file.fileno(), count * size - len(data), first * size + len(data))
            if not part:
                raise OSError("the file of measures ends before its last row")
            data += part
        return np.frombuffer(data, np.float32).reshape(count, -1)


def joined(parts: list[ScratchRows]) -> ScratchRows:
    """Return the rows of several views of one file, one after the other."""
    return parts[0]._view(np.concatenate([part._rows for part in parts]))
