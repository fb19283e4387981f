"""Action Unit intensities of one simulated recording as functions of time, with onset, apex and offset.

A Gaussian copula decides what a face shows. Every display (slot) has a latent normal vector whose
correlations are those of ``cooccurrence``; a part of it belongs to the subject, a part to the recording.
A unit is present in the display where its latent value exceeds the quantile that gives the corpus's
published rate, and the further it does, the higher the apex. Between displays the intensity moves along a
smooth ramp, quick up, slow down, placed so that it crosses the coder's onset level at the display's border:
the share of labelled frames then equals the rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from assets.keyed import rng_for
from assets.standin import StandinCorpus
from synth.standin.cooccurrence import AU_COLUMN, PERFORMED_AUS, latent_correlation, rate_threshold
from synth.standin.timeline import Slots, inverse_smoothstep, smoothstep

SUBJECT_SHARE = 0.15
"""Share of the latent variance that tells subjects from one another."""

RECORDING_SHARE = 0.20
"""Share that tells the recordings of a subject from one another (what the task elicits)."""

_JITTER = 0.25
_LAG = 0.08
_A = len(PERFORMED_AUS)
_SMILE = (AU_COLUMN[6], AU_COLUMN[12])


@dataclass(frozen=True)
class Displays:
    """Facial displays of one recording.

    Attributes
    ----------
    corpus : StandinCorpus
    threshold : (17,) float
        Latent value above which each unit is present.
    mean : (17,) float
        Latent mean of this subject in this recording.
    slots : Slots
        Per display: latent (17), lag (17), onset (17), offset (17), coder error (17), coder doubt (17) and
        the border's jitter (1).
    """

    corpus: StandinCorpus
    threshold: np.ndarray
    mean: np.ndarray
    slots: Slots

    def intensity(self, time_s: np.ndarray) -> np.ndarray:
        """Return what the face does (T, 17), 0 to 5."""
        return self._evaluate(time_s)[0]

    def coded(self, time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what the coder sees (T, 17), 0 to 5, and whether the coder could tell (T, 17) bool."""
        _, seen, known = self._evaluate(time_s)
        return seen, known

    def _evaluate(self, time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Intensity, coded intensity and knowledge; the four displays around each time, always in the same order."""
        numbers, drawn = self.slots.around(time_s, 2, 1)
        latent, lag, onset, offset, error, doubt = (drawn[..., i * _A : (i + 1) * _A] for i in range(6))
        apex = self._apex(latent + self.mean)
        seen = np.clip(apex + error * (apex > 0), 0.0, 5.0)
        border = ((numbers + drawn[..., -1]) * self.slots.length_s)[..., None] + lag * self.slots.length_s
        time = np.asarray(time_s, float)[:, None]
        known = np.ones((len(numbers), _A), bool)
        for k in range(numbers.shape[1]):
            begun = time >= border[:, k]
            known = np.where(begun, doubt[:, k] >= self.corpus.unknown_rate, known)
        args = (time, border, onset, offset, self.corpus.onset_level)
        return _ramps(apex, *args), _ramps(seen, *args), known

    def _apex(self, latent: np.ndarray) -> np.ndarray:
        """Map latent values (..., 17) to peak intensities: nothing, a trace below the onset level, or a display."""
        tail = ndtr(-latent)
        limit = ndtr(-self.threshold)
        low, high = self.corpus.apex_level
        present = low + (high - low) * np.clip(1.0 - tail / limit, 0.0, 1.0) ** 1.8
        trace = np.clip(1.0 - (tail - limit) / (0.5 * limit), 0.0, 1.0) * 0.75 * self.corpus.onset_level
        return np.where(tail < limit, present, trace)


def _ramps(
    level: np.ndarray, time: np.ndarray, border: np.ndarray, onset: np.ndarray, offset: np.ndarray, crossing: float
) -> np.ndarray:
    """Return the level (T, A) at each time, given levels, borders and ramp lengths of S neighbouring displays."""
    value = level[:, 0]
    for k in range(1, level.shape[1]):
        before, after = level[:, k - 1], level[:, k]
        step = after - before
        length = np.where(step > 0, onset[:, k], offset[:, k])
        safe = np.where(np.abs(step) > 1e-9, step, 1.0)
        fraction = (crossing - before) / safe
        fraction = np.where((fraction > 0) & (fraction < 1) & (np.abs(step) > 1e-9), fraction, 0.5)
        start = border[:, k] - inverse_smoothstep(fraction) * length
        value = value + step * smoothstep((time - start) / length)
    return np.clip(value, 0.0, 5.0)


def displays_of(corpus: StandinCorpus, subject: str, recording: str, apparent_gender: str, seed: int) -> Displays:
    """Return the facial displays of one recording of one subject.

    Parameters
    ----------
    corpus : StandinCorpus
    subject, recording : str
    apparent_gender : str
        ``female`` or ``male``; shifts how much the subject smiles by the corpus's ``smile_gap``.
    seed : int
        Root seed.
    """
    root = np.linalg.cholesky(latent_correlation())
    gap = np.zeros(_A)
    gap[list(_SMILE)] = corpus.smile_gap / 2.0
    rates = {**corpus.rates, **corpus.unlabelled_rates}
    shares = (float(corpus.females), float(corpus.males))
    threshold = np.array([rate_threshold(rates[n], (gap[i], -gap[i]), shares) for i, n in enumerate(PERFORMED_AUS)])
    keys = ("standin", corpus.name, subject)
    own = root @ rng_for(seed, *keys, "habits").standard_normal(_A)
    task = root @ rng_for(seed, *keys, recording, "task").standard_normal(_A)
    mean = np.sqrt(SUBJECT_SHARE) * own + np.sqrt(RECORDING_SHARE) * task
    mean = mean + (gap if apparent_gender == "female" else -gap)
    spread = np.sqrt(1.0 - SUBJECT_SHARE - RECORDING_SHARE)
    longest = 0.4 * corpus.display_s

    def draw(rng: np.random.Generator) -> np.ndarray:
        latent = spread * (root @ rng.standard_normal(_A))
        lag = rng.uniform(-_LAG, _LAG, _A)
        onset = np.minimum(rng.uniform(0.20, 0.60, _A), longest)
        offset = np.minimum(rng.uniform(0.45, 1.10, _A), longest)
        error = corpus.coder_noise * rng.standard_normal(_A)
        doubt = rng.random(_A)
        return np.concatenate([latent, lag, onset, offset, error, doubt, rng.uniform(-_JITTER, _JITTER, 1)])

    return Displays(corpus, threshold, mean, Slots(seed, (*keys, recording, "display"), corpus.display_s, draw))
