"""How far Action Units carry the landmarks of a rig."""

from __future__ import annotations

import numpy as np

from assets.rig import Rig
from assets.units import AU_UNITS, UNIT_INDEX


def moved(rig: Rig, numbers: tuple[int, ...], strength: float = 1.0) -> np.ndarray:
    """Return the displacement (V, 3) of the vertices, correctives included, in millimetres."""
    weights = np.zeros(len(UNIT_INDEX))
    for unit, gain in (pair for number in numbers for pair in AU_UNITS[number]):
        weights[UNIT_INDEX[unit]] = max(weights[UNIT_INDEX[unit]], gain * strength)
    total = np.tensordot(weights, rig.shapes_mm, 1)
    for corrective in rig.correctives:
        total = total + np.prod([weights[UNIT_INDEX[name]] for name in corrective.drivers]) * corrective.delta_mm
    return total


def shown(rig: Rig, numbers: tuple[int, ...], strength: float = 1.0) -> np.ndarray:
    """Return the displacement (478, 3) of the landmarks, correctives included, in millimetres."""
    assert rig.landmarks is not None
    return rig.landmarks.points(moved(rig, numbers, strength))
