"""Readings without pictures, for tests of the audit's statistics."""

from __future__ import annotations

import numpy as np

from assets.keyed import rng_for
from synth.audit.geometry import AUDITED
from synth.audit.reading import ESTIMATORS, Readings

SHARE_OF_TWIN = {"perfect": 1.0, "flat": 0.25, "unrelated": 0.0}


def smooth(rng: np.random.Generator, frames: int, columns: int) -> np.ndarray:
    """Return independent slow courses (T, A) of unit variance."""
    noise = rng.normal(size=(frames + 24, columns))
    course = np.stack([np.convolve(noise[:, i], np.hanning(25), "valid") for i in range(columns)], 1)
    return (course - course.mean(0)) / course.std(0)


def readings(
    kind: str, subject: int = 0, frames: int = 120, noise: float = 0.1, offset: float = 0.0, labelled: bool = False
) -> Readings:
    """Return a subject whose twins follow the real face as ``kind`` says, in steps of ten times what is visible.

    ``noise`` is the standard deviation of every reading's error, ``offset`` what all twins read higher.
    """
    rng = rng_for(0, "audit case", kind, subject)
    size = len(AUDITED)
    real = smooth(rng, frames, size)
    shape = (len(ESTIMATORS), 3, frames, size)
    values = np.empty(shape)
    for e in range(len(ESTIMATORS)):
        values[e, 0] = real
        for g in (1, 2):
            other = smooth(rng, frames, size) if kind == "unrelated" else real * SHARE_OF_TWIN[kind]
            values[e, g] = other + offset
    again = values + noise * rng.normal(size=shape)
    values = values + noise * rng.normal(size=shape)
    scale = 10.0
    labels = real > 0.8 if labelled else np.zeros_like(real, bool)
    known = np.full(real.shape, labelled)
    sided = np.repeat(values[..., None] * scale, 3, -1)
    rows = np.arange(frames)
    return Readings(f"S{subject}", ("real", "female", "male"), rows, sided, again * scale, labels, known)
