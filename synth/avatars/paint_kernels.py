"""Compiled steps of painting: laying a tone over a picture, dyeing, encoding for the display."""

from __future__ import annotations

import numpy as np
from numba import njit

from synth.avatars.tone import to_display

_STEPS = 8192

_DISPLAY = np.rint(255 * to_display((np.arange(_STEPS) / (_STEPS - 1)) ** 2)).astype(np.uint8)
"""Display values over the square root of linear light."""


def to_bytes(linear: np.ndarray) -> np.ndarray:
    """Return display RGB (..., 3) uint8 of linear RGB, clipped to [0, 1]; exact but for rounding at half levels."""
    flat = np.ascontiguousarray(linear, np.float32).reshape(-1)
    out = np.empty(len(flat), np.uint8)
    _encode(flat, _DISPLAY, out)
    return out.reshape(linear.shape)


def lay_over(colour: np.ndarray, tone: np.ndarray, cover: np.ndarray) -> None:
    """Cover a picture with a tone, in place.

    Parameters
    ----------
    colour : (H, W, 3) float32
        Linear RGB, contiguous.
    tone : (3,) float
    cover : (H, W) float
        Share of the tone, 0 to 1.
    """
    _lay(colour.reshape(-1, 3), np.asarray(tone, np.float32), np.ascontiguousarray(cover, np.float32).reshape(-1))


def dye(base: np.ndarray, densities: np.ndarray, pigments: tuple[np.ndarray, ...], grain: np.ndarray) -> np.ndarray:
    """Return linear RGB (H, W, 3) float32: ``base * exp(-sum of pigment * density) * grain`` (Beer-Lambert law).

    Parameters
    ----------
    base : (3,) float32
    densities : (P, 3) float32
        Optical density of red, green and blue per unit of each pigment.
    pigments : tuple of P (H, W) float32
    grain : (H, W) float32
    """
    out = np.empty((*grain.shape, 3), np.float32)
    amounts = np.stack(pigments).reshape(len(pigments), -1).astype(np.float32)
    flat = np.ascontiguousarray(grain, np.float32).reshape(-1)
    _dye(np.asarray(base, np.float32), densities.astype(np.float32), amounts, flat, out.reshape(-1, 3))
    return out


@njit(cache=True, fastmath=True)
def _encode(linear, table, out):  # pragma: no cover - compiled
    top = np.float32(table.shape[0] - 1)
    for i in range(linear.shape[0]):
        value = min(max(linear[i], np.float32(0)), np.float32(1))
        out[i] = table[np.int32(np.sqrt(value) * top + np.float32(0.5))]


@njit(cache=True, fastmath=True)
def _lay(colour, tone, cover):  # pragma: no cover - compiled
    for i in range(colour.shape[0]):
        share = cover[i]
        if share != np.float32(0):
            for k in range(3):
                colour[i, k] += (tone[k] - colour[i, k]) * share


@njit(cache=True, fastmath=True)
def _dye(base, densities, amounts, grain, out):  # pragma: no cover - compiled
    for i in range(out.shape[0]):
        for k in range(3):
            total = np.float32(0)
            for p in range(amounts.shape[0]):
                total += amounts[p, i] * densities[p, k]
            out[i, k] = base[k] * np.exp(-total) * grain[i]
