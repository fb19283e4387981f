"""Sums over blocks of frames, from which correlations, slopes and offsets of any resampling follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BLOCK_FRAMES = 12
"""Consecutive chosen frames that are resampled together, because neighbours are alike."""

N, X, Y, XX, YY, XY = range(6)


@dataclass(frozen=True)
class Cell:
    """One subject with one picture group, for many Action Units.

    Attributes
    ----------
    sums : (B, 6, A) float64
        Per block: frames in which both are known, and sums of x, y, x², y², xy.
    """

    sums: np.ndarray


def block_numbers(count: int) -> np.ndarray:
    """Return the block (T,) int64 of each of ``count`` frames; short tracks are cut into four."""
    size = max(1, min(BLOCK_FRAMES, -(-count // 4)))
    return np.arange(count) // size


def cell(x: np.ndarray, y: np.ndarray) -> Cell:
    """Sum two measures (T, A) over blocks of time; frames where either is NaN count for neither."""
    fine = np.isfinite(x) & np.isfinite(y)
    shift_x, shift_y = _centre(x), _centre(y)
    u, v = np.where(fine, x - shift_x, 0.0), np.where(fine, y - shift_y, 0.0)
    blocks = block_numbers(len(x))
    parts = np.stack([fine.astype(float), u, v, u * u, v * v, u * v], 1)
    sums = np.zeros((int(blocks[-1]) + 1, 6, x.shape[1]))
    np.add.at(sums, blocks, parts)
    return Cell(sums)


def _centre(values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    return np.where(known, values, 0.0).sum(0) / np.maximum(known.sum(0), 1)


def weighings(
    cells: list[Cell], subjects: list[int], rng: np.random.Generator, rounds: int
) -> tuple[list[np.ndarray], bool]:
    """Draw how often every block counts in every round of a bootstrap.

    Subjects are drawn first if there are at least five, then blocks of time within each subject. All cells of a subject
    use the same draw, because they show the same frames.

    Returns
    -------
    weights : list of (rounds, B) float64
        One array for each cell.
    by_subject : bool
        Whether subjects were drawn.
    """
    names = sorted(set(subjects))
    by_subject = len(names) >= 5
    times = np.ones((rounds, len(names)))
    if by_subject:
        drawn = rng.integers(0, len(names), (rounds, len(names)))
        times = np.stack([(drawn == i).sum(1) for i in range(len(names))], 1).astype(float)
    draws = {}
    for place, name in enumerate(names):
        blocks = len(cells[subjects.index(name)].sums)
        picked = rng.multinomial(blocks, np.full(blocks, 1 / blocks), size=rounds)
        draws[name] = picked * times[:, place : place + 1]
    return [draws[name] for name in subjects], by_subject


def pooled(cells: list[Cell], weights: list[np.ndarray] | None = None) -> np.ndarray:
    """Return centred sums of squares over all cells, each centred on its own mean.

    Returns
    -------
    (R, 4, A) float64
        Frames, Sxx, Syy, Sxy for each round; one round if there are no weights.
    """
    total = np.zeros(())
    for index, one in enumerate(cells):
        weight = np.ones((1, len(one.sums))) if weights is None else weights[index]
        sums = np.einsum("rb,bka->rka", weight, one.sums)
        n = np.maximum(sums[:, N], 1e-12)
        centred = [
            sums[:, N],
            sums[:, XX] - sums[:, X] ** 2 / n,
            sums[:, YY] - sums[:, Y] ** 2 / n,
            sums[:, XY] - sums[:, X] * sums[:, Y] / n,
        ]
        total = total + np.stack(centred, 1)
    return total


def correlation(sums: np.ndarray) -> np.ndarray:
    """Return the correlation (R, A) within cells; NaN where either measure is constant."""
    with np.errstate(invalid="ignore", divide="ignore"):
        r = sums[:, 3] / np.sqrt(np.maximum(sums[:, 1], 0) * np.maximum(sums[:, 2], 0))
    return np.where((sums[:, 1] > 1e-9) & (sums[:, 2] > 1e-9), np.clip(r, -1, 1), np.nan)


def slope(sums: np.ndarray, repeatability: np.ndarray) -> np.ndarray:
    """Return the slope (R, A) of y on x, corrected for the noise in x.

    The least-squares slope is too flat by the share of x that is noise; divided by the repeatability of x it is
    unbiased, and noise in y does not bias it (Fuller, Measurement Error Models, 1987, section 1.1).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(sums[:, 1] > 1e-9, sums[:, 3] / sums[:, 1] / np.clip(repeatability, 0.2, 1.0), np.nan)
