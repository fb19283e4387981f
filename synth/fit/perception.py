"""How much of a movement the landmark network sees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from synth.fit.face_model import FITTED_UNITS, FaceModel

# Movement of the network's landmarks over movement of the skin, along each unit, measured on six avatars of the
# default rig in front view (mean of weights 0.5 and 1; standard deviation between avatars about 0.07). Lips and
# lids are followed well; cheeks, nose and brows, which have few edges, lag behind. Photographs have more edges than
# drawings: brows, cheeks, nose, jaw, frowns and the upper lip are set between the measured share and 1, since twins of
# people on film (docs/fidelity.md) moved them too far with the shares of avatars (0.43 for brows, 0.11 for cheeks, 0.26
# for the nose, 0.78 for the jaw, 0.44 for frowns, 0.57 for the upper lip).
_SEEN: dict[str, float] = {
    "browDown": 0.6, "browInnerUp": 0.5, "browOuterUp": 0.62, "cheekPuff": 0.46, "cheekSquint": 0.3,
    "eyeBlink": 1.0, "eyeSquint": 0.35, "eyeWide": 0.56, "jawForward": 0.9, "jawLeft": 0.34, "jawOpen": 0.95,
    "jawRight": 0.34, "mouthClose": 0.52, "mouthDimple": 0.75, "mouthFrown": 0.66, "mouthFunnel": 0.9,
    "mouthLeft": 0.5, "mouthLowerDown": 0.9, "mouthPress": 0.55, "mouthPucker": 0.67, "mouthRight": 0.5,
    "mouthRollLower": 0.5, "mouthRollUpper": 0.42, "mouthShrugLower": 0.5, "mouthShrugUpper": 0.53,
    "mouthSmile": 0.95, "mouthStretch": 0.71, "mouthUpperUp": 0.7, "noseSneer": 0.45,
}  # fmt: skip


def _share(unit: str) -> float:
    return _SEEN[unit] if unit in _SEEN else _SEEN[unit.removesuffix("Left").removesuffix("Right")]


SEEN_SHARE = np.array([_share(name) for name in FITTED_UNITS])
"""(K,) shares of ``FITTED_UNITS``."""


def as_seen(model: FaceModel, strength: float) -> FaceModel:
    """Return the model with unit displacements as the network sees them.

    Parameters
    ----------
    model : FaceModel
    strength : float
        0 leaves the displacements as they are, 1 shrinks them by ``SEEN_SHARE``; in between geometrically.
    """
    if strength == 0:
        return model
    return replace(model, units=model.units * SEEN_SHARE**strength)
