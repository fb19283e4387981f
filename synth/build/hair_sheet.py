"""Sheets of strands: grids whose columns run from root to tip, and where they lie in the hair's tile.

The tile holds strands that run down it. Its left part is for the mass of the hair, whose tips end one by one below
`WHOLE_FROM_V`; right of `EDGE_FROM_U`, below that height, strands become sparse towards the right: the free edges of
sheets are there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from synth.avatars.atlas import EDGE_FROM_U, MASS_TO_U, WHOLE_FROM_V

MM_PER_FOLD = 72.0
"""Width of hair that the mass of strands in the tile is laid over; it repeats around the head."""


EDGE_FROM_V = WHOLE_FROM_V - 0.015
"""Height in the tile of the roots at the free edges."""


@dataclass(frozen=True)
class Sheet:
    """A grid of strands.

    Attributes
    ----------
    points_mm : (R, C, 3) float
        Rows run from the roots to the tips.
    uv : (R, K, 2) float
        Columns of the texture.
    pairs : (Q, 2) int
        Columns of the texture at the two sides of each strip of quads.
    closed : bool
        Whether the last column joins the first.
    """

    points_mm: np.ndarray
    uv: np.ndarray
    pairs: np.ndarray
    closed: bool

    def quads(self) -> tuple[np.ndarray, np.ndarray]:
        """Return faces (n, 4) and their corners in the texture (n, 4), seen from outside."""
        rows, columns = self.points_mm.shape[:2]
        left = np.arange(columns if self.closed else columns - 1)
        points = _strips(rows, columns, np.stack([left, (left + 1) % columns], 1))
        return points, _strips(rows, self.uv.shape[1], self.pairs)


def _strips(rows: int, width: int, pairs: np.ndarray) -> np.ndarray:
    index = np.arange(rows * width).reshape(rows, width)
    here, there = index[:, pairs[:, 0]], index[:, pairs[:, 1]]
    return np.stack([here[:-1], here[1:], there[1:], there[:-1]], -1).reshape(-1, 4)


def repeated(around: np.ndarray, repeats: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where columns (n,) at rising places lie in a tile that repeats; it starts anew at whole columns.

    Parameters
    ----------
    around : (n,) float
    repeats : int

    Returns
    -------
    u : (n + repeats - 1,) float
        Columns of the texture; where the tile starts anew there are two.
    pairs : (n - 1, 2) int
        Those on both sides of each strip of quads.
    """
    wanted = np.linspace(around[0], around[-1], repeats + 1)
    seams = np.abs(around - wanted[:, None]).argmin(1)
    u: list[np.ndarray] = []
    pairs: list[np.ndarray] = []
    for first, last in pairwise(seams):
        start = sum(len(part) for part in u)
        u.append(MASS_TO_U * (around[first : last + 1] - around[first]) / (around[last] - around[first]))
        pairs.append(start + np.arange(last - first)[:, None] + [0, 1])
    return np.concatenate(u), np.concatenate(pairs)


def closed_sheet(points_mm: np.ndarray, v: np.ndarray, around_mm: float) -> Sheet:
    """Return a sheet all around something, of a given circumference, with v (R,) of its rows."""
    columns = points_mm.shape[1]
    u, pairs = repeated(np.arange(columns + 1.0), max(round(around_mm / MM_PER_FOLD), 1))
    uv = np.stack(np.broadcast_arrays(u, v[:, None]), -1)
    return Sheet(points_mm, uv, pairs, True)


def curtain(points_mm: np.ndarray, v: np.ndarray, edge_columns: int) -> Sheet:
    """Return a sheet that is open in front, whose first and last columns thin out to its free edges."""
    rows, columns = points_mm.shape[:2]
    step = np.linalg.norm(np.diff(points_mm, axis=1), axis=2)[rows // 2]
    u, pairs = repeated(np.concatenate([[0], np.cumsum(step)]), max(round(step.sum() / MM_PER_FOLD), 1))
    mass = np.stack(np.broadcast_arrays(u, v[:, None]), -1)
    edge_u = np.linspace(1, EDGE_FROM_U, edge_columns + 1)
    edge = np.stack(np.broadcast_arrays(edge_u, np.linspace(EDGE_FROM_V, 0, rows)[:, None]), -1)
    strip = len(u) + np.arange(edge_columns)[:, None] + [0, 1]
    pairs[:edge_columns], pairs[columns - 1 - edge_columns :] = strip, strip[::-1, ::-1]
    return Sheet(points_mm, np.concatenate([mass, edge], 1), pairs, False)


def rows_to_tips(length_mm: np.ndarray, thinning_mm: float, rows: int, tip_rows: int = 3) -> np.ndarray:
    """Return shares (R, n) of strands of given lengths (n,), the last ``tip_rows`` steps along their thinning tips."""
    bare = 1 - np.clip(thinning_mm / np.maximum(length_mm, 1.0), 0.02, 0.45)
    whole = np.linspace(0, 1, rows - tip_rows)[:, None] * bare
    tips = bare + np.linspace(0, 1, tip_rows + 1)[1:, None] * (1 - bare)
    return np.concatenate([whole, tips])


def tip_v(rows: int, tip_rows: int = 3) -> np.ndarray:
    """Return v (R,) of the rows of `rows_to_tips`."""
    return np.concatenate(
        [np.linspace(1, WHOLE_FROM_V, rows - tip_rows), np.linspace(WHOLE_FROM_V, 0, tip_rows + 1)[1:]]
    )
