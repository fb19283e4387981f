"""The identity basis: attribute axes and principal components of a sampled population of adults."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

AXIS_NAMES = ("gender", "age", "ancestry_african", "ancestry_asian", "ancestry_caucasian")


@dataclass(frozen=True)
class Population:
    """Heads of many adults in rig vertices, and what is known about each.

    Attributes
    ----------
    heads_mm : (N, V, 3) float32
        Eye midpoint at the origin.
    gender : (N,) float
        -1 female to +1 male.
    age : (N,) float
        -1 (25 years) to +1 (65 years).
    ancestry : (N, 3) float
        Shares of african, asian, caucasian.
    """

    heads_mm: np.ndarray
    gender: np.ndarray
    age: np.ndarray
    ancestry: np.ndarray

    def part(self, rows: slice) -> Population:
        """Return some of the adults."""
        return Population(self.heads_mm[rows], self.gender[rows], self.age[rows], self.ancestry[rows])


@dataclass(frozen=True)
class IdentityBasis:
    """What ``fit_basis`` returns.

    Attributes
    ----------
    mean_mm : (V, 3) float64
        Head in the middle of all axes.
    axes_mm : dict of str to (V, 3) float64
    modes_mm : (P, V, 3) float64
        Scaled to a standard normal coefficient; orthogonal to each other and to the axes.
    explained : (P,) float
        Cumulative share of the variance that the axes leave.
    """

    mean_mm: np.ndarray
    axes_mm: dict[str, np.ndarray]
    modes_mm: np.ndarray
    explained: np.ndarray


def design_matrix(population: Population) -> np.ndarray:
    """Return (N, 6): one, gender, age and the three centred ancestry shares."""
    centred = population.ancestry - 1.0 / 3.0
    return np.column_stack([np.ones(len(centred)), population.gender, population.age, centred])


def fit_basis(population: Population, weight: np.ndarray, modes: int) -> IdentityBasis:
    """Regress the axes out and decompose the rest.

    Parameters
    ----------
    population : Population
    weight : (V,) float
        Importance of each vertex in the inner product, for example its area.
    modes : int
        How many components to keep.

    Notes
    -----
    Least squares of the heads on gender, age and ancestry gives the axes (ancestry shares sum to 1, so the
    least-norm solution makes the three ancestry axes sum to zero). The residuals lose their component in
    the span of the axes before the decomposition: a sampled identity cannot move along any axis.
    """
    count = len(population.heads_mm)
    flat = population.heads_mm.reshape(count, -1).astype(np.float64)
    coefficients = np.linalg.lstsq(design_matrix(population), flat, rcond=None)[0]
    residual = flat - design_matrix(population) @ coefficients
    scale = np.repeat(np.sqrt(weight), 3)
    span = np.linalg.qr((coefficients[1:5] * scale).T)[0]
    scaled = residual * scale
    scaled -= (scaled @ span) @ span.T
    values, vectors = np.linalg.eigh(scaled @ scaled.T)
    order = np.argsort(values)[::-1]
    values, vectors = np.maximum(values[order], 0), vectors[:, order]
    # Modes in space are the regression of the residual heads on each component's scores.
    scores = vectors[:, :modes] * np.sqrt(count)
    directions = scores.T @ residual / count
    directions -= ((directions * scale) @ span) @ _unscale(span, scale).T
    sign = np.sign(directions[np.arange(modes), np.abs(directions).argmax(1)])
    directions *= sign[:, None]
    shape = population.heads_mm.shape[1:]
    return IdentityBasis(
        mean_mm=coefficients[0].reshape(shape),
        axes_mm={name: coefficients[k + 1].reshape(shape) for k, name in enumerate(AXIS_NAMES)},
        modes_mm=directions.reshape(modes, *shape),
        explained=np.cumsum(values)[:modes] / values.sum(),
    )


def _unscale(span: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return span / np.maximum(scale, 1e-12)[:, None]


def _coordinates(basis: IdentityBasis, heads: Population, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns (4 axes, then modes; 3V, K) and the coordinates (K, N) of heads, weighted least squares."""
    columns = np.stack([c.ravel() for c in [*basis.axes_mm.values()][:4] + list(basis.modes_mm)], 1)
    scale = np.repeat(np.sqrt(weight), 3)[:, None]
    target = (heads.heads_mm.reshape(len(heads.heads_mm), -1) - basis.mean_mm.ravel()).T
    return columns, np.linalg.lstsq(columns * scale, target * scale, rcond=None)[0]


def axis_coordinates(basis: IdentityBasis, heads: Population, weight: np.ndarray) -> np.ndarray:
    """Return the coordinates (N, 4) of heads along gender, age and the first two ancestry axes."""
    return _coordinates(basis, heads, weight)[1][:4].T


def reconstruction_error_mm(basis: IdentityBasis, heads: Population, weight: np.ndarray) -> np.ndarray:
    """Return the distance (N, V) left after fitting axes and modes to unseen heads by weighted least squares."""
    columns, coordinates = _coordinates(basis, heads, weight)
    left = heads.heads_mm.reshape(len(heads.heads_mm), -1) - basis.mean_mm.ravel() - (columns @ coordinates).T
    return np.linalg.norm(left.reshape(heads.heads_mm.shape), axis=2)
