"""The subject's own resting face, fitted jointly with the expressions of many frames."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from synth.fit.face_model import FITTED_UNITS, FaceModel
from synth.fit.frame_fit import FrameFit, NormalBlocks, Prior, fit_frames, head_residual
from synth.fit.head_pose import pose_columns

_AXIS_SPREAD = 0.6
_UNIT_SPREAD, _PARTED_SPREAD = 0.15, 0.04
_PARTING = ("jawOpen", "mouthLowerDown", "mouthUpperUp", "mouthFunnel")
_UNIT_SPREADS = np.array([_PARTED_SPREAD if name.startswith(_PARTING) else _UNIT_SPREAD for name in FITTED_UNITS])
"""Standard deviation of resting faces along the units: mouths rest more or less pursed, but closed."""

_OFFSET_MM = 2.0
_LIVELY_SHARE = 0.04
"""Weight of a frame full of expression against one at rest: the shapes of the units are only about right."""

_EVIDENCE_FRAMES = 12.0
"""However many frames there are, their errors are so alike that they count as this many at most."""


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
    points_px: np.ndarray,
    model: FaceModel,
    prior: Prior,
    noise: float,
    depth_trust: float,
    distance_mm: float,
    calm: np.ndarray,
    rounds: int = 3,
    offset: bool = True,
) -> tuple[np.ndarray, np.ndarray, FrameFit, float]:
    """Fit one identity to frames of one subject.

    Every round fits pose and expression to the current face, then takes a Gauss-Newton step in the identity
    with pose and free weights eliminated from the normal equations, so that it does not matter how much
    expression the identity could imitate. Frames that fit badly count less.

    Parameters
    ----------
    points_px : (F, L, 2|3) float
    model : FaceModel
    prior : Prior
        Of the frames' weights.
    noise : float
        Variance of one landmark coordinate in mm².
    depth_trust, distance_mm : float
    calm : (F,) float
        How much each frame counts as a picture of the resting face, in [0, 1].
    rounds : int
    offset : bool
        Whether the detector's habits on this face are fitted too.

    Returns
    -------
    coefficients : (P + A,) float64
    offset_mm : (L, 3) float64
    fit : FrameFit
        Of the last round.
    cost : float
        Negative logarithm of the posterior, up to a constant.
    """
    basis = np.concatenate([model.identity, model.units], -1)
    size = basis.shape[-1]
    spread = np.concatenate([np.empty(model.identity.shape[-1]), _UNIT_SPREADS])
    spread[: model.identity.shape[-1]] = _AXIS_SPREAD
    spread[: model.modes] = 1.0
    ridge = 1.0 / spread**2
    coefficients, habit = np.zeros(size), np.zeros_like(model.neutral)
    fit: FrameFit | None = None
    shape_only = _complement(np.concatenate([pose_columns(model.neutral)[0], model.units], -1), model.trust)
    for step in range(2 * rounds):
        face = model.neutral + basis @ coefficients + habit
        fit = fit_frames(
            points_px, face, model, prior, depth_trust, distance_mm, start=fit, rounds=4 if fit is None else 2
        )
        residual, metric = _residual(points_px, fit, face, model, depth_trust)
        weight = _frame_weights(residual, metric, model.trust) * (_LIVELY_SHARE + (1.0 - _LIVELY_SHARE) * calm)
        if step % 2 == 0 or not offset:
            reduced, slope = _reduced_equations(model, basis, face, fit, prior, residual, metric, weight)
            share = min(len(points_px), _EVIDENCE_FRAMES) / weight.sum()
            system = share * reduced + noise * np.diag(ridge)
            coefficients = coefficients + np.linalg.solve(system, share * slope - noise * ridge * coefficients)
        else:
            evidence = min(weight.sum(), _EVIDENCE_FRAMES) * _OFFSET_MM**2
            mean = np.tensordot(weight / weight.sum(), residual, 1)
            habit = shape_only(habit + mean) * evidence / (evidence + noise) * (model.trust > 0)[:, None]
    assert fit is not None
    square = weight @ np.einsum("tli,tij,tlj,l->t", residual, metric, residual, model.trust, optimize=True)
    believed = weight @ ((prior.precision * (fit.weights - prior.mean) ** 2).sum(1))
    share = min(len(points_px), _EVIDENCE_FRAMES) / weight.sum()
    cost = 0.5 * share * (square + believed) / noise + 0.5 * float(ridge @ coefficients**2)
    return coefficients, habit, fit, float(cost)


def _complement(columns: np.ndarray, trust: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that removes from displacements (L, 3) what pose and expression would explain."""
    flat = columns.reshape(-1, columns.shape[-1])
    weighted = flat * np.repeat(trust, 3)[:, None]
    gram = weighted.T @ flat
    inverse = np.linalg.solve(gram + 1e-3 * np.diag(np.diag(gram)) + 1e-9 * np.eye(len(gram)), weighted.T)
    return lambda offset: offset - (flat @ (inverse @ offset.ravel())).reshape(offset.shape)


def _residual(
    points_px: np.ndarray, fit: FrameFit, face: np.ndarray, model: FaceModel, depth_trust: float
) -> tuple[np.ndarray, np.ndarray]:
    heads = face + np.tensordot(fit.weights, model.units, ([1], [2]))
    correction = model.correction(fit.weights)
    heads = heads if correction is None else heads + correction
    return head_residual(points_px, fit.pose, heads, depth_trust)


def _frame_weights(residual: np.ndarray, metric: np.ndarray, trust: np.ndarray) -> np.ndarray:
    """Return Huber weights (F,) of the frames' root mean square residuals."""
    square = np.einsum("tli,tij,tlj,l->t", residual, metric, residual, trust / trust.sum(), optimize=True)
    error = np.sqrt(square)
    limit = 1.5 * np.median(error) + 1e-9
    return np.minimum(1.0, limit / np.maximum(error, 1e-9))


def _reduced_equations(
    model: FaceModel,
    basis: np.ndarray,
    face: np.ndarray,
    fit: FrameFit,
    prior: Prior,
    residual: np.ndarray,
    metric: np.ndarray,
    weight: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the identity's normal matrix and right side, pose and free weights eliminated, summed over frames."""
    size, count = basis.shape[-1], model.units.shape[-1]
    blocks = NormalBlocks(np.concatenate([basis, model.units, pose_columns(face)[0]], -1), model.trust)
    full = blocks.gram(metric)
    right = blocks.project(residual @ metric)
    right[:, size : size + count] += prior.precision * (prior.mean - fit.weights) - prior.pull
    columns = np.arange(size, size + count)
    full[:, columns, columns] += prior.precision + 1e-6
    stuck = (fit.weights <= 0.0) | (fit.weights >= 1.0)
    frames, units = np.nonzero(stuck)
    full[frames, size + units, :] = 0.0
    full[frames, :, size + units] = 0.0
    full[frames, size + units, size + units] = 1.0
    right[frames, size + units] = 0.0
    inner = full[:, size:, size:] + 1e-6 * np.eye(count + 7)
    cross = full[:, size:, :size]
    solved = np.linalg.solve(inner, np.concatenate([cross, right[:, size:, None]], -1))
    reduced = full[:, :size, :size] - cross.transpose(0, 2, 1) @ solved[..., :size]
    slope = right[:, :size] - np.einsum("tpk,tp->tk", cross, solved[..., size])
    return np.tensordot(weight, reduced, 1), weight @ slope
