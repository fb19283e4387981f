"""The hair styles: their measures, the hair line, and the noise that makes locks of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.keyed import rng_for

HAIR_LINE = np.array([
    (0, 69), (14, 69), (26, 66), (36, 58), (46, 44), (55, 25), (62, 4), (68, -18), (74, -20), (79, 0),
    (88, 10), (100, 8), (110, -12), (120, -46), (135, -66), (160, -72), (180, -70),
], float)  # fmt: skip
"""Azimuth in degrees (0 front, 90 ear, 180 nape) and height in mm of the edge of the hair."""


GATHERED_LINE = np.array([
    (0, 69), (14, 69), (26, 66), (36, 59), (46, 49), (55, 40), (65, 32), (76, 26), (88, 20), (100, 13),
    (110, -6), (120, -40), (135, -66), (160, -72), (180, -70),
], float)  # fmt: skip
"""The same of hair that is combed back: no strand in front of the ears, where it would cross others on its way."""


@dataclass(frozen=True)
class Style:
    """A hair style.

    Attributes
    ----------
    name : str
        The part becomes ``hair_<name>``.
    top_mm, side_mm, back_mm : float
        Thickness of the hair above the scalp.
    part_mm : (2,) float
        Where strands start: sideways and backwards from the top of the head. Of parted hair, the parting runs from
        the hair line in front to there.
    parting_mm : float
        As the second of ``part_mm``, for strands in front, if the hair is not parted.
    line_shift_mm : (3,) float
        Shift of the hair line in front, at the temples and behind.
    ends_mm : (3,) float or None
        Height where the strands of parted hair end in front of the ears, behind them and at the nape.
    curl_mm : float
        How far hanging ends turn in.
    ragged : float
        Scatter of the strand lengths, share of the strand.
    lumps_mm, grain_mm : float
        Relief of the surface: broad waves, and single locks.
    knotty : float
        How much a lock's height changes along it: 0.3 for straight hair, more for curls.
    slope_mm : float
        Distance from the hair line over which the hair reaches its thickness.
    thinning_mm : float
        Length of the tips along which strands end one by one.
    columns, rows : int
        Size of the grid.
    wave_mm : float
        How far hanging strands swing out and in.
    front_deg : float
        Azimuth where parted hair leaves the temple.
    gathered : str
        ``bun`` for a knot behind the crown, ``tail`` for a tail over the left shoulder, or empty.
    """

    name: str
    top_mm: float
    side_mm: float
    back_mm: float
    part_mm: tuple[float, float] = (0.0, 20.0)
    parting_mm: float = 20.0
    line_shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    ends_mm: tuple[float, float, float] | None = None
    curl_mm: float = 0.0
    ragged: float = 0.03
    lumps_mm: float = 0.8
    grain_mm: float = 0.5
    knotty: float = 0.3
    slope_mm: float = 34.0
    thinning_mm: float = 18.0
    columns: int = 60
    rows: int = 10
    wave_mm: float = 0.0
    front_deg: float = 48.0
    gathered: str = ""


STYLES = (
    Style("cropped", 4.2, 2.6, 3.0, lumps_mm=0.2, grain_mm=0.15, rows=9, slope_mm=22.0),
    Style("short", 17.0, 5.5, 7.0, (0.0, 35.0), 35.0, (-2, 1, 0), ragged=0.04, lumps_mm=1.4, grain_mm=0.9),
    Style("side", 20.0, 6.0, 8.0, (46.0, 0.0), -60.0, (3, 2, -4), lumps_mm=1.2, grain_mm=0.6, slope_mm=42.0),
    Style("curly", 23.0, 9.0, 13.0, line_shift_mm=(0, 4, -4), lumps_mm=1.8, grain_mm=2.8, knotty=1.0, slope_mm=28.0,
          thinning_mm=15.0, columns=68, rows=13),
    Style("receding", 5.0, 4.0, 5.0, (0.0, 45.0), 45.0, (17, 13, 0), ragged=0.05, lumps_mm=0.4, grain_mm=0.3,
          slope_mm=30.0, thinning_mm=24.0),
    Style("bob", 15.0, 20.0, 20.0, (34.0, 20.0), ends_mm=(-92, -100, -100), curl_mm=13.0, thinning_mm=24.0, columns=58,
          rows=9),
    Style("long", 12.0, 15.0, 19.0, (0.0, 20.0), ends_mm=(-190, -235, -250), curl_mm=-3.0, lumps_mm=1.2,
          thinning_mm=45.0, columns=58, rows=11),
    Style("wavy", 17.0, 21.0, 23.0, (26.0, 20.0), ends_mm=(-140, -190, -200), ragged=0.05, lumps_mm=2.0, wave_mm=5.0,
          thinning_mm=40.0, columns=58, rows=12),
    Style("curls", 26.0, 29.0, 31.0, (12.0, 20.0), ends_mm=(-74, -92, -96), curl_mm=8.0, ragged=0.07, lumps_mm=3.4,
          grain_mm=3.0, knotty=0.8, wave_mm=5.0, thinning_mm=36.0, columns=62, rows=11),
    Style("bun", 8.0, 5.0, 6.0, (0.0, 130.0), 130.0, (2, 0, 4), ragged=0.008, lumps_mm=0.6, slope_mm=46.0,
          thinning_mm=11.0, rows=11, gathered="bun"),
    Style("ponytail", 11.0, 5.5, 7.0, (0.0, 260.0), 260.0, (1, 0, 0), ragged=0.008, lumps_mm=1.0, slope_mm=56.0,
          thinning_mm=11.0, rows=12, gathered="tail"),
)  # fmt: skip


def line_height(style: Style, azimuth: np.ndarray) -> np.ndarray:
    """Return the height (n,) in mm of a style's hair line at azimuths in radians."""
    degrees = np.degrees(np.abs(azimuth))
    front, temple, nape = style.line_shift_mm
    shift = np.interp(degrees, [0, 30, 55, 90, 130, 180], [front, front, temple, temple, nape, nape])
    return np.interp(degrees, *(GATHERED_LINE if style.gathered else HAIR_LINE).T) + shift


