"""Calibration of the features on rendered faces whose weights are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.units import mirror_name
from synth.appearance.evidence import NUISANCES, Response
from synth.appearance.features import FEATURES
from synth.fit.face_model import FITTED_UNITS, OTHER_SIDE

_RIDGE = 3.0
"""Frames of full activation that a response must outweigh: units that hardly occur respond by 0."""

_CLEAREST = 3.5
"""Standard deviations that the clearest movement may stand out in one feature: real mouths differ in teeth and lips."""

_BROW_REGION = ("Brow", "Glabella", "glabella", "forehead", "noseRoot", "noseBright")
_EYE_REGION = ("crow", "underEye")
_NOSE_REGION = ("Nostril", "noseSide", "fold", "upperLip", "lipUpper")
_MOUTH_REGION = ("lip", "mouth", "corner", "chin", "underLip", "upperLip", "lowerLip", "fold")
_REGIONS: dict[str, tuple[str, ...]] = {
    "brow": (*_BROW_REGION, *_EYE_REGION),
    "eye": _EYE_REGION,
    "cheekSquint": (*_EYE_REGION, "Brow", "noseSide", "fold"),
    "noseSneer": (*_BROW_REGION, *_EYE_REGION, *_NOSE_REGION),
    "mouthSmile": (*_MOUTH_REGION, *_NOSE_REGION, *_EYE_REGION),
    "mouthUpperUp": (*_MOUTH_REGION, *_NOSE_REGION, *_EYE_REGION),
    "mouth": (*_MOUTH_REGION, "Nostril", "noseSide"),
    "jaw": _MOUTH_REGION,
    "cheekPuff": _MOUTH_REGION,
}
"""Features that a unit can move; the first entry whose name a unit begins with counts."""

_MIRRORED_NUISANCES = np.array([1.0, -1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Sitting:
    """Features of one rendered person with known truth.

    Attributes
    ----------
    features : (T, D) float
    weights : (T, K) float
    nuisances : (T, N) float
    """

    features: np.ndarray
    weights: np.ndarray
    nuisances: np.ndarray


def _mirror(name: str) -> str:
    return mirror_name(name) if name.endswith(("Left", "Right")) else name


OTHER_FEATURE = np.array([FEATURES.index(_mirror(name)) for name in FEATURES])


def _possible() -> np.ndarray:
    """Return which unit can move which feature (D, K): brows do not move the mouth, nor the mouth them."""
    regions = [next(start for start in _REGIONS if unit.startswith(start)) for unit in FITTED_UNITS]
    return np.array([[feature.startswith(_REGIONS[part]) for part in regions] for feature in FEATURES])


def mirrored(sitting: Sitting) -> Sitting:
    """Return the sitting of the mirrored face."""
    return Sitting(
        sitting.features[:, OTHER_FEATURE], sitting.weights[:, OTHER_SIDE], sitting.nuisances * _MIRRORED_NUISANCES
    )


def calibrated(sittings: Sequence[Sitting]) -> Response:
    """Return the response that fits all sittings, and the covariance of sittings that were left out of it.

    Every person has the same say. The covariance is taken over people whose own pictures did not enter the
    response it is computed with (four folds), so that it holds what people differ in.

    Parameters
    ----------
    sittings : sequence of Sitting
        At least four people.
    """
    whole = _regressed(sittings)
    residuals = []
    for fold in range(4):
        rest = _regressed([s for i, s in enumerate(sittings) if i % 4 != fold])
        for sitting in sittings[fold::4]:
            for view in (sitting, mirrored(sitting)):
                gap = view.features - view.weights @ rest[0].T - view.nuisances @ rest[1].T
                residuals.append(gap - np.median(gap, axis=0))
    joined = np.concatenate(residuals)
    limit = 4.0 * np.sqrt(np.mean(joined**2, axis=0))
    joined = np.clip(joined, -limit, limit)
    covariance = joined.T @ joined / len(joined)
    doubt = (np.abs(whole[0]).max(1) / _CLEAREST) ** 2
    return Response(*whole, covariance + np.diag(0.1 * np.diag(covariance) + doubt + 1e-6))


def _regressed(sittings: Sequence[Sitting]) -> tuple[np.ndarray, np.ndarray]:
    views = [view for sitting in sittings for view in (sitting, mirrored(sitting))]
    columns = np.concatenate([np.column_stack([v.weights, v.nuisances]) for v in views])
    values = np.concatenate([v.features for v in views])
    units = len(FITTED_UNITS)
    gram, right = columns.T @ columns, columns.T @ values
    ridge = np.concatenate([np.full(units, _RIDGE), np.full(len(NUISANCES), 0.1)])
    possible = np.column_stack([_possible(), np.ones((len(FEATURES), len(NUISANCES)), bool)])
    result = np.zeros((len(FEATURES), len(ridge)))
    for row, allowed in enumerate(possible):
        part = np.ix_(allowed, allowed)
        result[row, allowed] = np.linalg.solve(gram[part] + np.diag(ridge[allowed]), right[allowed, row])
    return result[:, :units], result[:, units:]


def write_response(response: Response, path: Path) -> None:
    """Store a response as the package reads it."""
    np.savez_compressed(
        path, features=np.array(FEATURES), units_of=np.array(FITTED_UNITS), units=response.units.astype(np.float32),
        nuisances=response.nuisances.astype(np.float32), covariance=response.covariance.astype(np.float32),
    )  # fmt: skip
