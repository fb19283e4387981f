"""Which Action Units come together: latent correlations of the simulated faces.

The corpora publish how often each unit occurs but not, in a form that could be checked here, how often pairs
do. The table states what anatomy and display rules make of them (smiles 6+7+10+12, brow raises 1+2,
knitted brows 4+7+9, chin and lip displays 15+17+23+24, an open mouth against pressed lips); the values are
correlations of latent normal variables (tetrachoric), chosen, not measured.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

PERFORMED_AUS: tuple[int, ...] = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 24, 25, 26)
"""Action Units that simulated faces perform, the axis of all intensity arrays."""

AU_COLUMN: dict[int, int] = {number: i for i, number in enumerate(PERFORMED_AUS)}

BASE_CORRELATION = 0.12
"""Of every pair that the table does not list: some moments are livelier than others, some quite still."""

LATENT_CORRELATION: dict[tuple[int, int], float] = {
    (1, 2): 0.80, (1, 4): 0.25, (1, 5): 0.35, (1, 15): 0.15, (1, 26): 0.20, (2, 4): -0.10, (2, 5): 0.45,
    (4, 6): 0.05, (4, 7): 0.45, (4, 9): 0.40, (4, 12): -0.15, (4, 15): 0.20, (4, 17): 0.25, (4, 24): 0.15,
    (5, 7): -0.35, (5, 26): 0.20,
    (6, 7): 0.60, (6, 10): 0.60, (6, 12): 0.80, (6, 14): 0.20, (6, 25): 0.40,
    (7, 9): 0.30, (7, 10): 0.50, (7, 12): 0.50, (7, 25): 0.25, (9, 10): 0.45,
    (10, 12): 0.65, (10, 14): 0.20, (10, 25): 0.45, (12, 14): 0.30, (12, 15): -0.20, (12, 17): -0.10,
    (12, 25): 0.50, (12, 26): 0.25, (14, 15): 0.15, (14, 17): 0.25, (14, 23): 0.15, (14, 24): 0.25,
    (15, 17): 0.55, (15, 24): 0.20, (17, 23): 0.35, (17, 24): 0.50, (17, 25): -0.35, (17, 26): -0.35,
    (20, 25): 0.30, (23, 24): 0.45, (23, 25): -0.40, (23, 26): -0.35, (24, 25): -0.60, (24, 26): -0.50,
    (25, 26): 0.80,
}  # fmt: skip


def latent_correlation() -> np.ndarray:
    """Return the correlation matrix (17, 17) of the latent intensities: the table, made positive definite.

    Negative eigenvalues are lifted to 0.02 and the diagonal is scaled back to 1.
    """
    matrix = np.full((len(PERFORMED_AUS),) * 2, BASE_CORRELATION)
    np.fill_diagonal(matrix, 1.0)
    for (a, b), value in LATENT_CORRELATION.items():
        matrix[AU_COLUMN[a], AU_COLUMN[b]] = matrix[AU_COLUMN[b], AU_COLUMN[a]] = value
    eigenvalues, vectors = np.linalg.eigh(matrix)
    matrix = (vectors * np.maximum(eigenvalues, 0.02)) @ vectors.T
    scale = 1.0 / np.sqrt(np.diag(matrix))
    return matrix * np.outer(scale, scale)


def rate_threshold(rate: float, shifts: tuple[float, ...], shares: tuple[float, ...]) -> float:
    """Return the c at which a mixture of unit normals exceeds c with probability ``rate``.

    Parameters
    ----------
    rate : float
        In (0, 1).
    shifts, shares : tuple of float
        Means of the components and how much of the population each makes up.
    """
    weights = np.asarray(shares) / np.sum(shares)
    means = np.asarray(shifts)
    return float(brentq(lambda c: float(weights @ ndtr(means - c)) - rate, -12.0, 12.0))
