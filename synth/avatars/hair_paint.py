"""The texture of the hair: strands that end in locks, waves, and curls."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from synth.avatars.atlas import EDGE_FROM_U, TILES, WHOLE_FROM_V
from synth.avatars.parts_paint import as_texture, ramp, tile_grid
from synth.avatars.spec import AvatarSpec

STRAND_DRIFT_PX = 7.0
"""How far strands of the hair's tile stray from straight lines."""

WAVES = {"wavy": (5.0, 7.0)}
"""Words in the names of hair styles, how often their strands swing in the tile, and how far."""

PERIOD_PX, PAD = 376, 2
"""The mass of the hair repeats after so many texels of the tile: the left part of `MASS_TO_U` without margins."""

CURLS_ACROSS, CURL_HEIGHT_PX = 11, 26.0
"""Number of short curls side by side in a period, and the height of one."""

RINGLETS_ACROSS, TURN_PX, SWING_PX = 10, 40.0, 15.0
"""Number of ringlets in a period, the length of one of their turns, and how far they swing out."""

CURL_DULL = 0.55
"""Gloss of curls beside that of straight strands, whose highlights run together."""

FRAY_PX = 4.0
"""Width of the strands at free edges, which are drawn much smaller than the rest of the tile."""

CURLS_THIN = 0.65
"""Along how much of the tips curls end one by one, beside straight strands: single curls seem to float."""

STREAKS = {"fine": (13, 0.75), "wisps": (9, 1.6), "locks": (7, 5.0), "tufts": (3, 11.0), "lengths": (2, 34.0)}
"""How often streaks of each kind change along the tile, and their width in texels."""

LOCK_ENDS = {"tufts": 0.26, "locks": 0.17}
"""How much shorter strands are away from the middle of their lock, per standard deviation: locks end in points."""


@dataclass(frozen=True)
class Growth:
    """Where a style's strands are in a tile of straight ones.

    Attributes
    ----------
    columns, rows : (H, W) float32
    shade : (H, W) float32
        Relief, in units of the contrast between strands.
    clumps : (H, W) float32 or None
        Height in the tile at which each curl hangs, lowered at its rim; None without curls.
    """

    columns: np.ndarray
    rows: np.ndarray
    shade: np.ndarray
    clumps: np.ndarray | None = None


