"""From a subject's measures to features: how far profiles have moved, how much deeper furrows are than at rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from synth.appearance.measures import BROW_BANDS, ENERGIES, LAYOUT, SIZES

_REACH = {**dict.fromkeys(BROW_BANDS, 8), "Glabella": 6, "Nostril": 8}
"""Largest shift of each profile that is looked for, in pixels of the aligned picture."""

_BLOCK_ROWS = 256

_SHIFTED = tuple(name for name in LAYOUT.profiles if name != "Lips")
_OWN = tuple(name for name in ENERGIES if not name.startswith(("lids", "reference")))
_OWN_COLUMNS = [ENERGIES.index(name) for name in _OWN]
"""Lids and irises are left to the landmarks, which see them better."""

LIP_SHAPES = ("lipUpperRed", "lipLowerRed", "lipMiddle")

FEATURES: tuple[str, ...] = (*_SHIFTED, *_OWN, *SIZES, *LIP_SHAPES)
"""Names of the features: shifts in pixels, contrasts and sizes relative to the subject's resting frames."""

FEATURE_INDEX = {name: i for i, name in enumerate(FEATURES)}


def features(measures: Any, calm: np.ndarray) -> np.ndarray:
    """Return the features (T, D) float64 of one subject's frames, about 0 at rest.

    The measures are read twice, in blocks: memory grows with the features only.

    Parameters
    ----------
    measures : (T, F) array
        Of ``synth.appearance.measures``; rows of NaN give NaN. An array, or anything that gives arrays for slices.
    calm : (T,) float
        How much each frame counts as a picture of the resting face; at least one above 0.
    """
    share = calm / calm.sum()
    seen = np.concatenate([np.isfinite(part).all(1) for _, part in blocks(measures)])
    share = np.where(seen, share, 0.0)
    share = share / share.sum()
    rest = _resting(measures, share)
    result = np.empty((len(share), len(FEATURES)))
    for rows, part in blocks(measures):
        result[rows] = _against(np.where(seen[rows, None], part, 0.0).astype(np.float64), rest)
    shapes = result[:, -len(LIP_SHAPES) :]
    shapes -= share @ shapes
    result[~seen] = np.nan
    return result


def blocks(measures: Any) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield the rows of consecutive blocks and their measures (N, F); at least one block, which may be empty."""
    for start in range(0, max(len(measures), 1), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        yield rows, np.asarray(measures[rows])


@dataclass(frozen=True)
class _Resting:
    """What the measures of the resting face are, as means over the frames that show it."""

    measures: np.ndarray
    redness: float
    home: float


def _resting(measures: Any, share: np.ndarray) -> _Resting:
    mean = np.zeros(LAYOUT.count)
    redness = home = 0.0
    for rows, part in blocks(measures):
        weights = share[rows]
        here = np.where(weights[:, None] > 0, part, 0.0).astype(np.float64)
        mean += weights @ here
        red, middle = _lips(here[:, LAYOUT.profiles["Lips"]])
        redness += float(weights @ red.sum(1))
        home += float(weights @ middle)
    return _Resting(mean, redness, home)


def _against(values: np.ndarray, rest: _Resting) -> np.ndarray:
    """Return the features (N, D) of measures (N, F), but for the mean of the lip shapes."""
    columns = []
    for name in _SHIFTED:
        profile = LAYOUT.profiles[name]
        moved = shift_of(values[:, profile], np.diff(rest.measures[profile]), _reach(name))
        if name in LAYOUT.anchors:
            moved = moved - (values[:, LAYOUT.anchors[name]] - rest.measures[LAYOUT.anchors[name]])
        columns.append(moved)
    energy = (values - rest.measures)[:, LAYOUT.energies]
    columns += list((energy[:, _OWN_COLUMNS] - 0.5 * energy[:, -1:]).T)
    columns += list((values - rest.measures)[:, LAYOUT.sizes].T)
    columns += list(_lip_shapes(values[:, LAYOUT.profiles["Lips"]], rest).T)
    return np.stack(columns, 1)


def _reach(name: str) -> int:
    return _REACH[name.removesuffix("Left").removesuffix("Right")]


def shift_of(profiles: np.ndarray, model: np.ndarray, reach: int) -> np.ndarray:
    """Return by how many samples each profile (T, N) has moved towards its beginning, (T,).

    Slopes of the profile are laid over those of the mean profile of the resting frames; the least squared
    difference is refined by a parabola. A profile without contrast does not move.

    Parameters
    ----------
    profiles : (T, N) float
    model : (N - 1,) float
        Slopes of the mean profile.
    reach : int
        Largest shift.
    """
    slopes = np.diff(profiles, axis=1)
    size = slopes.shape[1]
    inner = np.arange(reach, size - reach)
    cost = np.stack([((slopes[:, inner - move] - model[inner]) ** 2).mean(1) for move in range(-reach, reach + 1)], 1)
    cost = cost + 0.02 * (model[inner].std() ** 2 + 1e-6) * (np.arange(-reach, reach + 1) / reach) ** 2
    best = np.clip(cost.argmin(1), 1, 2 * reach - 1)
    rows = np.arange(len(cost))
    before, here, after = cost[rows, best - 1], cost[rows, best], cost[rows, best + 1]
    bend = np.maximum(before - 2 * here + after, 1e-12)
    part = np.clip(0.5 * (before - after) / bend, -0.5, 0.5)
    return best - reach + part


def _lips(profiles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the redness above the skin's (T, N) of profiles across the mouth (T, N), and where its middle is (T,)."""
    base = np.quantile(profiles, 0.3, axis=1, keepdims=True)
    red = np.maximum(profiles - base - 0.02, 0.0)
    places = np.arange(profiles.shape[1])
    return red, (red @ places + 1.0 * places.mean()) / (red.sum(1) + 1.0)


def _lip_shapes(profiles: np.ndarray, rest: _Resting) -> np.ndarray:
    """Return how much redness lies above and below the mouth's middle and where its middle is, (T, 3)."""
    red, middle = _lips(profiles)
    upper = np.arange(profiles.shape[1]) < rest.home
    size = rest.redness + 0.2
    return np.column_stack([red[:, upper].sum(1) / size, red[:, ~upper].sum(1) / size, middle])
