"""Gauss-Newton steps in what all frames of one subject have in common: the face at rest, the camera's distance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from synth.fit.face_model import FITTED_UNITS, FaceModel
from synth.fit.frame_fit import LEAST_PRECISION, FrameFit, NormalBlocks, Prior, fit_frames, head_residual
from synth.fit.head_pose import pose_columns
from synth.fit.lip_gap import gap_columns, gap_residual, gap_trust

USUAL_DISTANCE_MM = 900.0
_DISTANCE_SPREAD = 0.35
"""Standard deviation of the logarithm of the distance between camera and face."""

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

_SHARES = (1.0, 0.4, 0.16)
"""Shares of a Gauss-Newton step that are tried until the error falls."""

_LEAST_GAIN = 0.5
"""Fall of the negative log posterior below which a step is not worth another."""


@dataclass(frozen=True)
class Sample:
    """Frames of one subject and what is believed of them.

    Attributes
    ----------
    points_px : (F, L, 2|3) float
    prior : Prior
        Of the frames' weights.
    calm : (F,) float
        How much each frame counts as a picture of the resting face, in [0, 1].
    noise : float
        Variance of one landmark coordinate in mm².
    depth_trust : float
    """

    points_px: np.ndarray
    prior: Prior
    calm: np.ndarray
    noise: float
    depth_trust: float

    def blurred(self, noise: float) -> Sample:
        """Return the sample as if landmarks were less exact: the same beliefs, a larger variance."""
        share = noise / self.noise
        prior = replace(self.prior, precision=self.prior.precision * share, pull=self.prior.pull * share)
        return replace(self, prior=prior, noise=noise)


@dataclass(frozen=True)
class IdentityFit:
    """What one subject's frames have in common.

    Attributes
    ----------
    coefficients : (P + A + K,) float64
        Identity modes, axes, and units that are part of the face at rest.
    habit_mm : (L, 3) float64
        What the detector does to this face besides.
    distance_mm : float
        From the camera.
    frames : FrameFit
        Pose and expression of every frame.
    residual : (F, L + P, 3) float64
        In head axes, those of the lips' opening last.
    metric : (F, 3, 3) float64
    seen_mm : (F, L, 3) float64
        The modelled landmarks in camera axes.
    """

    coefficients: np.ndarray
    habit_mm: np.ndarray
    distance_mm: float
    frames: FrameFit
    residual: np.ndarray
    metric: np.ndarray
    seen_mm: np.ndarray


def identity_basis(model: FaceModel) -> np.ndarray:
    """Return the displacements (L, 3, P + A + K) that ``IdentityFit.coefficients`` are of."""
    return np.concatenate([model.identity, model.units], -1)


def resting_landmarks(found: IdentityFit, model: FaceModel) -> np.ndarray:
    """Return the landmarks (L, 3) of the subject's resting face."""
    return model.neutral + identity_basis(model) @ found.coefficients + found.habit_mm


