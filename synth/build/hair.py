"""Hair styles: shells of strands that grow from a parting to the hair line, and hang where they are long.

Every style is a grid: columns are strands, rows run from root to tip, so that a strand texture follows
the hair. Positions are worked out on the mean head and bound to the scalp, so that they fit everybody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator

from assets.keyed import rng_for
from synth.build.graft import Graft, nearest_weights
from synth.build.hair_gathered import cleared, knot, tail

SKULL_CENTRE_MM = np.array([0.0, 20.0, -75.0])
HAIR_LINE = np.array([
    (0, 69), (14, 69), (26, 66), (36, 58), (46, 44), (55, 25), (62, 4), (68, -18), (74, -20), (79, 0),
    (88, 10), (100, 8), (110, -12), (120, -46), (135, -66), (160, -72), (180, -70),
], float)  # fmt: skip
"""Azimuth in degrees (0 front, 90 ear, 180 nape) and height in mm of the edge of the hair."""

EDGE_MM, TIP_MM, LINING_MM = 3.1, 0.9, 2.0
PEAK_WIDTH_DEG = 17.0
HANG_FROM_DEG, EDGE_FADE = 47.0, 0.97
LINING_REACH = 0.88
"""Share of the way to the hair line that the lining covers; beyond it strands thin out over painted roots."""

STRAND_FOLDS = 6
"""The texture runs to and fro this many times around the head, so that its strands are as fine as locks."""


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
        Where strands start: sideways and backwards from the top of the head.
    parting_mm : float
        As the second of ``part_mm``, for strands in front: a parting runs between the two.
    line_shift_mm : (3,) float
        Shift of the hair line in front, at the temples and behind.
    ends_mm : (3,) float or None
        Height where hanging strands end at the temples, behind the ears and at the nape.
    curl_mm : float
        How far hanging ends turn in.
    ragged : float
        Scatter of the strand lengths, share of the strand.
    lumps_mm, grain_mm : float
        Relief of the surface: broad waves, and single locks.
    taper : float
        Where the hair starts to thin towards its edge, share of the strand.
    columns, rows : int
        Size of the grid.
    peak_mm : float
        How far the hair line rises at the parting.
    wave_mm : float
        How far hanging strands swing out and in.
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
    taper: float = 0.72
    columns: int = 60
    rows: int = 10
    peak_mm: float = 0.0
    wave_mm: float = 0.0
    gathered: str = ""


STYLES = (
    Style("cropped", 3.6, 2.4, 2.8, ragged=0.03, lumps_mm=0.2, grain_mm=0.15, rows=8, taper=0.55),
    Style("short", 15.0, 5.5, 7.0, (0.0, 35.0), 35.0, (-2, 2, 0), ragged=0.05, lumps_mm=1.4, grain_mm=0.8),
    Style("side", 18.0, 6.5, 8.0, (46.0, 0.0), -60.0, (3, 1, -4), ragged=0.04, lumps_mm=1.2, grain_mm=0.6),
    Style("curly", 24.0, 15.0, 18.0, line_shift_mm=(4, -2, -4), lumps_mm=2.6, grain_mm=3.0, taper=0.86, columns=64),
    Style("receding", 5.0, 4.0, 5.0, (0.0, 45.0), 45.0, (17, 13, 0), ragged=0.05, lumps_mm=0.4, grain_mm=0.3,
          taper=0.5),
    Style("bob", 16.0, 20.0, 21.0, (34.0, 0.0), -75.0, (-3, -1, 0), (-98, -98, -98), 12.0, rows=12, peak_mm=10.0),
    Style("long", 14.0, 18.0, 21.0, (0.0, -4.0), -95.0, (-3, -1, 0), (-190, -235, -250), -3.0, lumps_mm=1.4, rows=14,
          peak_mm=13.0),
    Style("wavy", 18.0, 24.0, 25.0, (26.0, 0.0), -80.0, (-3, -1, 0), (-150, -190, -200), 0.0, 0.05, 2.0, wave_mm=5.0,
          rows=16, peak_mm=12.0),
    Style("curls", 32.0, 33.0, 34.0, (0.0, 0.0), -40.0, (3, 4, 0), (-78, -92, -96), 6.0, 0.07, 4.0, 4.2, 0.9,
          wave_mm=6.0, columns=64, rows=14),
    Style("bun", 9.0, 5.5, 6.5, (0.0, 60.0), 60.0, (3, 3, 4), ragged=0.03, lumps_mm=0.6, gathered="bun", taper=0.6),
    Style("ponytail", 12.0, 7.0, 9.0, (26.0, 18.0), 18.0, (4, 6, 0), ragged=0.03, lumps_mm=1.0, gathered="tail",
          taper=0.6),
)  # fmt: skip


class Scalp:
    """The skull as a radial function of direction, without the ears.

    Parameters
    ----------
    rest_mm : (V, 3) float
    scalp : (n,) int
        Outer skin of the head without ears.
    body : (m, 3) float
        Neck and shoulders, which hanging hair must stay outside of.
    """

    def __init__(self, rest_mm: np.ndarray, scalp: np.ndarray, body: np.ndarray) -> None:
        self.rest_mm, self.vertices, self.body = rest_mm, scalp, body
        offset = rest_mm[scalp] - SKULL_CENTRE_MM
        radius = np.linalg.norm(offset, axis=1)
        chart = _chart(offset / radius[:, None])
        turn = np.array([2 * np.pi, 0.0])
        wrapped = np.concatenate([chart, chart + turn, chart - turn])
        radii = np.tile(radius, 3)
        self._linear, self._nearest = LinearNDInterpolator(wrapped, radii), NearestNDInterpolator(wrapped, radii)

    def radius(self, direction: np.ndarray) -> np.ndarray:
        """Return the distance (...) of the skull from its centre in unit directions (..., 3)."""
        chart = _chart(direction)
        inside = self._linear(chart)
        return np.where(np.isnan(inside), self._nearest(chart), inside)

    def at_height(self, azimuth: np.ndarray, height_mm: np.ndarray) -> np.ndarray:
        """Return unit directions (n, 3) to where the skull has a height at an azimuth (radians)."""
        polar = np.zeros(len(azimuth))
        for _ in range(12):
            direction = _direction(azimuth, polar)
            y = self.radius(direction) * np.sin(polar)
            polar = np.clip(polar + (height_mm - SKULL_CENTRE_MM[1] - y) / 95.0, -1.3, 1.5)
        return _direction(azimuth, polar)


def _chart(direction: np.ndarray) -> np.ndarray:
    return np.stack(
        [np.arctan2(direction[..., 0], direction[..., 2]), np.arcsin(np.clip(direction[..., 1], -1, 1))], -1
    )


def _direction(azimuth: np.ndarray, polar: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(polar) * np.sin(azimuth), np.sin(polar), np.cos(polar) * np.cos(azimuth)], -1)


def hair_graft(scalp: Scalp, style: Style) -> Graft:
    """Return one hair style as an optional part."""
    azimuth = -np.pi + 2 * np.pi * np.arange(style.columns) / style.columns
    strands = _hung(scalp, style, azimuth, _grown(scalp, style, azimuth))
    grids = [strands, _lining(scalp, style, azimuth[::2])]
    if style.gathered:
        grids.append(knot(strands) if style.gathered == "bun" else tail(scalp.body))
    points, faces, uv, uv_faces = [], [], [], []
    start = uv_start = 0
    for grid in grids:
        rows, columns = grid.shape[:2]
        faces.append(start + _wrapped_quads(rows, columns, columns))
        uv_faces.append(uv_start + _wrapped_quads(rows, columns, columns + 1))
        around = np.arange(columns + 1) * STRAND_FOLDS / columns
        u, v = np.meshgrid(1 - np.abs(around % 2 - 1), np.linspace(1, 0, rows))
        uv.append(np.stack([u, v], -1).reshape(-1, 2))
        points.append(grid.reshape(-1, 3))
        start, uv_start = start + rows * columns, uv_start + rows * (columns + 1)
    flat = np.concatenate(points)
    # Hanging hair follows the back of the head rather than the neck.
    held = np.maximum(flat, [-np.inf, -60.0, -np.inf])
    weights = nearest_weights(held, scalp.rest_mm[scalp.vertices], scalp.vertices, len(scalp.rest_mm), 8)
    return Graft(
        f"hair_{style.name}", "hair", flat, weights, np.concatenate(faces), np.concatenate(uv),
        np.concatenate(uv_faces), optional=True, moves=False,
    )  # fmt: skip


def _wrapped_quads(rows: int, columns: int, width: int) -> np.ndarray:
    """Return the quads (n, 4) of a closed grid, seen from outside, in an array of the given row width."""
    index = np.arange(rows * width).reshape(rows, width)
    here, there = index[:, :columns], np.roll(index, -1, 1)[:, :columns]
    return np.stack([here[:-1], here[1:], there[1:], there[:-1]], -1).reshape(-1, 4)


def _wavy(azimuth: np.ndarray, name: str) -> np.ndarray:
    """Return smooth periodic noise (12, n) of about unit size, one row per use."""
    rows = []
    for k in range(12):
        rng = rng_for(0, "hair", name, k)
        waves = [(rng.integers(3, 15), rng.uniform(0, 2 * np.pi), rng.normal()) for _ in range(6)]
        rows.append(sum(size * np.sin(number * azimuth + phase) for number, phase, size in waves) / 2.0)
    return np.array(rows)


def _line_height(style: Style, azimuth: np.ndarray) -> np.ndarray:
    degrees = np.degrees(np.abs(azimuth))
    front, temple, nape = style.line_shift_mm
    shift = np.interp(degrees, [0, 30, 55, 90, 130, 180], [front, front, temple, temple, nape, nape])
    from_parting = np.degrees(azimuth - np.arctan2(style.part_mm[0], -SKULL_CENTRE_MM[2]))
    peak = style.peak_mm * np.exp(-((from_parting / PEAK_WIDTH_DEG) ** 2))
    return np.interp(degrees, HAIR_LINE[:, 0], HAIR_LINE[:, 1]) + shift + peak


def _thickness(style: Style, direction: np.ndarray) -> np.ndarray:
    up = np.clip(direction[..., 1], 0, 1) ** 1.3
    back = np.clip(-direction[..., 2], 0, 1)
    around = style.side_mm + (style.back_mm - style.side_mm) * back
    return around + (style.top_mm - around) * up


def _arcs(scalp: Scalp, style: Style, azimuth: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return unit directions (R, C, 3) along great circles from the parting to the hair line."""
    ends = scalp.at_height(azimuth, _line_height(style, azimuth))
    side, behind = style.part_mm
    back = behind + (style.parting_mm - behind) * np.interp(np.degrees(np.abs(azimuth)), [35, 120], [1, 0])
    pole = np.stack([np.full(len(back), side), np.full(len(back), 95.0), -back], 1)
    pole /= np.linalg.norm(pole, axis=1, keepdims=True)
    angle = np.arccos(np.clip((ends * pole).sum(1), -1, 1))[None, :, None]
    t = share[:, :, None] * angle
    return (np.sin(angle - t) * pole + np.sin(t) * ends) / np.maximum(np.sin(angle), 1e-3)