def thickness_mm(style: Style, direction: np.ndarray) -> np.ndarray:
    """Return the thickness (...) of the hair above the scalp in unit directions (..., 3), away from its edges."""
    up = np.clip(direction[..., 1], 0, 1) ** 1.3
    back = np.clip(-direction[..., 2], 0, 1)
    around = style.side_mm + (style.back_mm - style.side_mm) * back
    return around + (style.top_mm - around) * up


def relief_mm(style: Style, azimuth: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return the relief (R, C) of waves and single locks, for columns at azimuths (C,) and shares (R, C) of them."""
    noise = smooth_noise(azimuth, style.name)
    waves = sum(noise[k + 1] * np.sin((k + 2) * 2.1 * share + k) for k in range(4)) / 2
    rng = rng_for(0, "hair-grain", style.name)
    lock = rng.normal(0, 1, share.shape[1])
    locks = np.clip(0.6 * lock + style.knotty * rng.normal(0, 1, share.shape), -2, 2)
    return style.lumps_mm * waves + style.grain_mm * locks


def smooth_noise(azimuth: np.ndarray, name: str) -> np.ndarray:
    """Return smooth periodic noise (12, n) of about unit size, one row per use."""
    rows = []
    for k in range(12):
        rng = rng_for(0, "hair", name, k)
        waves = [(rng.integers(3, 15), rng.uniform(0, 2 * np.pi), rng.normal()) for _ in range(6)]
        rows.append(sum(size * np.sin(number * azimuth + phase) for number, phase, size in waves) / 2.0)
    return np.array(rows)


def length_scatter(style: Style, columns: int) -> np.ndarray:
    """Return the scatter (n,) of the lengths of neighbouring strands, share of the strand."""
    return rng_for(0, "hair-ends", style.name).normal(0, style.ragged * 0.8, columns)
