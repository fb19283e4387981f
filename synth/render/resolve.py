"""From samples to pixels: average the samples of each pixel, lay them over the background, expose.

Light is linear until here. A soft shoulder keeps highlights from burning out, then values are encoded
for the display. Both renderers share this curve.
"""

from __future__ import annotations

import numpy as np
from numba import njit

SAMPLE_RANGE = 1.21
"""The linear light that a sample's value 255 stands for; samples hold the square root of light."""

STEPS = 4080


def tone(linear: np.ndarray) -> np.ndarray:
    """Return display values in [0, 255] of linear light: a soft shoulder, then approximately the sRGB curve."""
    light = np.maximum(linear, 0.0)
    light = light * (1 + 0.12 * light) / (1 + 0.32 * light)
    value = 0.585122381 * light**0.5 + 0.783140355 * light**0.25 - 0.368262736 * light**0.125
    return 255 * np.clip(value, 0, 1)


_TABLE = tone(SAMPLE_RANGE * (np.arange(STEPS + 1) / STEPS) ** 2).astype(np.float32)


def resolve(samples: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Return the picture of supersampled light.

    Parameters
    ----------
    samples : (n, n, 4) uint8
        Square root of light in units of `SAMPLE_RANGE`; alpha 255 where something was drawn, all zero
        elsewhere. n is the side of the picture times 1, 1.5, 2, 3 or 4.
    background : (S, S, 3) uint8

    Returns
    -------
    picture : (S, S, 3) uint8
    """
    picture = np.empty_like(background)
    size, fine = background.shape[0], samples.shape[0]
    if 2 * fine == 3 * size:
        _resolve_halves(samples, background, _TABLE, picture)
    else:
        _resolve(samples, background, fine // size, _TABLE, picture)
    return picture


@njit(cache=True)
def _resolve(samples, background, side, table, picture):  # pragma: no cover - compiled
    share = side * side
    scale = 16.0 / share
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
            _write(red, green, blue, drawn, share, scale, background, table, picture, y, x)


@njit(cache=True)
def _resolve_halves(samples, background, table, picture):  # pragma: no cover - compiled
    """As `_resolve` for one and a half samples along each side: whole samples count 2, shared ones 1."""
    for y in range(picture.shape[0]):
        top, first_y = (3 * y) // 2, 2 if y % 2 == 0 else 1
        for x in range(picture.shape[1]):
            left, first_x = (3 * x) // 2, 2 if x % 2 == 0 else 1
            red = green = blue = drawn = 0
            for sy in range(2):
                for sx in range(2):
                    weight = (first_y if sy == 0 else 3 - first_y) * (first_x if sx == 0 else 3 - first_x)
                    if samples[top + sy, left + sx, 3]:
                        red += weight * samples[top + sy, left + sx, 0]
                        green += weight * samples[top + sy, left + sx, 1]
                        blue += weight * samples[top + sy, left + sx, 2]
                        drawn += weight
            _write(red, green, blue, drawn, 9, 16.0 / 9.0, background, table, picture, y, x)


@njit(cache=True, inline="always")
def _write(red, green, blue, drawn, share, scale, background, table, picture, y, x):  # pragma: no cover - compiled
    if drawn == 0:
        picture[y, x, 0], picture[y, x, 1], picture[y, x, 2] = (
            background[y, x, 0],
            background[y, x, 1],
            background[y, x, 2],
        )
        return
    lift = scale * share / drawn
    cover = drawn / share
    rest = 1 - cover
    picture[y, x, 0] = int(cover * table[int(red * lift + 0.5)] + rest * background[y, x, 0] + 0.5)
    picture[y, x, 1] = int(cover * table[int(green * lift + 0.5)] + rest * background[y, x, 1] + 0.5)
    picture[y, x, 2] = int(cover * table[int(blue * lift + 0.5)] + rest * background[y, x, 2] + 0.5)
