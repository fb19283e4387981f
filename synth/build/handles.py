"""Sculpting by handles: places of the face are moved, the skin between them follows as a thin plate would.

Between handles the displacement minimises its bending energy (the squared Laplacian) over the surface. The mesh is
cut along the lips, so that an upper lip can rise without the lower one, and a pull at one place carries the skin
around it as muscles do: broadly, not as a bump.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from synth.build.lips import PARTING
from synth.build.sculpt import Clay

Vector = tuple[float, float, float]

CEILING_MM, FLOOR_MM, REAR_MM = -13.0, -132.0, -38.0
"""Bounds of what handles move: below the lids, above the neck, before the ears."""

NOSE_HALF_WIDTH_MM, NOSE_TOP_MM = 13.0, 4.0
"""The nose belongs to it up to its root."""

HANDLE_WEIGHT = 50.0
"""Stiffness of handles against bending: they are met to within a tenth of a millimetre."""

COVERING, LIPS_DEEP_MM = 8, 5.0
"""How many vertices of the flesh over it carry a vertex of the mouth's lining, and down to where the lips still do."""

STILL_MM = 0.08
"""Displacements are shortened by this much, which leaves what they hardly reach at rest."""


@dataclass(frozen=True)
class Handle:
    """A place of the left half of the mean head, and how far a movement carries it.

    Attributes
    ----------
    at : (3,) float
        Millimetres in rig axes.
    move : (3,) float
        Displacement, mm.
    lip : str
        ``upper`` or ``lower`` chooses among vertices that do not or do follow the jaw; empty takes the nearest.
    """

    at: Vector
    move: Vector
    lip: str = ""


class Membrane:
    """The lower face as an elastic surface that is fixed around its edge.

    Parameters
    ----------
    clay : Clay
        Its head must be mirror-symmetric.
    lining : (n,) int
        Vertices of the mouth's lining. No handle is in there, and what bends least would carry them far: behind the
        lips they follow the flesh that covers them.
    """

    def __init__(self, clay: Clay, lining: np.ndarray) -> None:
        self.clay = clay
        self._lining = lining
        x, y, z = clay.rest_mm.T
        nose = (np.abs(x) < NOSE_HALF_WIDTH_MM) & (y < NOSE_TOP_MM)
        inside = clay.soft & (((y < CEILING_MM) & (y > FLOOR_MM)) | nose) & (z > REAR_MM) & clay.linked
        self.free = np.flatnonzero(inside)
        bend = clay.laplacian()[:, self.free]
        bend = bend[np.asarray(abs(bend).sum(1)).ravel() > 0]
        self._energy = (bend.T @ bend).tocsc()
        self._cover = self._covering()

    def _covering(self) -> sp.csr_matrix:
        """Return what share of which vertices' displacement each vertex takes, (V, V): its own, but for the lining."""
        rest, count = self.clay.rest_mm, len(self.clay.rest_mm)
        outer = np.setdiff1d(np.flatnonzero(self.clay.soft), self._lining)
        distance, nearest = cKDTree(rest[outer]).query(rest[self._lining], k=COVERING)
        share = 1.0 / np.maximum(distance, 0.5) ** 2
        kept = np.exp(-((np.maximum(distance[:, 0] - LIPS_DEEP_MM, 0.0) / LIPS_DEEP_MM) ** 2))
        share *= ((1.0 - kept) / share.sum(1))[:, None]
        own = np.ones(count)
        own[self._lining] = kept
        rows = np.repeat(self._lining, COVERING)
        return (sp.diags(own) + sp.coo_matrix((share.ravel(), (rows, outer[nearest].ravel())), (count, count))).tocsr()

    def pulled(self, handles: tuple[Handle, ...]) -> np.ndarray:
        """Return the displacement (V, 3) that carries all handles, left and mirrored."""
        vertices: list[int] = []
        carried: list[np.ndarray] = []
        for handle in handles:
            vertex = self._nearest(handle)
            vertices += [vertex, self.clay.mirror[vertex]]
            carried += [np.array(handle.move), np.array(handle.move) * [-1, 1, 1]]
        row = np.full(len(self.clay.rest_mm), -1)
        row[self.free] = np.arange(len(self.free))
        place, moves = row[np.array(vertices)], np.array(carried)
        middle = np.array(vertices) == self.clay.mirror[np.array(vertices)]
        moves[middle, 0] = 0.0
        weight, push = np.zeros(len(self.free)), np.zeros((len(self.free), 3))
        np.add.at(weight, place, HANDLE_WEIGHT)
        np.add.at(push, place, HANDLE_WEIGHT * moves)
        out = np.zeros_like(self.clay.rest_mm)
        out[self.free] = splu((self._energy + sp.diags(weight)).tocsc()).solve(push)
        out = self._cover @ out
        even = (out + self.clay.mirrored(out)) / 2
        length = np.linalg.norm(even, axis=1, keepdims=True)
        return even * np.clip(1 - STILL_MM / np.maximum(length, 1e-9), 0, 1)

    def _nearest(self, handle: Handle) -> int:
        distance = np.linalg.norm(self.clay.rest_mm[self.free] - handle.at, axis=1)
        if handle.lip:
            lower = self.clay.jaw_share[self.free] >= PARTING
            distance = np.where(lower == (handle.lip == "lower"), distance, np.inf)
        return int(self.free[distance.argmin()])
