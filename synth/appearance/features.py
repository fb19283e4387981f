"""From a subject's measures to features: how far profiles have moved, how much deeper furrows are than at rest."""

from __future__ import annotations

import numpy as np

from synth.appearance.measures import BROW_BANDS, ENERGIES, LAYOUT, SIZES

_REACH = {**dict.fromkeys(BROW_BANDS, 8), "Glabella": 6, "Nostril": 8}
"""Largest shift of each profile that is looked for, in pixels of the aligned picture."""

_SHIFTED = tuple(name for name in LAYOUT.profiles if name != "Lips")
_OWN = tuple(name for name in ENERGIES if not name.startswith(("lids", "reference")))
_OWN_COLUMNS = [ENERGIES.index(name) for name in _OWN]
_SIZES = tuple(name for name in SIZES if not name.startswith("eyes"))
_SIZE_COLUMNS = [SIZES.index(name) for name in _SIZES]
"""Lids and irises are left to the landmarks, which see them better."""

LIP_SHAPES = ("lipUpperRed", "lipLowerRed", "lipMiddle")

FEATURES: tuple[str, ...] = (*_SHIFTED, *_OWN, *_SIZES, *LIP_SHAPES)
"""Names of the features: shifts in pixels, contrasts and sizes relative to the subject's resting frames."""

FEATURE_INDEX = {name: i for i, name in enumerate(FEATURES)}


def features(measures: np.ndarray, calm: np.ndarray) -> np.ndarray:
    """Return the features (T, D) float64 of one subject's frames, about 0 at rest.

    Parameters
    ----------
    measures : (T, F) float
        Of ``synth.appearance.measures``; rows of NaN give NaN.
    calm : (T,) float
        How much each frame counts as a picture of the resting face; at least one above 0.
    """
    share = calm / calm.sum()
    seen = np.isfinite(measures).all(1)
    share = np.where(seen, share, 0.0)
    share = share / share.sum()
    values = np.where(seen[:, None], measures, 0.0).astype(np.float64)
    columns = []
    for name in _SHIFTED:
        moved = shift_of(values[:, LAYOUT.profiles[name]], share, _reach(name))
        if name in LAYOUT.anchors:
            place = values[:, LAYOUT.anchors[name]]
            moved = moved - (place - share @ place)
        columns.append(moved)
    energy = values[:, LAYOUT.energies]
    common = energy[:, -1:] - share @ energy[:, -1]
    own = energy[:, _OWN_COLUMNS] - share @ energy[:, _OWN_COLUMNS]
    columns += list((own - 0.5 * common).T)
    size = values[:, LAYOUT.sizes][:, _SIZE_COLUMNS]
    columns += list((size - share @ size).T)
    lips = _lip_shapes(values[:, LAYOUT.profiles["Lips"]], share)
    columns += list(lips.T)
    result = np.stack(columns, 1)
    result[~seen] = np.nan
    return result


def _reach(name: str) -> int:
    return _REACH[name.removesuffix("Left").removesuffix("Right")]


def shift_of(profiles: np.ndarray, share: np.ndarray, reach: int) -> np.ndarray:
    """Return by how many samples each profile (T, N) has moved towards its beginning, (T,).

    Slopes of the profile are laid over those of the mean profile of the resting frames; the least squared
    difference is refined by a parabola. A profile without contrast does not move.

    Parameters
    ----------
    profiles : (T, N) float
    share : (T,) float
        Weights of the frames in the mean profile, summing to 1.
    reach : int
        Largest shift.
    """
    slopes = np.diff(profiles, axis=1)
    model = share @ slopes
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


def _lip_shapes(profiles: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return how much redness lies above and below the mouth's middle and where its middle is, (T, 3)."""
    base = np.quantile(profiles, 0.3, axis=1, keepdims=True)
    red = np.maximum(profiles - base - 0.02, 0.0)
    places = np.arange(profiles.shape[1])
    rest = float(share @ red.sum(1)) + 0.2
    middle = (red @ places + 1.0 * places.mean()) / (red.sum(1) + 1.0)
    home = float(share @ middle)
    upper, lower = places < home, places >= home
    shapes = np.column_stack([red[:, upper].sum(1) / rest, red[:, lower].sum(1) / rest, middle])
    return shapes - share @ shapes
