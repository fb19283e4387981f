"""Folds painted in the skin tile: furrows with a lighter ridge below, soft and irregular."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import ndimage

from assets.rig import MATERIALS, Rig
from synth.avatars.creases import FOLD_INDEX, FOLDS
from synth.avatars.face_points import to_chart
from synth.avatars.skin_masks import skin_masks, smooth_step, to_curve
from synth.avatars.skin_space import SkinSpace
from synth.avatars.surface import Surface


def _fold(
    space: SkinSpace, curve: list[tuple[float, float]], width_mm: float, depth: float, ridge: float = 0.5
) -> np.ndarray:
    """Return one furrow (S, S): negative in the furrow, positive on the ridge beside it, tapering at both ends."""
    masks = skin_masks(space)
    dense = _smooth_curve(np.array(curve, float))
    reach = 7 * width_mm
    low, high = dense.min(0) - reach, dense.max(0) + reach
    near = ((space.chart > low) & (space.chart < high)).all(-1) & (space.front > 0.05)
    distance, place = to_curve(space.chart[near], dense)
    wobble = np.clip(1 + 0.22 * masks.fine[near] + 0.25 * masks.middle[near], 0.3, 1.7)
    taper = np.sin(np.pi * np.clip(place, 0.001, 0.999)) ** 0.6
    width = width_mm * (0.75 + 0.35 * taper)
    furrow = np.exp(-0.5 * (distance / width) ** 2)
    furrow -= ridge * np.exp(-0.5 * ((distance - 2.3 * width) / (1.4 * width)) ** 2)
    out = np.zeros(near.shape, np.float32)
    out[near] = -depth * furrow * taper * wobble
    return out


def _at(place: np.ndarray, dx: float, dy: float) -> tuple[float, float]:
    return float(place[0] + dx), float(place[1] + dy)


def _smooth_curve(points: np.ndarray) -> np.ndarray:
    """Return 13 points on a quadratic or cubic curve through the given ones."""
    t = np.linspace(0, 1, len(points))
    fine = np.linspace(0, 1, 13)
    degree = min(len(points) - 1, 3)
    return np.stack([np.polyval(np.polyfit(t, points[:, k], degree), fine) for k in range(2)], 1)


@lru_cache(maxsize=4)
def crease_layers(space: SkinSpace) -> np.ndarray:
    """Return the three layers (S, S, 3) uint8 of a rig, 128 where the skin stays smooth."""
    drawn = {name: sum(parts) for name, parts in _drawings(space).items()}
    layers = np.zeros((*space.inside.shape, 3), np.float32)
    for fold in FOLDS:
        stem = fold.name.rsplit("_", 1)[0] if fold.name.endswith(("_left", "_right")) else fold.name
        if fold.name.endswith("_right"):
            continue
        layers[..., fold.layer] += drawn[stem]
    layers = ndimage.gaussian_filter(layers, (0.7, 0.7, 0))
    return np.rint(128 + 127 * np.clip(layers, -1, 1)).astype(np.uint8)


def _drawings(space: SkinSpace) -> dict[str, list[np.ndarray]]:
    """Return the furrows of every fold."""
    p = space.points.points
    brow, lid, low = space.points.brow, space.points.lid_upper, space.points.lid_lower
    x = space.chart[..., 0]
    outer, inner = lid[-1], lid[0]
    wing, corner, chin = p["wing"], p["mouth_corner"], p["chin"]
    top = brow[2, 1]
    rows = [(top + 9, 0.30), (top + 16.5, 0.38), (top + 24, 0.34), (top + 31, 0.22)]
    inner_part, outer_part = smooth_step(38, 22, x), smooth_step(14, 30, x)
    lines = [_fold(space, [(0, h - 2.0), (14, h + 0.5), (30, h + 1.2), (50, h - 5)], 1.3, d) for h, d in rows]
    root, under = p["nose_root"], p["under_lip"]
    return {
        "forehead_middle": [line * inner_part for line in lines],
        "forehead": [line * outer_part for line in lines],
        "glabella": [
            _fold(space, [(5.6, root[1] + 6), (6.6, root[1] + 13), (9.0, root[1] + 22)], 1.25, 0.78),
            _fold(space, [(0, root[1] + 3.5), (6, root[1] + 3.0), (11, root[1] + 5.5)], 1.1, 0.34),
        ],
        "nose": [
            _fold(space, [(0.5, h), (5, h + 1.2), (11, h + 5.0)], 1.1, d)
            for h, d in ((root[1] - 4.5, 0.60), (root[1] - 10, 0.58), (root[1] - 15.5, 0.38))
        ],
        "crow": [
            _fold(space, [_at(outer, 3.0, o), _at(outer, 9, 1.8 * o), _at(outer, 17, 2.6 * o + b)], 1.0, d)
            for o, b, d in ((-3.6, -3.2, 0.50), (-1.4, -0.8, 0.56), (0.8, 0.6, 0.56), (3.2, 1.0, 0.44))
        ],
        "under_eye": [
            _fold(space, [_at(inner, 2, -5), _at(low[4], 0, -5.5), _at(outer, -1, -6.5)], 1.2, 0.44),
            _fold(space, [_at(inner, 3, -10), _at(low[4], 0, -11.5), _at(outer, 0, -11)], 1.6, 0.22),
        ],
        "nasolabial": [
            _fold(
                space,
                [_at(wing, 0.5, 4), _at(wing, 3.5, -5), _at(corner, 9.5, 7), _at(corner, 12.0, -3)],
                2.2, 0.50, 0.45,
            )
        ],
        "dimple": [
            _fold(space, [_at(corner, 3.6, 6.0), _at(corner, 6.4, 0.5), _at(corner, 5.4, -6.0)], 1.7, 0.52, 0.45),
            _pit(space, _at(corner, 3.2, 0.3), 2.4, 0.46),
        ],
        "lip_lines": _lip_lines(space, float(corner[1])),
        "corner": [
            _fold(space, [_at(corner, 1.0, -1.5), _at(corner, 4.5, -8), _at(corner, 6.5, -17)], 1.6, 0.36)
        ],
        "chin": [
            _fold(space, [_at(under, 0, -2.5), _at(under, 9, -3.5), _at(under, 16, -9)], 1.6, 0.45),
            _cobbles(space, chin),
        ],
    }  # fmt: skip


def _lip_lines(space: SkinSpace, height: float) -> list[np.ndarray]:
    """Return the fine upright lines of tightened lips, across their red and a little beyond."""
    lines = []
    for x, reach, depth in (
        (3.4, 12.0, 0.26),
        (6.2, 9.5, 0.34),
        (9.4, 11.0, 0.30),
        (12.4, 8.5, 0.36),
        (15.6, 9.5, 0.28),
    ):
        lines.append(_fold(space, [(x * 1.06, height + reach), (x, height + 1.5)], 0.75, depth, 0.4))
        lines.append(_fold(space, [(x * 0.98, height - 2.0), (x * 1.05, height - reach)], 0.75, depth, 0.4))
    return lines


def _pit(space: SkinSpace, centre: tuple[float, float], sigma_mm: float, depth: float) -> np.ndarray:
    """Return a round hollow (S, S) where skin is drawn in at one place."""
    away = np.linalg.norm(space.chart - centre, axis=-1) / sigma_mm
    return (-depth * np.exp(-0.5 * away**2) * space.front).astype(np.float32)


def _cobbles(space: SkinSpace, chin: np.ndarray) -> np.ndarray:
    """Return the dimpled skin of a raised chin boss."""
    masks = skin_masks(space)
    x, y = space.chart[..., 0], space.chart[..., 1]
    where = np.exp(-0.5 * ((x / 12) ** 2 + ((y - chin[1] - 14) / 7.5) ** 2)) * space.front
    return (0.36 * where * np.clip(masks.fine * 0.6 + 0.9 * masks.middle - 0.25, -1.6, 0.4)).astype(np.float32)


def crease_regions(rig: Rig, surface: Surface, space: SkinSpace) -> np.ndarray:
    """Return the fold (M, 3) uint8 that rules each drawn vertex in each layer."""
    rest = surface.refine @ rig.vertices_mm
    chart = to_chart(rest)
    side, x, y = np.where(chart[:, 0] >= 0, "left", "right"), np.abs(chart[:, 0]), chart[:, 1]
    p, brow, outer = space.points.points, space.points.brow, space.points.lid_upper[-1]
    skin = (surface.materials == MATERIALS.index("skin")) & (rest[:, 2] > -62)
    above = y > brow[2, 1] - 2
    near_nose = (x < 16) & (y > p["nose_bridge"][1] - 12)
    mouth_height = y < p["wing"][1] + 2
    low = y < p["under_lip"][1] + 3
    on_lips = mouth_height & (x < p["mouth_corner"][0] - 2) & (y > p["under_lip"][1] - 4)
    choose = [
        np.select(
            [above, near_nose, (x > outer[0] + 0.5) & ~mouth_height, on_lips, mouth_height],
            ["forehead_middle", "nose", "crow", "lip_lines", "dimple"], "",
        ),
        np.select([above, ~mouth_height, mouth_height], ["forehead", "under_eye", "corner"], ""),
        np.select(
            [(y > p["nose_root"][1] - 2) & (x < 22), low & (x < p["mouth_corner"][0] - 1), y < p["nose_root"][1] - 15],
            ["glabella", "chin", "nasolabial"], "",
        ),
    ]  # fmt: skip
    regions = np.zeros((len(rest), 3), np.uint8)
    for layer, names in enumerate(choose):
        for name in np.unique(names[names != ""]):
            for half in ("left", "right"):
                row = FOLD_INDEX.get(name, FOLD_INDEX.get(f"{name}_{half}", 0))
                regions[(names == name) & (side == half) & skin, layer] = row
    return regions
