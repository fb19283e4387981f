"""Parted hair: a curtain that falls from the parting over temples, ears and nape, open in front."""

from __future__ import annotations

import numpy as np

from synth.build.hair_gathered import cleared
from synth.build.hair_sheet import Sheet, curtain, rows_to_tips, tip_v
from synth.build.hair_styles import Style, length_scatter, line_height, relief_mm, thickness_mm
from synth.build.skull import SKULL_CENTRE_MM, Scalp

EDGE_COLUMNS = 2
CROWN_FROM = 0.42
"""Share of the columns, from the front, whose roots lie along the parting; the others start at its end."""

ROOT_MM, EDGE_MM = 1.3, 1.0
HANG_AT = 0.92
"""Share of the way to the hair line where strands let go of the scalp."""

FLAT_FRONT = 0.10
"""Share of the columns, from the front, over which the hair rises to its thickness."""

HANG_OUT_MM = 4.0
ON_CHEEK, FRAMING, STRANDS_APART_MM = 0.04, 0.08, 120.0
"""Shares of the columns, from the front, that lie on the cheeks, before the ears, and that leave them behind these; and
how far apart they would be there, were they all there."""

BESIDE_FACE_MM = np.array([(-45, 60.0), (10, 66.0)])
"""How far from the middle the foremost strands hang, by height in mm: far enough in to cover ears and lobes."""

CHEEK_MM, FRAMED_AFTER_MM = 1.6, 25.0
"""How far off the skin they are there, and the drop from the temple after which they are."""


def parted_sheet(scalp: Scalp, style: Style) -> Sheet:
    """Return the curtain of a parted style."""
    # from the left edge, which hangs at positive azimuths, around the back to the right one
    place = np.linspace(-1, 1, style.columns)
    side = np.where(place < 0, 1, -1)
    from_front = 1 - np.abs(place)
    from_front = from_front**1.25
    azimuth = side * np.radians(style.front_deg + (180 - style.front_deg) * from_front)
    grown = _grown(scalp, style, azimuth, from_front)
    points = np.concatenate([grown, _hung(scalp, style, azimuth, from_front, grown[-1])])
    points, v = _spaced(points, style)
    return curtain(points, v, EDGE_COLUMNS)


def _great_circle(start: np.ndarray, end: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return unit directions (..., 3) at shares (...) of the way between unit directions (..., 3)."""
    angle = np.arccos(np.clip((start * end).sum(-1), -1, 1))[..., None]
    t = share[..., None] * angle
    return (np.sin(angle - t) * start + np.sin(t) * end) / np.maximum(np.sin(angle), 1e-3)


def _roots(scalp: Scalp, style: Style, from_front: np.ndarray) -> np.ndarray:
    """Return unit directions (C, 3) where strands start: along the parting, and at its end."""
    part = np.arctan2(style.part_mm[0], -SKULL_CENTRE_MM[2])
    front = scalp.at_height(np.array([part]), line_height(style, np.array([part])))
    crown = np.array([[style.part_mm[0], 95.0, -style.part_mm[1]]])
    crown /= np.linalg.norm(crown)
    return _great_circle(front, crown, np.clip(from_front / CROWN_FROM, 0, 1))


def _grown(scalp: Scalp, style: Style, azimuth: np.ndarray, from_front: np.ndarray) -> np.ndarray:
    ends = scalp.at_height(azimuth, line_height(style, azimuth))
    share = np.linspace(0, HANG_AT, style.rows)[:, None] * np.ones(len(azimuth))
    direction = _great_circle(_roots(scalp, style, from_front)[None], ends[None], share)
    front = np.clip(from_front / FLAT_FRONT, 0, 1)
    front = front * front * (3 - 2 * front)
    rise = np.clip(share / 0.35, 0, 1)
    rise = np.sqrt(rise) * (0.4 + 0.6 * rise)
    whole = thickness_mm(style, direction) + relief_mm(style, azimuth, share)
    depth = ROOT_MM + (EDGE_MM + (whole - EDGE_MM) * front - ROOT_MM) * rise
    return SKULL_CENTRE_MM + direction * (scalp.radius(direction) + np.maximum(depth, EDGE_MM))[..., None]


def _hung(scalp: Scalp, style: Style, azimuth: np.ndarray, from_front: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return rows (R, C, 3) that fall straight down from the last grown one, clear of neck and shoulders."""
    assert style.ends_mm is not None
    floor = np.interp(np.degrees(np.abs(azimuth)), [style.front_deg, 100, 180], style.ends_mm)
    length = np.maximum(last[:, 1] - floor, 0) * (1 + 0.5 * length_scatter(style, len(azimuth)))
    axis = last * [1, 0, 1] - SKULL_CENTRE_MM * [0, 0, 1]
    outward = axis / np.linalg.norm(axis, axis=1, keepdims=True)
    phase = 2.0 * np.sin(3 * azimuth)
    loose = np.clip((from_front - ON_CHEEK) / FRAMING, 0, 1)
    behind = STRANDS_APART_MM * from_front
    cheek = _cheek(scalp)
    rows = [last]
    for t in np.linspace(0, 1, 2 * style.rows)[1:]:
        wave = style.wave_mm * np.sin(4.5 * np.pi * t + phase) * min(3 * t, 1.0)
        swing = HANG_OUT_MM * np.sin(np.pi * t) - style.curl_mm * t**2.5 + wave
        point = last + outward * swing[:, None] - np.outer(length * t, [0, 1, 0])
        depth = np.interp(point[:, 1], *cheek) + CHEEK_MM - behind
        framing = np.stack([np.sign(azimuth) * (_beside(point[:, 1]) + behind), point[:, 1], depth], 1)
        held = (1 - loose) * np.clip((last[:, 1] - point[:, 1]) / FRAMED_AFTER_MM, 0, 1)
        point += held[:, None] * (framing - point)
        rows.append(cleared(point, rows[-1], scalp.body))
    return np.stack(rows[1:])


def _beside(height_mm: np.ndarray) -> np.ndarray:
    return np.interp(height_mm, *BESIDE_FACE_MM.T)


def _cheek(scalp: Scalp) -> tuple[np.ndarray, np.ndarray]:
    """Return heights (n,), rising, and depths z (n,) of the cheek's skin where the foremost strands hang."""
    heights = np.linspace(BESIDE_FACE_MM[0, 0], 50.0, 10)
    azimuth = np.radians(np.arange(25.0, 75.0, 4.0))
    depths = []
    for height in heights:
        direction = scalp.at_height(azimuth, np.full(len(azimuth), height))
        skin = SKULL_CENTRE_MM + direction * scalp.radius(direction)[:, None]
        depths.append(np.interp(_beside(height), np.maximum.accumulate(skin[:, 0]), skin[:, 2]))
    return heights, np.array(depths)


def _spaced(points: np.ndarray, style: Style) -> tuple[np.ndarray, np.ndarray]:
    """Return every strand at as many rows as are drawn, and v (R,) of the rows, 0 at the tips."""
    rows = 2 * style.rows - 1
    step = np.linalg.norm(np.diff(points, axis=0), axis=2)
    along = np.concatenate([np.zeros((1, points.shape[1])), np.cumsum(step, axis=0)])
    wanted = rows_to_tips(along[-1], style.thinning_mm, rows) * along[-1]
    out = np.empty((rows, points.shape[1], 3))
    for column in range(points.shape[1]):
        for k in range(3):
            out[:, column, k] = np.interp(wanted[:, column], along[:, column], points[:, column, k])
    return out, tip_v(rows)