class IdentitySolver:
    """Fits one identity to frames of one subject.

    Every step takes a Gauss-Newton step in the identity (and in the distance, if wanted) with pose and free weights
    eliminated from the normal equations, so that it does not matter how much expression the identity could imitate;
    then the frames are fitted again. Weights that reach or leave a bound make such steps overshoot, so a step that
    does not lower the error is shortened. Frames that fit badly count less.

    Parameters
    ----------
    model : FaceModel
    sample : Sample
    find_distance : bool
        Whether the distance is unknown.
    """

    def __init__(self, model: FaceModel, sample: Sample, find_distance: bool) -> None:
        self.model, self.sample, self.find_distance = model, sample, find_distance
        self.basis = identity_basis(model)
        spread = np.concatenate([np.full(model.identity.shape[-1], _AXIS_SPREAD), _UNIT_SPREADS])
        spread[: model.modes] = 1.0
        self.ridge = 1.0 / spread**2
        self.trust = gap_trust(model)

    def start(self, distance_mm: float, coefficients: np.ndarray | None = None) -> IdentityFit:
        """Return the mean face, or that of coefficients (P + A + K,), at a distance, fitted to every frame."""
        begin = np.zeros(self.basis.shape[-1]) if coefficients is None else coefficients
        return self._fitted(begin, np.zeros_like(self.model.neutral), distance_mm, None, rounds=4)

    def improved(self, state: IdentityFit, steps: int) -> IdentityFit:
        """Return the fit after at most ``steps`` steps."""
        for _ in range(steps):
            weight = self.frame_weights(state)
            before = self.cost(state, weight)
            move = self.newton(state, weight)
            for share in _SHARES:
                size = len(state.coefficients)
                distance = state.distance_mm * float(np.exp(np.clip(share * move[size:].sum(), -0.5, 0.5)))
                there = self._fitted(
                    state.coefficients + share * move[:size], state.habit_mm, distance, state.frames, rounds=2
                )
                gain = before - self.cost(there, weight)
                if gain > 0:
                    state = there
                    break
            if gain < _LEAST_GAIN:
                break
        return state

    def _fitted(
        self, coefficients: np.ndarray, habit: np.ndarray, distance: float, start: FrameFit | None, rounds: int
    ) -> IdentityFit:
        """Return the fit of all frames to a face."""
        model, sample = self.model, self.sample
        face = model.neutral + self.basis @ coefficients + habit
        frames = fit_frames(
            sample.points_px, face, model, sample.prior, sample.depth_trust, distance, start=start, rounds=rounds
        )
        heads = face + np.tensordot(frames.weights, model.units, ([1], [2]))
        correction = model.correction(frames.weights)
        heads = heads if correction is None else heads + correction
        residual, metric = head_residual(sample.points_px, frames.pose, heads, sample.depth_trust)
        residual = gap_residual(residual, heads, frames.weights, face, model)
        seen = heads @ frames.pose.rotation.transpose(0, 2, 1)
        return IdentityFit(coefficients, habit, distance, frames, residual, metric, seen)

    def frame_weights(self, state: IdentityFit) -> np.ndarray:
        """Return what each frame counts (F,): Huber weights of the root mean square residuals, and calm."""
        error = np.sqrt(self._square(state))
        limit = 1.5 * np.median(error) + 1e-9
        calm = _LIVELY_SHARE + (1.0 - _LIVELY_SHARE) * self.sample.calm
        return np.minimum(1.0, limit / np.maximum(error, 1e-9)) * calm

    def _square(self, state: IdentityFit) -> np.ndarray:
        """Return the squared error of each frame (F,).

        Errors are measured in the picture: at its own depth, the same pixel is more millimetres the farther away a
        point is, and a near camera would seem to make all errors small.
        """
        count = state.seen_mm.shape[1]
        zoom = np.ones(state.residual.shape[:2])
        zoom[:, :count] = 1.0 / (1.0 - state.seen_mm[..., 2] / state.distance_mm)
        square = np.einsum("tli,tij,tlj->tl", state.residual, state.metric, state.residual, optimize=True)
        return (square * zoom**2) @ self.trust

    def cost(self, state: IdentityFit, weight: np.ndarray) -> float:
        """Return the negative logarithm of the posterior, up to a constant, with frames weighted (F,)."""
        prior, weights = self.sample.prior, state.frames.weights
        square = self._square(state)
        believed = ((prior.precision + LEAST_PRECISION) * (weights - prior.mean) ** 2 + 2.0 * prior.pull * weights).sum(
            1
        )
        share = min(len(weight), _EVIDENCE_FRAMES) / weight.sum()
        cost = share * float(weight @ (square + believed)) / self.sample.noise
        cost += float(self.ridge @ state.coefficients**2)
        if self.find_distance:
            cost += (np.log(state.distance_mm / USUAL_DISTANCE_MM) / _DISTANCE_SPREAD) ** 2
        return 0.5 * cost

    def newton(self, state: IdentityFit, weight: np.ndarray) -> np.ndarray:
        """Return the Gauss-Newton step of the coefficients and, if wanted, of the distance's logarithm."""
        reduced, slope = self._reduced(state, weight)
        noise, ridge, place = self.sample.noise, self.ridge, state.coefficients
        if self.find_distance:
            ridge = np.append(ridge, _DISTANCE_SPREAD**-2)
            place = np.append(place, np.log(state.distance_mm / USUAL_DISTANCE_MM))
        share = min(len(weight), _EVIDENCE_FRAMES) / weight.sum()
        return np.linalg.solve(share * reduced + noise * np.diag(ridge), share * slope - noise * ridge * place)

    def _reduced(self, state: IdentityFit, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the normal matrix and right side of what is common, pose and free weights eliminated."""
        model, prior, fit = self.model, self.sample.prior, state.frames
        count = model.units.shape[-1]
        inside = count + 7
        face = model.neutral + self.basis @ state.coefficients + state.habit_mm
        own = gap_columns(np.concatenate([model.units, pose_columns(face)[0]], -1), model)
        common = np.zeros((len(own), 3, self.basis.shape[-1]))
        common[: len(self.basis)] = self.basis
        blocks = NormalBlocks(np.concatenate([own, common], -1), self.trust)
        full, right = blocks.gram(state.metric), blocks.project(state.residual @ state.metric)
        if self.find_distance:
            full, right = self._with_distance(full, right, blocks, state)
        columns = np.arange(count)
        right[:, :count] += prior.precision * (prior.mean - fit.weights) - prior.pull
        full[:, columns, columns] += prior.precision + LEAST_PRECISION
        frames, units = np.nonzero((fit.weights <= 0.0) | (fit.weights >= 1.0))
        full[frames, units, :] = 0.0
        full[frames, :, units] = 0.0
        full[frames, units, units] = 1.0
        right[frames, units] = 0.0
        inner, cross = full[:, :inside, :inside] + 1e-6 * np.eye(inside), full[:, :inside, inside:]
        solved = np.linalg.solve(inner, np.concatenate([cross, right[:, :inside, None]], -1))
        reduced = full[:, inside:, inside:] - cross.transpose(0, 2, 1) @ solved[..., :-1]
        slope = right[:, inside:] - np.einsum("tpk,tp->tk", cross, solved[..., -1])
        return np.tensordot(weight, reduced, 1), weight @ slope

    def _with_distance(
        self, full: np.ndarray, right: np.ndarray, blocks: NormalBlocks, state: IdentityFit
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return normal equations with one more unknown: the logarithm of the distance.

        Its column is made of the modelled landmarks: the observed ones would correlate with their own errors.
        """
        near = state.seen_mm[..., 2:] / state.distance_mm
        column = np.concatenate([-near / (1.0 - near) * state.seen_mm[..., :2], np.zeros_like(near)], -1)
        column = column @ state.frames.pose.rotation
        extra = np.zeros_like(state.residual)
        extra[:, : column.shape[1]] = column
        pulled = extra @ state.metric
        cross = blocks.project(pulled)
        corner = np.einsum("tli,tli,l->t", pulled, extra, self.trust)
        slope = np.einsum("tli,tli,l->t", pulled, state.residual, self.trust)
        size = full.shape[-1]
        wide = np.zeros((len(full), size + 1, size + 1))
        wide[:, :size, :size], wide[:, :size, size], wide[:, size, :size] = full, cross, cross
        wide[:, size, size] = corner
        return wide, np.column_stack([right, slope])

    def with_habit(self, state: IdentityFit) -> IdentityFit:
        """Return the fit with what all frames have in common that no identity and no expression explains."""
        model, weight = self.model, self.frame_weights(state)
        evidence = min(weight.sum(), _EVIDENCE_FRAMES) * _OFFSET_MM**2
        mean = np.tensordot(weight / weight.sum(), state.residual[:, : len(model.neutral)], 1)
        shape_only = _complement(np.concatenate([pose_columns(model.neutral)[0], model.units], -1), model.trust)
        habit = shape_only(state.habit_mm + mean) * evidence / (evidence + self.sample.noise)
        habit *= (model.trust > 0)[:, None]
        return self._fitted(state.coefficients, habit, state.distance_mm, state.frames, rounds=2)


def _complement(columns: np.ndarray, trust: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that removes from displacements (L, 3) what pose and expression would explain."""
    flat = columns.reshape(-1, columns.shape[-1])
    weighted = flat * np.repeat(trust, 3)[:, None]
    gram = weighted.T @ flat
    inverse = np.linalg.solve(gram + 1e-3 * np.diag(np.diag(gram)) + 1e-9 * np.eye(len(gram)), weighted.T)
    return lambda offset: offset - (flat @ (inverse @ offset.ravel())).reshape(offset.shape)
