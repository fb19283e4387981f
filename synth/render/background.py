"""Backgrounds: a vertical gradient with soft blobs and boxes, painted once per scene."""

from __future__ import annotations

import numpy as np

from assets.keyed import rng_for
from synth.render.scene import Background

BLOBS = 14


def to_display(linear: np.ndarray) -> np.ndarray:
    """Return sRGB values in [0, 1] of linear ones (IEC 61966-2-1)."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def paint_background(background: Background, size_px: int) -> np.ndarray:
    """Return the picture (size, size, 3) uint8 of a background.

    Parameters
    ----------
    background : Background
        ``texture`` scales the contrast of the blobs; ``seed`` places them and the boxes.
    size_px : int
    """
    centre = (np.arange(size_px) + 0.5) / size_px
    down = centre[:, None, None]
    picture = (1 - down) * np.asarray(background.top) + down * np.asarray(background.bottom)
    picture = np.broadcast_to(picture, (size_px, size_px, 3)).copy()
    if background.texture > 0:
        rng = rng_for(background.seed, "background")
        change = np.zeros((size_px, size_px))
        for _ in range(BLOBS):
            x, y, wide, high, amount = *rng.uniform(-0.1, 1.1, 2), *rng.uniform(0.05, 0.35, 2), rng.uniform(-1, 1)
            across = np.exp(-0.5 * ((centre - x) / wide) ** 2)
            change += amount * np.exp(-0.5 * ((centre[:, None] - y) / high) ** 2) * across
        picture *= np.exp(background.texture * change)[..., None]
    if background.clutter > 0:
        _place_boxes(picture, background, centre)
    return np.round(255 * to_display(picture)).astype(np.uint8)


def _place_boxes(picture: np.ndarray, background: Background, centre: np.ndarray) -> None:
    """Paint upright boxes out of focus over a linear picture (S, S, 3), in place."""
    rng = rng_for(background.seed, "boxes")
    base = (np.asarray(background.top) + np.asarray(background.bottom)) / 2
    for _ in range(background.clutter):
        x, y, wide, high = *rng.uniform(0.0, 1.0, 2), *rng.uniform(0.04, 0.22, 2)
        soft = rng.uniform(0.002, 0.008)
        colour = base * np.exp(rng.normal(0.0, 0.75) + rng.normal(0.0, 0.25, 3))
        across, down = ((1 + np.tanh((half - np.abs(centre - at)) / soft)) / 2 for at, half in ((x, wide), (y, high)))
        cover = (down[:, None] * across)[..., None]
        picture *= 1 - cover
        picture += cover * colour
