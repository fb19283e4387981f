"""Folds that expressions bring out: which units deepen which fold, and in which layer it is painted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.units import UNIT_INDEX, UNITS


@dataclass(frozen=True)
class Fold:
    """One fold of the face.

    Attributes
    ----------
    name : str
    layer : int
        Channel of the crease map; folds of one layer do not touch.
    rest : float
        Depth at rest for strong creases.
    units : dict of str to float
        Depth per unit weight.
    onset : float
        Depth that must be exceeded before the fold shows at all on smooth skin; half of it on strong creases.
    """

    name: str
    layer: int
    rest: float
    units: dict[str, float]
    onset: float = 0.0


def _pair(name: str, layer: int, rest: float, units: dict[str, float], onset: float = 0.0) -> tuple[Fold, Fold]:
    return tuple(
        Fold(f"{name}_{side.lower()}", layer, rest, {u.replace("*", side): gain for u, gain in units.items()}, onset)
        for side in ("Left", "Right")
    )  # type: ignore[return-value]


FOLDS: tuple[Fold, ...] = (
    Fold("forehead_middle", 0, 0.10, {"browInnerUp": 1.05}, 0.24),
    *_pair("forehead", 1, 0.10, {"browOuterUp*": 1.2}, 0.24),
    Fold(
        "glabella", 2, 0.10,
        {"browDownLeft": 0.75, "browDownRight": 0.75, "noseSneerLeft": 0.2, "noseSneerRight": 0.2},
        onset=0.2,
    ),
    *_pair("nose", 0, 0.0, {"noseSneer*": 1.0}),
    *_pair("crow", 0, 0.14, {"cheekSquint*": 1.0, "eyeSquint*": 0.35, "mouthSmile*": 0.25}),
    *_pair("under_eye", 1, 0.16, {"cheekSquint*": 0.9, "eyeSquint*": 0.55, "noseSneer*": 0.45}),
    *_pair("nasolabial", 2, 0.20, {"mouthSmile*": 0.62, "mouthUpperUp*": 0.85, "noseSneer*": 0.6, "cheekSquint*": 0.2}),
    *_pair("dimple", 0, 0.0, {"mouthDimple*": 1.15, "mouthSmile*": 0.15, "mouthStretch*": 0.15}),
    Fold("lip_lines", 0, 0.0, {"mouthRollUpper": 0.7, "mouthRollLower": 0.7, "mouthPucker": 0.7}),
    *_pair("corner", 1, 0.10, {"mouthFrown*": 1.0, "mouthStretch*": 0.4, "mouthPress*": 0.2}),
    Fold("chin", 2, 0.0, {"mouthShrugLower": 1.0, "mouthPressLeft": 0.25, "mouthPressRight": 0.25}),
)  # fmt: skip
"""All folds; row ``i + 1`` of the driver table belongs to ``FOLDS[i]``, row 0 to smooth skin."""

FOLD_INDEX: dict[str, int] = {fold.name: row + 1 for row, fold in enumerate(FOLDS)}


def crease_drivers(strength: float) -> tuple[np.ndarray, np.ndarray]:
    """Return depth per unit weight and depth at rest.

    Parameters
    ----------
    strength : float
        0 for smooth skin, 1 for deep folds.

    Returns
    -------
    drivers : (1 + number of folds, 52) float32
    rest : (1 + number of folds,) float32
        Negative where a movement must pass an onset first; what is below zero does not show.
    """
    drivers = np.zeros((len(FOLDS) + 1, len(UNITS)), np.float32)
    rest = np.zeros(len(FOLDS) + 1, np.float32)
    for fold in FOLDS:
        row = FOLD_INDEX[fold.name]
        rest[row] = fold.rest * strength - fold.onset * (1.0 - 0.5 * strength)
        for unit, gain in fold.units.items():
            drivers[row, UNIT_INDEX[unit]] = gain * (0.45 + 0.55 * strength)
    return drivers, rest
