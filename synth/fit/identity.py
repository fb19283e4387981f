"""The subject's own resting face, fitted jointly with the expressions of many frames."""

from __future__ import annotations

import numpy as np

from synth.fit.face_model import FaceModel
from synth.fit.identity_solver import IdentityFit, IdentitySolver, Sample

_BLUR, _LESS_BLUR = 4.0, 12.0
"""Variance of landmarks, mm², at which a fit begins if they are more exact, and by about what it falls at a time."""

_STEPS_BETWEEN = 2
"""Steps after the detector's habits are fitted."""


def choose_frames(usable: np.ndarray, most: int, resting: np.ndarray | None = None) -> np.ndarray:
    """Return at most ``most`` usable rows, evenly spread; up to a third of them known to be at rest."""
    rows = np.flatnonzero(usable)
    if len(rows) <= most:
        return rows
    calm = np.flatnonzero(usable & resting) if resting is not None else rows[:0]
    calm = calm[np.unique(np.linspace(0, len(calm) - 1, min(len(calm), most // 3)).astype(int))] if len(calm) else calm
    rest = rows[np.unique(np.linspace(0, len(rows) - 1, most - len(calm)).astype(int))]
    return np.union1d(calm, rest)


def fit_identity(
    model: FaceModel,
    sample: Sample,
    distance_mm: float,
    steps: int,
    find_distance: bool = False,
    habits: int = 0,
    begin: np.ndarray | None = None,
) -> IdentityFit:
    """Fit one identity to frames of one subject.

    Exact landmarks hold a wrong start in place, because every step then has to keep what little fits. So they are
    blurred first, and the blur is taken off step by step.

    Parameters
    ----------
    model : FaceModel
    sample : Sample
    distance_mm : float
        From the camera, or where to begin looking for it.
    steps : int
        Most steps at each degree of blur.
    find_distance : bool
        Whether the distance is unknown.
    habits : int
        How often the detector's habits on this face are fitted in turn with the rest; 0 leaves them out.
    begin : (P + A + K,) float or None
        Coefficients to begin with, which were found in other frames of the subject; None begins with the mean face.
    """
    found: IdentityFit | None = None
    for noise in _blurs(sample.noise) if begin is None else [sample.noise]:
        solver = IdentitySolver(model, sample.blurred(noise), find_distance)
        found = solver.improved(solver.start(distance_mm, begin) if found is None else found, steps)
    assert found is not None
    for _ in range(habits):
        found = solver.improved(solver.with_habit(found), _STEPS_BETWEEN)
    return solver.with_habit(found) if habits else found


def _blurs(noise: float) -> list[float]:
    """Return the variances to fit with, mm², the last of which is that of the landmarks."""
    falls = max(0, round(float(np.log(_BLUR / noise) / np.log(_LESS_BLUR)))) if noise > 0 else 0
    return [float(level) for level in np.geomspace(_BLUR, noise, falls + 1)] if falls else [noise]
