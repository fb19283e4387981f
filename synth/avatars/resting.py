"""Identities whose resting face would be read as an expression are calmed.

Identity modes vary where mouth corners and brows sit and how wide and full the lips are. A corner that lies low
reads as a frown although nobody frowns, a narrow mouth as a pucker, thin lips as pressed ones: a large departure
from the mean head is taken back with the expression unit that moves it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.rig import LandmarkTable, Rig
from assets.units import UNIT_INDEX


@dataclass(frozen=True)
class Trait:
    """Something that identity and expression both move.

    Attributes
    ----------
    above, below : tuple of int
        MediaPipe landmarks; the trait is how far the mean of the first lies beyond that of the second.
    axis : int
        0 across the face, 1 upwards.
    units : tuple of str
        Units that change the trait.
    slack_mm : float
        Departure from the mean head that is left alone.
    """

    above: tuple[int, ...]
    below: tuple[int, ...]
    units: tuple[str, ...]
    slack_mm: float
    axis: int = 1


TRAITS = (
    Trait((61, 291), (13, 14, 312, 82), ("mouthFrownLeft", "mouthFrownRight"), 0.5),
    Trait((291,), (61,), ("mouthPucker",), 1.5, axis=0),
    Trait((0, 37, 267), (13, 82, 312), ("mouthRollUpper",), 1.3),
    Trait((14, 87, 317), (17, 84, 314), ("mouthRollLower",), 2.2),
    Trait((107, 336, 66, 296), (133, 362), ("browDownLeft", "browDownRight"), 2.0),
)

MOST_WEIGHT = 0.6
"""At most this weight of a unit, in either direction, is built into a resting face."""


def calm(rig: Rig, head_mm: np.ndarray) -> np.ndarray:
    """Return the resting head (V, 3) of an identity without what would be read as an expression.

    Parameters
    ----------
    rig : Rig
        Without a landmark table the head comes back as it is.
    head_mm : (V, 3) float32
        As `assets.rig.Rig.neutral_mm` gives it.
    """
    table = rig.landmarks
    if table is None:
        return head_mm
    out = head_mm.astype(np.float64)
    for trait in TRAITS:
        shape = sum(rig.shapes_mm[UNIT_INDEX[unit]].astype(np.float64) for unit in trait.units)
        effect = _extent(table, rig.vertices_mm + shape, trait) - _extent(table, rig.vertices_mm, trait)
        if abs(effect) < 0.5:
            continue
        departure = _extent(table, out, trait) - _extent(table, rig.vertices_mm, trait)
        excess = np.sign(departure) * max(abs(departure) - trait.slack_mm, 0.0)
        out -= np.clip(excess / effect, -MOST_WEIGHT, MOST_WEIGHT) * shape
    return out.astype(np.float32)


def _extent(table: LandmarkTable, head_mm: np.ndarray, trait: Trait) -> float:
    points = table.points(head_mm)[:, trait.axis]
    return float(points[list(trait.above)].mean() - points[list(trait.below)].mean())
