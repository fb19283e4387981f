"""Rig vertices as linear functions of the MakeHuman base mesh."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from synth.build.source import BASE_VERTICES, MM_PER_DM


class Attachment:
    """Collects blocks of rig vertices, each a sparse linear map of the base mesh plus a constant.

    One map serves positions and displacements alike, so that whatever is built on top of the base
    mesh (eyeballs, hair, clothes) follows every identity and expression of it.
    """

    def __init__(self) -> None:
        self._blocks: list[sp.csr_matrix] = []
        self._offsets: list[np.ndarray] = []
        self.count = 0

    def add(self, matrix: sp.csr_matrix, offset_mm: np.ndarray | None = None) -> np.ndarray:
        """Append vertices; return their rig indices (n,).

        Parameters
        ----------
        matrix : (3n, 57474) sparse
            Maps base coordinates (x0, y0, z0, x1, …) to the new ones.
        offset_mm : (n, 3) float, optional
            Constant added to positions only.
        """
        number = matrix.shape[0] // 3
        self._blocks.append(sp.csr_matrix(matrix))
        self._offsets.append(np.zeros((number, 3)) if offset_mm is None else np.asarray(offset_mm, float))
        self.count += number
        return np.arange(self.count - number, self.count, dtype=np.int32)

    def displacement_mm(self, base_dm: np.ndarray) -> np.ndarray:
        """Return the displacement (V, 3) of the rig for a displacement (19158, 3) of the base mesh."""
        flat = sp.vstack(self._blocks).tocsr() @ np.asarray(base_dm, float).ravel()
        return flat.reshape(-1, 3) * MM_PER_DM

    def matrix(self) -> sp.csr_matrix:
        """Return the whole map (3V, 57474)."""
        return sp.vstack(self._blocks).tocsr()

    def offset_mm(self) -> np.ndarray:
        """Return the constant part (V, 3)."""
        return np.concatenate(self._offsets)


def averaging(rows: list[np.ndarray], weights: list[np.ndarray] | None = None) -> sp.csr_matrix:
    """Return the map (3n, 57474) whose vertex i is the weighted mean of base vertices ``rows[i]``."""
    lengths = [len(row) for row in rows]
    index = np.repeat(np.arange(len(rows)), lengths)
    column = np.concatenate(rows)
    values = np.concatenate(weights if weights is not None else [np.full(n, 1.0 / n) for n in lengths])
    scalar = sp.csr_matrix((values, (index, column)), shape=(len(rows), BASE_VERTICES))
    return sp.kron(scalar, sp.identity(3), format="csr")


def taking(vertices: np.ndarray) -> sp.csr_matrix:
    """Return the map (3n, 57474) that copies base vertices (n,)."""
    return averaging([np.array([v]) for v in vertices])
