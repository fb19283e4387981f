"""The opening between the lips, weighed as what it is: a small difference that is seen far better than its ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.landmarks import SCHEMES
from synth.fit.face_model import FaceModel

LIP_PAIRS = ((13, 14), (82, 87), (312, 317), (81, 178), (311, 402))
"""Inner margins of the upper and the lower lip, one above the other."""

GAP_TRUST = 6.0
"""How much the opening at each pair counts against one landmark: its error is about half a millimetre."""

LIPS_SEEN = 0.95
"""Opening that the network sees over the opening there is."""

PRESSED_MM, PARTED_MM = 0.5, 3.0
"""Lips that touch press on each other by the first; the pressure ends at the second, an opening that is clear."""


def with_lip_gap(model: FaceModel, whole: FaceModel) -> FaceModel:
    """Return the model with the opening between the lips as evidence of its own.

    Lips that touch in the picture then touch on the fitted face, whatever the resting face of the subject is.
    Schemes without inner lips are returned as they are.

    Parameters
    ----------
    model : FaceModel
        Perhaps with displacements as the network sees them.
    whole : FaceModel
        With the displacements of the rig: they say when the lips of a twin meet.
    """
    place = {int(point): row for row, point in enumerate(SCHEMES[model.scheme].points)}
    pairs = [(place[a], place[b]) for a, b in LIP_PAIRS if a in place and b in place]
    if not pairs:
        return model
    upper, lower = np.array(pairs).T
    return replace(model, lip_rows=np.array(pairs), lip_units=LIPS_SEEN * (whole.units[upper] - whole.units[lower]))


def gap_columns(columns: np.ndarray, model: FaceModel) -> np.ndarray:
    """Return columns (L, 3, M), units first, followed by those of the opening at each pair, (L + P, 3, M)."""
    if model.lip_rows is None:
        return columns
    upper, lower = model.lip_rows.T
    gap = columns[upper] - columns[lower]
    gap[..., : model.lip_units.shape[-1]] = model.lip_units
    return np.concatenate([columns, gap])


def gap_trust(model: FaceModel) -> np.ndarray:
    """Return the trust (L + P,) that goes with ``gap_columns``."""
    count = 0 if model.lip_rows is None else len(model.lip_rows)
    return np.concatenate([model.trust, np.full(count, GAP_TRUST)])


def gap_residual(
    residual: np.ndarray, heads_mm: np.ndarray, weights: np.ndarray, neutral_mm: np.ndarray, model: FaceModel
) -> np.ndarray:
    """Return residuals (T, L, 3) followed by those of the opening, (T, L + P, 3), in head axes.

    The opening is compared with that of sealed lips, not with that of the subject's resting landmarks.

    Parameters
    ----------
    residual : (T, L, 3) float
    heads_mm : (T, L, 3) float
        The modelled landmarks that the residuals belong to.
    weights : (T, K) float
    neutral_mm : (L, 3) float
    model : FaceModel
    """
    if model.lip_rows is None:
        return residual
    upper, lower = model.lip_rows.T
    modelled = heads_mm[:, upper] - heads_mm[:, lower]
    seen = residual[:, upper] - residual[:, lower] + modelled
    unseen = np.tensordot(weights, model.lip_units - (model.units[upper] - model.units[lower]), ([1], [2]))
    gap = seen - (modelled + unseen - (neutral_mm[upper] - neutral_mm[lower]))
    gap[..., 1] -= PRESSED_MM * np.clip(1.0 - seen[..., 1] / PARTED_MM, 0.0, 1.0)
    return np.concatenate([residual, gap], 1)
