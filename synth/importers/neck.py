"""Where the neck of a head lies and how wide it is, measured on level sections through its skin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.rig import Rig
from synth.build.garments import DEFAULT_NECK, Neck

LEVELS_MM = np.arange(-46.0, -262.0, -4.0)
"""Heights of the sections, from the nose to the chest."""

MIDDLE_MM = 14.0
"""Half width of the strip down the middle of the head in which chin and throat are looked for."""

THROAT_STEP_MM = 30.0
"""The throat begins where the skin in front lies this far behind the chin."""

WIDENS = 1.4
"""The neck ends where it is this many times as wide as at its narrowest."""

HIGHEST_MM = -80.0
"""Sections below this height may be the narrowest of the neck."""

NAPE_STEP_MM = 6.0
"""Where the nape jumps forward by more than this, the edge of the skin is reached."""

SCALE_RANGE = (0.75, 1.4)


@dataclass(frozen=True)
class NeckMeasures:
    """The neck of a head in millimetres; NaN is what its skin does not reach.

    Attributes
    ----------
    half_width : float
        At its narrowest.
    throat_y : float
        Height at which chin turns into throat.
    base_y : float
        Height at which neck turns into shoulders.
    lowest_y : float
        Lowest skin of the middle in front.
    nape_z : (L,) float
        Hindmost skin at ``LEVELS_MM``, down to the last section that is whole.
    middle : (L, 2) float
        x and z of the middle of the sections that are whole and neck.
    """

    half_width: float
    throat_y: float
    base_y: float
    lowest_y: float
    nape_z: np.ndarray
    middle: np.ndarray


def measure_neck(rig: Rig) -> NeckMeasures:
    """Measure the neck of a resting head."""
    boxes = np.array([_section(rig, level) for level in LEVELS_MM])
    number = np.arange(len(LEVELS_MM))
    half, front, nape = boxes[:, 1] / 2, boxes[:, 4], boxes[:, 2] - boxes[:, 3] / 2
    whole = np.logical_and.accumulate(np.diff(nape, prepend=nape[0]) < NAPE_STEP_MM)
    narrowest = np.fmin.accumulate(np.where(whole & (LEVELS_MM <= HIGHEST_MM), half, np.nan))
    throat = _first(front < np.fmax.accumulate(front) - THROAT_STEP_MM)
    below = (number >= throat) if throat is not None else np.zeros(len(number), bool)
    base = _first(below & (half > WIDENS * narrowest))
    neck = below & whole & ((number < base) if base is not None else True)
    narrow = narrowest[: base or None]
    return NeckMeasures(
        half_width=float(np.nanmin(narrow)) if np.isfinite(narrow).any() else np.nan,
        throat_y=np.nan if throat is None else float(LEVELS_MM[throat]),
        base_y=np.nan if base is None else float(LEVELS_MM[base]),
        lowest_y=_lowest_in_front(rig),
        nape_z=np.where(whole, nape, np.nan),
        middle=np.where(neck[:, None], boxes[:, [0, 2]], np.nan),
    )


def neck_of(rig: Rig, reference: Rig) -> tuple[Neck, float]:
    """Return the neck of a head, and how many times as wide as the reference's it is.

    What its skin does not reach is taken from the reference: a head that ends at the jaw gets a neck below its nape.

    Parameters
    ----------
    rig, reference : Rig
        ``DEFAULT_NECK`` is the neck of the reference.
    """
    own, usual = measure_neck(rig), measure_neck(reference)
    x, z = DEFAULT_NECK.axis_mm
    shift = min(0.0, np.nan_to_num(own.lowest_y - usual.throat_y))
    for own_y, usual_y in ((own.throat_y, usual.throat_y), (own.base_y, usual.base_y)):
        shift = own_y - usual_y if np.isfinite(own_y) else shift
    step = round(shift / (LEVELS_MM[1] - LEVELS_MM[0]))
    aside = own.middle - _later(usual.middle, step)
    behind = own.nape_z - _later(usual.nape_z, step)
    if np.isfinite(aside).any():
        x, z = np.array(DEFAULT_NECK.axis_mm) + np.nanmean(aside, 0)
    elif np.isfinite(behind).any():
        z += behind[np.isfinite(behind)][-1]
    scale = own.half_width / usual.half_width
    return Neck((float(x), float(z)), float(shift)), float(np.clip(scale, *SCALE_RANGE)) if scale > 0 else 1.0


def _later(rows: np.ndarray, step: int) -> np.ndarray:
    """Return rows moved down by some places, with NaN where none come from."""
    out = np.full_like(rows, np.nan)
    source = np.arange(len(rows)) - step
    inside = (source >= 0) & (source < len(rows))
    out[inside] = rows[source[inside]]
    return out


def _first(flags: np.ndarray) -> int | None:
    return int(flags.argmax()) if flags.any() else None


def _lowest_in_front(rig: Rig) -> float:
    points = rig.vertices_mm[_skin(rig).ravel()]
    height = points[(np.abs(points[:, 0]) < MIDDLE_MM) & (points[:, 2] > -MIDDLE_MM), 1]
    return float(height.min()) if len(height) else np.nan


def _section(rig: Rig, level_mm: float) -> tuple[float, float, float, float, float]:
    """Return middle and width in x, middle and depth in z, and the foremost z in the middle, of a level section."""
    points = _cut(rig, level_mm)
    if len(points) < 6:
        return (np.nan,) * 5
    low, high = points.min(0), points.max(0)
    middle = points[np.abs(points[:, 0] - (low[0] + high[0]) / 2) < MIDDLE_MM, 1]
    front = float(middle.max()) if len(middle) else np.nan
    return (low[0] + high[0]) / 2, high[0] - low[0], (low[1] + high[1]) / 2, high[1] - low[1], front


def _skin(rig: Rig) -> np.ndarray:
    return np.concatenate([part.faces for part in rig.parts if part.material == "skin" and not part.optional])


def _cut(rig: Rig, level_mm: float) -> np.ndarray:
    """Return x and z (n, 2) of the points at which edges of the skin pass a level."""
    faces = _skin(rig)
    edges = np.stack([faces, np.roll(faces, -1, 1)], -1).reshape(-1, 2)
    above = rig.vertices_mm[:, 1] > level_mm
    upper, lower = rig.vertices_mm[edges[above[edges[:, 0]] & ~above[edges[:, 1]]].T].astype(np.float64)
    share = ((upper[:, 1] - level_mm) / (upper[:, 1] - lower[:, 1]))[:, None]
    return (upper + share * (lower - upper))[:, [0, 2]]
