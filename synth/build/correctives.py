"""Corrective shapes: what the sum of two units gets wrong where both act at once."""

from __future__ import annotations

from assets.rig import Corrective
from synth.build.expressions import ExpressionMixer


def corrective_shapes(mixer: ExpressionMixer) -> tuple[Corrective, ...]:
    """Return the correctives of the default rig; each is added with the product of its drivers' weights."""
    close = mixer.term("unit:mouthClose")
    close = (close + mixer.clay.mirrored(close)) / 2
    return (Corrective(("jawOpen", "mouthClose"), close.astype("float32")),)