def paint_hair(spec: AvatarSpec, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the hair's tile and its gloss (H, W) uint8.

    Strands run along v from the root at 1 to the tip at 0, where they end lock by lock; alpha is coverage. Right of
    `EDGE_FROM_U` they become sparse towards the right, for the free edges of the hair.
    """
    _, v = tile_grid("hair")
    growth = _growth(rng, spec.hair)
    streaks = {
        name: cv2.remap(
            _streaks(rng, *kind), np.mod(growth.columns, PERIOD_PX) + PAD, growth.rows, cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        for name, kind in STREAKS.items()
    }  # fmt: skip
    strand = 0.38 * streaks["fine"] + 0.32 * streaks["wisps"] + 0.30 * streaks["locks"] + growth.shade
    depth = (0.86 + 0.14 * ramp(0.0, 0.35, v)) * (1 - 0.25 * ramp(0.93, 1.0, v))
    tint = np.array([1.0, 0.3, -0.4]) * float(np.clip(2.0 * np.ptp(spec.hair_rgb) / max(spec.hair_rgb), 0, 1))
    warm = 1 + 0.10 * streaks["locks"][..., None] * tint
    colour = np.asarray(spec.hair_rgb) * np.exp(0.42 * strand)[..., None] * depth[..., None] * warm
    shine = 0.6 * streaks["fine"] + 0.5 * streaks["wisps"] + 0.4 * streaks["locks"]
    gloss = 128 * np.exp(0.6 * shine) * (0.4 + 0.6 * depth)
    if growth.clumps is not None:
        gloss = gloss * CURL_DULL * np.exp(0.5 * growth.shade)
    fray = ndimage.gaussian_filter1d(rng.standard_normal(TILES["hair"].width), FRAY_PX)
    fray = _ranked(fray / fray.std())
    return as_texture(colour, _cover(streaks, growth, fray)), np.rint(np.clip(gloss, 0, 255)).astype(np.uint8)


def _cover(streaks: dict[str, np.ndarray], growth: Growth, fray: np.ndarray) -> np.ndarray:
    """Return the coverage (H, W) in [0, 1].

    Few rows of the tile are stretched over the whole length of a free edge. Strands there, which are left where
    ``fray`` (W,) is high, are straight: bent ones would be steps.
    """
    u, v = tile_grid("hair")
    short = sum(share * np.minimum(np.abs(streaks[name]), 2.2) for name, share in LOCK_ENDS.items())
    short = short + 0.30 * _ranked(streaks["lengths"]) + 0.10 * _ranked(0.7 * streaks["fine"] + 0.7 * streaks["wisps"])
    end = 0.8 * WHOLE_FROM_V * np.clip(short, 0, 1.2)
    height = v if growth.clumps is None else growth.clumps
    end = end if growth.clumps is None else CURLS_THIN * end
    cover = np.clip(0.5 + 40.0 * (height - end), 0, 1)
    sparse = np.clip((u - EDGE_FROM_U) / (1 - EDGE_FROM_U), 0, 1)
    edge = np.clip(0.5 + 5.0 * (fray - 1.2 * ramp(0.25, 1.1, sparse)), 0, 1) * (v > 0.12 * end)
    cover = np.where(u > EDGE_FROM_U - 0.01, edge, cover)
    return np.where(v > WHOLE_FROM_V - 0.01, 1.0, cover)


def _growth(rng: np.random.Generator, hair: str) -> Growth:
    """Return how the strands of a style grow."""
    tile = TILES["hair"]
    rows, columns = np.mgrid[: tile.height, : tile.width].astype(np.float32)
    if "curly" in hair:
        return _curls(rng, rows, columns)
    if "curls" in hair:
        return _ringlets(rng, rows, columns)
    shade = np.zeros_like(rows)
    columns += STRAND_DRIFT_PX * _soft(rng, 7, 9)
    for word, (waves, reach_px) in WAVES.items():
        if word in hair:
            turns = 2 * np.pi * waves * rows / tile.height + 1.8 * _soft(rng, 3, 19)
            columns += reach_px * np.sin(turns)
            shade += 0.07 * reach_px * np.cos(turns)
    return Growth(columns, rows, shade)


def _curls(rng: np.random.Generator, rows: np.ndarray, columns: np.ndarray) -> Growth:
    """Return short curls: cells of a jittered grid, domes on which strands run around a point beside the middle."""
    width, height = PERIOD_PX / CURLS_ACROSS, CURL_HEIGHT_PX
    x, y = columns / width + 0.10 * _soft(rng, 24, 15), rows / height + 0.10 * _soft(rng, 24, 15)
    middles = _middles(rng, int(y.max()) + 6)
    around_too = np.concatenate([middles + np.array([k * CURLS_ACROSS, 0]) for k in (0, -1, 1)])
    near, second, cell = _nearest(x, y, around_too)
    mx, my = around_too[cell, 0], around_too[cell, 1]
    turn, tone, shift = (rng.random(len(middles))[cell % len(middles)] for _ in range(3))
    rim = np.clip((second - near) / 0.4, 0, 1)
    shade = 0.9 * (0.25 - near**2) - 1.3 * (1 - rim) ** 2 + 0.9 * (my - y) + 0.6 * (tone - 0.5)
    sx, sy = mx + 0.5 * np.cos(6.28 * turn), my + 0.5 * np.sin(6.28 * turn)
    around, angle = width * np.hypot(x - sx, y - sy), np.arctan2(y - sy, x - sx)
    hangs = 1 - (my * height + 0.5) / rows.shape[0]
    clumps = hangs - 0.25 * WHOLE_FROM_V * ramp(0.4, 0.7, near)
    return _grown(120 + 260 * shift + around, 256 + 30 * angle, shade, clumps)


def _ringlets(rng: np.random.Generator, rows: np.ndarray, columns: np.ndarray) -> Growth:
    """Return hanging curls: locks that swing to and fro, each round across and lit where it turns outward."""
    turns = 2 * np.pi * rows / TURN_PX * (1 + 0.10 * _soft(rng, 3, 6)) + 1.9 * _soft(rng, 5, 12)
    swung = columns + SWING_PX * np.sin(turns) + STRAND_DRIFT_PX * _soft(rng, 6, 7)
    across = swung * (RINGLETS_ACROSS / PERIOD_PX)
    ringlet = np.floor(across).astype(int) % RINGLETS_ACROSS
    s = 2 * (across - np.floor(across)) - 1
    tone, low = (rng.random(RINGLETS_ACROSS)[ringlet] for _ in range(2))
    swell = np.cos(turns + 0.8 * s)
    shade = 0.75 * swell - 1.5 * np.abs(s) ** 4 + 0.35 + 0.9 * (tone - 0.5)
    hangs = 1 - (rows + 0.5) / rows.shape[0]
    clumps = hangs - WHOLE_FROM_V * (0.35 * np.abs(s) ** 2 + 0.5 * (low - 0.5))
    return _grown(swung, rows, shade, clumps)


def _grown(columns: np.ndarray, rows: np.ndarray, shade: np.ndarray, clumps: np.ndarray) -> Growth:
    return Growth(*(field.astype(np.float32) for field in (columns, rows, shade, clumps)))


def _nearest(x: np.ndarray, y: np.ndarray, middles: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return distances (H, W) to the two nearest of some points (n, 2), and the index (H, W) of the nearest."""
    distance, index = cKDTree(middles).query(np.stack([x.ravel(), y.ravel()], 1), k=2)
    near, second = distance.astype(np.float32).T.reshape(2, *x.shape)
    return near, second, index[:, 0].reshape(x.shape)


def _middles(rng: np.random.Generator, down: int) -> np.ndarray:
    """Return the jittered points (n, 2), x then y, of one period of a grid whose every other row is shifted."""
    y, x = np.mgrid[-2 : down - 2, :CURLS_ACROSS].astype(float)
    points = np.stack([x + 0.5 * (y % 2), y], -1) + rng.uniform(0.15, 0.85, (down, CURLS_ACROSS, 2))
    return points.reshape(-1, 2)


def _streaks(rng: np.random.Generator, knots: int, width_px: float) -> np.ndarray:
    """Return streaks along v (H, period + padding) of unit variance: ``knots`` independent rows, blurred across."""
    rows = ndimage.gaussian_filter1d(rng.standard_normal((knots, PERIOD_PX)), width_px, axis=1, mode="wrap")
    streaks = cv2.resize(rows.astype(np.float32), (PERIOD_PX, TILES["hair"].height), interpolation=cv2.INTER_CUBIC)
    return np.pad(streaks / streaks.std(), ((0, 0), (PAD, PAD)), mode="wrap")


def _soft(rng: np.random.Generator, down: int, across: int) -> np.ndarray:
    """Return smooth noise (H, W) float32 of about unit size: so many spots down the tile and across one period."""
    tile = TILES["hair"]
    knots = np.pad(rng.standard_normal((down, across)).astype(np.float32), ((0, 0), (PAD, PAD)), mode="wrap")
    x = np.mod(np.arange(tile.width, dtype=np.float32), PERIOD_PX) * (across / PERIOD_PX) + PAD
    y = (np.arange(tile.height, dtype=np.float32) + 0.5) * (down / tile.height) - 0.5
    x, y = np.meshgrid(x, y)
    return cv2.remap(knots, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)


def _ranked(values: np.ndarray) -> np.ndarray:
    """Return values of unit variance as evenly spread numbers in (0, 1)."""
    return 1 / (1 + np.exp(-1.7 * values))
