"""Tools to shape displacement fields on a resting head: bumps, sides, smoothing, mirroring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree


@dataclass(frozen=True)
class Bump:
    """A Gaussian push on the left half of the face.

    Attributes
    ----------
    centre : (3,) float
        Millimetres in rig axes; +x is the left side.
    sigma : (3,) float
        Standard deviations along x, y and z, mm.
    move : (3,) float
        Displacement at the centre, mm.
    lip : str
        ``upper`` or ``lower`` keeps to what does not or does follow the jaw; empty moves both.
    """

    centre: tuple[float, float, float]
    sigma: tuple[float, float, float]
    move: tuple[float, float, float]
    lip: str = ""


class Clay:
    """A resting head (V, 3) with what sculpting needs to know about it.

    Parameters
    ----------
    rest_mm : (V, 3) float
    faces : (F, 4) int
        Soft tissue: skin, the lining of mouth and lids.
    soft : (V,) bool
        Vertices that bumps may move: soft tissue and lashes.
    mirror : (V,) int
        Vertex at the mirrored place.
    jaw_share : (V,) float in [0, 1]
        How much of the jaw's movement each vertex follows.
    """

    def __init__(
        self, rest_mm: np.ndarray, faces: np.ndarray, soft: np.ndarray, mirror: np.ndarray, jaw_share: np.ndarray
    ) -> None:
        self.rest_mm, self.soft, self.mirror, self.jaw_share = rest_mm, soft, mirror, jaw_share
        edges = np.unique(np.sort(np.stack([faces, np.roll(faces, -1, 1)], -1).reshape(-1, 2), 1), axis=0)
        edges = edges[edges[:, 0] != edges[:, 1]]
        both = np.concatenate([edges, edges[:, ::-1]])
        adjacency = sp.csr_matrix((np.ones(len(both)), both.T), shape=(len(rest_mm),) * 2)
        degree = np.asarray(adjacency.sum(1)).ravel()
        self.linked = degree > 0
        self._edges = edges
        keep = sp.diags((degree == 0).astype(float))
        self.neighbour_mean = (sp.diags(1 / np.maximum(degree, 1)) @ adjacency + keep).tocsr()

    def left_share(self, width_mm: float = 10.0) -> np.ndarray:
        """Return (V, 1): 1 on the left, 0 on the right, a smooth step of this half width between."""
        t = np.clip(self.rest_mm[:, :1] / (2 * width_mm) + 0.5, 0, 1)
        return t * t * (3 - 2 * t)

    def near(self, centre: tuple[float, ...], sigma: tuple[float, ...]) -> np.ndarray:
        """Return a Gaussian weight (V,) about a place."""
        return np.exp(-0.5 * (((self.rest_mm - centre) / sigma) ** 2).sum(1))

    def bump(self, bump: Bump) -> np.ndarray:
        """Return the displacement (V, 3) of a bump."""
        weight = self.near(bump.centre, bump.sigma) * self.soft
        if bump.lip:
            weight = weight * (self.jaw_share if bump.lip == "lower" else 1 - self.jaw_share)
        return weight[:, None] * np.array(bump.move)

    def smoothed(self, delta: np.ndarray, share: np.ndarray, sweeps: int) -> np.ndarray:
        """Smooth a displacement (V, 3) over the surface where ``share`` (V,) in [0, 1] says so."""
        soft = delta
        for _ in range(sweeps):
            soft = soft + share[:, None] * 0.6 * (self.neighbour_mean @ soft - soft)
        return soft

    def laplacian(self) -> sp.csr_matrix:
        """Return (V, V): mean of the neighbours, nearer ones more, less the vertex itself, over the edges' length."""
        length = np.linalg.norm(self.rest_mm[self._edges[:, 0]] - self.rest_mm[self._edges[:, 1]], axis=1)
        pairs, twice = np.concatenate([self._edges, self._edges[:, ::-1]]), np.tile(np.maximum(length, 0.3), 2)
        count = len(self.rest_mm)
        weights = sp.csr_matrix((1 / twice, pairs.T), shape=(count, count))
        near = np.asarray(weights.sum(1)).ravel()
        reach = np.asarray(sp.csr_matrix((twice, pairs.T), shape=(count, count)).sum(1)).ravel()
        scale = sp.diags(np.where(near > 0, 4 / np.maximum(reach, 1e-9), 0))
        return (scale @ (weights - sp.diags(near))).tocsr()

    def mirrored(self, delta: np.ndarray) -> np.ndarray:
        """Return the mirror image of a displacement (V, 3)."""
        return delta[self.mirror] * np.array([-1.0, 1.0, 1.0])


def mirror_of(points: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Return for each point (V, 3) the index of the one at its mirrored place.

    Parameters
    ----------
    points : (V, 3) float
    parts : (V,) int
        Only points of parts with the same number are partners.
    """
    partner = np.arange(len(points))
    for part in np.unique(parts):
        rows = np.flatnonzero(parts == part)
        partner[rows] = rows[cKDTree(points[rows]).query(points[rows] * [-1, 1, 1])[1]]
    return partner
