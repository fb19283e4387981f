"""Hair as sheets of strands, worked out on the mean head and bound to its scalp, so that it fits everybody.

Hair that is combed to the hair line, or back from it, covers the head all around; parted hair is a curtain, open in
front, that falls to both sides of the parting (`synth.build.hair_parted`).
"""

from __future__ import annotations

import numpy as np

from synth.build.graft import Graft, nearest_weights
from synth.build.hair_gathered import knot, tail
from synth.build.hair_parted import parted_sheet
from synth.build.hair_sheet import Sheet, closed_sheet, rows_to_tips, tip_v
from synth.build.hair_styles import Style, length_scatter, line_height, relief_mm, smooth_noise, thickness_mm
from synth.build.skull import SKULL_CENTRE_MM, Scalp

TIP_MM, LINING_MM = 1.0, 0.4
LEAST_RISE_MM = 2.2
"""Least thickness away from the hair line, so that the skull shows nowhere between columns."""

FLAT_TIPS = 0.8
"""Share of the thinning tips that lies on the skin."""

HEAD_AROUND_MM, KNOT_AROUND_MM, TAIL_AROUND_MM = 560.0, 150.0, 110.0
FRONT_CROWDING = 0.32
"""Columns are closer in front, where they are seen, and wider behind, by this share."""

RELIEF_FROM = 0.15
"""Share of the strand after which locks stand out; where all strands meet there are none."""

LINING_REACH = 0.45
"""Share of the way to the hair line that the lining covers; beyond it there are painted roots."""


def hair_graft(scalp: Scalp, style: Style) -> Graft:
    """Return one hair style as an optional part."""
    sheets = [parted_sheet(scalp, style)] if style.ends_mm else combed_sheets(scalp, style)
    points, faces, uv, uv_faces = [], [], [], []
    start = uv_start = 0
    for sheet in sheets:
        quads, uv_quads = sheet.quads()
        points.append(sheet.points_mm.reshape(-1, 3))
        uv.append(sheet.uv.reshape(-1, 2))
        faces.append(quads + start)
        uv_faces.append(uv_quads + uv_start)
        start, uv_start = start + len(points[-1]), uv_start + len(uv[-1])
    flat = np.concatenate(points)
    # Hanging hair follows the back of the head rather than the neck.
    held = np.maximum(flat, [-np.inf, -60.0, -np.inf])
    weights = nearest_weights(held, scalp.rest_mm[scalp.vertices], scalp.vertices, len(scalp.rest_mm), 8)
    return Graft(
        f"hair_{style.name}", "hair", flat, weights, np.concatenate(faces), np.concatenate(uv),
        np.concatenate(uv_faces), optional=True, moves=False,
    )  # fmt: skip


def combed_sheets(scalp: Scalp, style: Style) -> list[Sheet]:
    """Return the strands between crown and hair line, a lining under them, and what is gathered."""
    turn = -np.pi + 2 * np.pi * np.arange(style.columns) / style.columns
    azimuth = turn - FRONT_CROWDING * np.sin(turn)
    strands = _combed(scalp, style, azimuth)
    lining = _lining(scalp, style, azimuth[::3])
    sheets = [
        closed_sheet(strands, tip_v(style.rows), HEAD_AROUND_MM),
        # The lining alone uses the whole width of the tile: nothing of it is cut away this far from the tips.
        _full_width(closed_sheet(lining, np.linspace(1, 0.3, len(lining)), HEAD_AROUND_MM)),
    ]
    if style.gathered:
        grid, around = (
            (knot(strands), KNOT_AROUND_MM) if style.gathered == "bun" else (tail(scalp.body), TAIL_AROUND_MM)
        )
        sheets.append(closed_sheet(grid, np.linspace(1, 0, len(grid)), around))
    return sheets


def _full_width(sheet: Sheet) -> Sheet:
    u = sheet.uv[..., :1] / sheet.uv[..., 0].max()
    return Sheet(sheet.points_mm, np.concatenate([u, sheet.uv[..., 1:]], -1), sheet.pairs, sheet.closed)


def _ends(scalp: Scalp, style: Style, azimuth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return unit directions (C, 3) where strands start and where they meet the hair line."""
    ends = scalp.at_height(azimuth, line_height(style, azimuth))
    side, behind = style.part_mm
    back = behind + (style.parting_mm - behind) * np.interp(np.degrees(np.abs(azimuth)), [35, 120], [1, 0])
    pole = np.stack([np.full(len(back), side), np.full(len(back), 95.0), -back], 1)
    return pole / np.linalg.norm(pole, axis=1, keepdims=True), ends


def _along(pole: np.ndarray, ends: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return directions (R, C, 3) along great circles, and the angle (C,) between their ends."""
    angle = np.arccos(np.clip((ends * pole).sum(1), -1, 1))
    t = (share * angle)[..., None]
    whole = angle[:, None]
    return (np.sin(whole - t) * pole + np.sin(t) * ends) / np.maximum(np.sin(whole), 1e-3), angle


def _combed(scalp: Scalp, style: Style, azimuth: np.ndarray) -> np.ndarray:
    pole, ends = _ends(scalp, style, azimuth)
    _, angle = _along(pole, ends, np.zeros((1, len(azimuth))))
    length = angle * scalp.radius(ends)
    jitter = 1 + style.ragged * np.clip(smooth_noise(azimuth, style.name)[0], -2, 2)
    jitter += length_scatter(style, len(azimuth))
    share = rows_to_tips(length, style.thinning_mm, style.rows) * np.clip(jitter, 0.9, 1.06)
    direction, _ = _along(pole, ends, share)
    # Where single tips are seen over the skin they lie close to it, or the skin between them would be dark.
    from_edge = np.clip(((1 - share) * length - FLAT_TIPS * style.thinning_mm) / style.slope_mm, 0, 1)
    rise = from_edge**0.85 * (1.6 - 0.6 * from_edge)
    relief = relief_mm(style, azimuth, share) * np.clip(share / RELIEF_FROM, 0, 1)
    depth = TIP_MM + (thickness_mm(style, direction) + relief - TIP_MM) * rise
    depth = np.maximum(depth, TIP_MM + LEAST_RISE_MM * np.clip(4 * from_edge, 0, 1))
    return SKULL_CENTRE_MM + direction * (scalp.radius(direction) + depth)[..., None]


def _lining(scalp: Scalp, style: Style, azimuth: np.ndarray) -> np.ndarray:
    """Return a thin shell that hides the scalp under the crown."""
    share = np.linspace(0.02, LINING_REACH, 3)[:, None] * np.ones(len(azimuth))
    direction, _ = _along(*_ends(scalp, style, azimuth), share)
    return SKULL_CENTRE_MM + direction * (scalp.radius(direction) + LINING_MM)[..., None]