def _grown(scalp: Scalp, style: Style, azimuth: np.ndarray) -> np.ndarray:
    noise = _wavy(azimuth, style.name)
    hanging = _hangs(style, azimuth)
    jitter = 1 + style.ragged * np.clip(noise[0], -2, 2) + _scatter(style, len(azimuth))
    share = (np.linspace(0, 1, style.rows) ** 0.85)[:, None] * np.where(hanging, 0.9, jitter)
    direction = _arcs(scalp, style, azimuth, share)
    fade = np.clip((share - style.taper) / (1.02 - style.taper), 0, 1) ** 2 * EDGE_FADE
    taper = np.where(hanging, 1.0, 1 - fade)
    waves = sum(noise[k + 1] * np.sin((k + 2) * 2.1 * share + k) for k in range(4)) / 2
    relief = style.lumps_mm * waves + style.grain_mm * _grain(style, share.shape)
    thickness = _thickness(style, direction) * taper * np.clip(share / 0.12, 0.35, 1) + relief * taper
    least = np.where(hanging, EDGE_MM, np.interp(share, [0.6, 1.0], [EDGE_MM, TIP_MM]))
    return SKULL_CENTRE_MM + direction * (scalp.radius(direction) + np.maximum(thickness, least))[..., None]


def _grain(style: Style, shape: tuple[int, int]) -> np.ndarray:
    """Return single locks (R, C): each keeps its height along the strand, more or less."""
    rng = rng_for(0, "hair-grain", style.name)
    lock = rng.normal(0, 1, shape[1])
    return np.clip(0.6 * lock + (0.8 if style.name in ("curly", "curls") else 0.3) * rng.normal(0, 1, shape), -2, 2)


