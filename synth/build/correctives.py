"""Corrective shapes: what the sum of two units gets wrong where both act at once."""

from __future__ import annotations

import numpy as np

from assets.rig import Corrective
from assets.units import UNIT_INDEX
from synth.build.expressions import ExpressionMixer
from synth.build.lower_correctives import lower_correctives
from synth.build.upper_face import upper_correctives

AGAINST_BLINK = {"eyeSquint": 1.0, "eyeWide": 1.0, "eyeLookDown": 1.0, "eyeLookUp": 1.0, "cheekSquint": 0.75}
"""Share of each unit's pull on the lids that a full blink cancels: closed lids are already closed."""


def corrective_shapes(mixer: ExpressionMixer, shapes: np.ndarray) -> tuple[Corrective, ...]:
    """Return the correctives of the default rig; each is added with the product of its drivers' weights.

    Parameters
    ----------
    mixer : ExpressionMixer
    shapes : (52, V, 3) float
        The finished units.
    """
    clay = mixer.clay
    found = []
    lids = mixer.lid_share()
    for stem, share in AGAINST_BLINK.items():
        for side, weight in (("Left", lids), ("Right", lids[clay.mirror])):
            delta = -share * shapes[UNIT_INDEX[f"{stem}{side}"]] * weight[:, None]
            found.append(Corrective((f"eyeBlink{side}", f"{stem}{side}"), delta))
    found += upper_correctives(clay, shapes, lids)
    found += lower_correctives(mixer.membrane)
    return tuple(found)
