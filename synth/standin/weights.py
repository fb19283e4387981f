"""From Action Unit intensities to the expression weights of one simulated face."""

from __future__ import annotations

import numpy as np

from assets.keyed import rng_for
from assets.standin import StandinCorpus
from assets.units import AU_UNITS, UNIT_INDEX, UNITS
from synth.standin.behaviour import blink, speech
from synth.standin.cooccurrence import AU_COLUMN, PERFORMED_AUS
from synth.standin.timeline import wander

RESTING_UNITS: dict[str, float] = {
    "browDown": 0.10, "browInnerUp": 0.06, "browOuterUp": 0.06, "eyeSquint": 0.10, "eyeWide": 0.06,
    "mouthFrown": 0.09, "mouthSmile": 0.06, "mouthPress": 0.08, "mouthUpperUp": 0.04, "cheekSquint": 0.05,
    "jawForward": 0.12, "mouthShrugUpper": 0.06, "mouthPucker": 0.05,
}  # fmt: skip
"""Largest offset of each unit of a resting face."""

_CLOSES_LIPS = (17, 23, 24)
_OPENS_LIPS = ("jawOpen", "mouthFunnel", "mouthLowerDownLeft", "mouthLowerDownRight")


class Face:
    """How one subject's face turns intensities into weights.

    Parameters
    ----------
    corpus : StandinCorpus
    subject : str
    seed : int

    Attributes
    ----------
    resting : (52,) float
        Weights of the face at rest, the same in all recordings.
    gain : (17, 2) float
        Weight of a unit at intensity 5 on the left and on the right side.
    """

    def __init__(self, corpus: StandinCorpus, subject: str, seed: int) -> None:
        self.corpus, self.subject, self.seed = corpus, subject, seed
        rng = rng_for(seed, "standin", corpus.name, subject, "face")
        self.resting = np.zeros(len(UNITS))
        for stem, largest in RESTING_UNITS.items():
            amount = largest * rng.uniform() ** 2
            for side in ("", "Left", "Right"):
                column = UNIT_INDEX.get(stem + side)
                if column is not None:
                    self.resting[column] = amount * rng.uniform(0.85, 1.0)
        overall = corpus.expressiveness * np.exp(rng.normal(0.0, 0.15))
        unit = np.exp(rng.normal(0.0, 0.12, len(PERFORMED_AUS)))
        lean = rng.normal(0.0, 0.06, len(PERFORMED_AUS))
        self.gain = np.clip(overall, 0.7, 1.25) * unit[:, None] * np.stack([1.0 + lean, 1.0 - lean], -1)

    def weights(self, intensity: np.ndarray, time_s: np.ndarray, recording: str) -> np.ndarray:
        """Return expression weights (T, 52) in [0, 1].

        Parameters
        ----------
        intensity : (T, 17) float
            Of ``PERFORMED_AUS``, 0 to 5.
        time_s : (T,) float
        recording : str
            Names what is random in time: tremor, one-sidedness, blinks, speech.

        Notes
        -----
        Units that several Action Units drive combine as ``1 - (1 - a)(1 - b)``. Pressed lips keep the mouth shut.
        """
        keys = ("standin", self.corpus.name, self.subject, recording)
        lean = 0.10 * wander(rng_for(self.seed, *keys, "lean"), time_s, len(PERFORMED_AUS), (0.1, 0.5))
        lean[:, AU_COLUMN[14]] *= 2.5
        tremor = 1.0 + 0.05 * wander(rng_for(self.seed, *keys, "tremor"), time_s, len(PERFORMED_AUS), (0.6, 2.0))
        strength = np.asarray(intensity)[..., None] / 5.0 * self.gain * tremor[..., None]
        strength = np.clip(strength * np.stack([1.0 + lean, 1.0 - lean], -1), 0.0, 1.0)
        closed = np.clip(intensity[:, [AU_COLUMN[n] for n in _CLOSES_LIPS]].max(1) / 2.0, 0.0, 1.0)
        rest = np.ones((len(time_s), len(UNITS))) - self.resting
        for column, number in enumerate(PERFORMED_AUS):
            for name, gain in AU_UNITS[number]:
                side = strength[:, column, 1] if name.endswith("Right") else strength[:, column, 0]
                side = strength[:, column].mean(1) if not name.endswith(("Left", "Right")) else side
                rest[:, UNIT_INDEX[name]] *= 1.0 - np.clip(gain * side, 0.0, 1.0)
        for name, amount in speech(self.corpus, time_s, self.seed, keys).items():
            rest[:, UNIT_INDEX[name]] *= 1.0 - np.clip(amount, 0.0, 1.0)
        weights = 1.0 - rest
        for name in _OPENS_LIPS:
            weights[:, UNIT_INDEX[name]] *= 1.0 - 0.85 * closed
        lids = blink(time_s, self.seed, keys)
        for name in ("eyeBlinkLeft", "eyeBlinkRight"):
            weights[:, UNIT_INDEX[name]] = lids
        for name in ("eyeWideLeft", "eyeWideRight"):
            weights[:, UNIT_INDEX[name]] *= 1.0 - lids
        return np.clip(weights, 0.0, 1.0).astype(np.float32)