def _scatter(style: Style, columns: int) -> np.ndarray:
    return rng_for(0, "hair-ends", style.name).normal(0, style.ragged * 0.8, columns)


def _hangs(style: Style, azimuth: np.ndarray) -> np.ndarray:
    return (np.degrees(np.abs(azimuth)) > HANG_FROM_DEG) & (style.ends_mm is not None)


def _hung(scalp: Scalp, style: Style, azimuth: np.ndarray, grown: np.ndarray) -> np.ndarray:
    """Append rows that fall straight down from the ends of the grown strands, clear of neck and shoulders."""
    if style.ends_mm is None:
        return grown
    hanging = _hangs(style, azimuth)
    degrees = np.degrees(np.abs(azimuth))
    last = grown[-1]
    floor = np.interp(degrees, [HANG_FROM_DEG, 100, 180], style.ends_mm)
    length = np.where(hanging, np.maximum(last[:, 1] - floor, 0), 0.0)
    length *= 1 + 0.5 * _scatter(style, len(azimuth))
    axis = last * [1, 0, 1] - SKULL_CENTRE_MM * [0, 0, 1]
    outward = axis / np.linalg.norm(axis, axis=1, keepdims=True)
    phase = 2.0 * np.sin(3 * azimuth)
    rows = [last]
    for t in np.linspace(0, 1, style.rows)[1:]:
        wave = style.wave_mm * np.sin(4.5 * np.pi * t + phase) * min(3 * t, 1.0)
        swing = (4.0 * np.sin(np.pi * t) - style.curl_mm * t**2.5 + wave) * hanging
        point = last + outward * swing[:, None] - np.outer(length * t, [0, 1, 0])
        rows.append(cleared(point, rows[-1], scalp.body))
    return np.concatenate([grown, np.stack(rows[1:])])


def _lining(scalp: Scalp, style: Style, azimuth: np.ndarray) -> np.ndarray:
    """Return a thin shell under the hair that hides the scalp up to the hair line."""
    uneven = rng_for(0, "hair-lining", style.name).uniform(-0.006, 0.014, len(azimuth))
    share = np.linspace(0.02, LINING_REACH, 7)[:, None] * (1 + uneven)
    direction = _arcs(scalp, style, azimuth, share)
    return SKULL_CENTRE_MM + direction * (scalp.radius(direction) + LINING_MM)[..., None]
