"""How far an eye must blink to close: the closing weight depends on the identity."""

from __future__ import annotations

import numpy as np

from assets.rig import Rig
from assets.units import UNIT_INDEX

GAIN_RANGE = (0.7, 1.6)


def closing_gain(rig: Rig, vertices_mm: np.ndarray | None = None) -> np.ndarray:
    """Return the factors (2,) for the ``eyeBlink`` units, left then right, that just close these eyes.

    A blink is a fixed displacement, but eyes open differently wide: multiply the displacement of
    ``eyeBlinkLeft`` and ``eyeBlinkRight`` of an identity by these. Rigs without lid pairs give 1.

    Parameters
    ----------
    rig : Rig
    vertices_mm : (V, 3) float, optional
        The resting head of the identity; the mean head without it.
    """
    if rig.lid_pairs is None:
        return np.ones(2)
    vertices = rig.vertices_mm if vertices_mm is None else np.asarray(vertices_mm)
    gains = []
    for eye, unit in enumerate(("eyeBlinkLeft", "eyeBlinkRight")):
        upper, lower = rig.lid_pairs[eye].T
        open_mm = vertices[upper, 1] - vertices[lower, 1]
        delta = rig.shapes_mm[UNIT_INDEX[unit]][:, 1]
        closed_mm = delta[lower] - delta[upper]
        gains.append(np.clip(np.max(open_mm / np.maximum(closed_mm, 0.5)), *GAIN_RANGE))
    return np.array(gains)
