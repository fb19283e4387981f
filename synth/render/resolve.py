"""From samples to pixels: average the samples of each pixel and lay them over the background."""

from __future__ import annotations

import numpy as np
from numba import njit


def resolve(samples: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Return the picture of supersampled RGBA.

    Parameters
    ----------
    samples : (n * S, n * S, 4) uint8
        Alpha 255 where something was drawn, all zero elsewhere.
    background : (S, S, 3) uint8

    Returns
    -------
    picture : (S, S, 3) uint8
    """
    picture = np.empty_like(background)
    _resolve(samples, background, samples.shape[0] // background.shape[0], picture)
    return picture


@njit(cache=True)
def _resolve(samples, background, side, picture):  # pragma: no cover - compiled
    share = side * side
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            red = green = blue = drawn = 0
            for sy in range(y * side, y * side + side):
                for sx in range(x * side, x * side + side):
                    if samples[sy, sx, 3]:
                        red += samples[sy, sx, 0]
                        green += samples[sy, sx, 1]
                        blue += samples[sy, sx, 2]
                        drawn += 1
            rest = share - drawn
            half = share // 2
            picture[y, x, 0] = (red + rest * background[y, x, 0] + half) // share
            picture[y, x, 1] = (green + rest * background[y, x, 1] + half) // share
            picture[y, x, 2] = (blue + rest * background[y, x, 2] + half) // share
