"""Re-targeting on synthetic truth: random sparse weights, projected, disturbed, and fitted again.

The conditions are those of the project's first measurements, so that figures can be compared: a face of 79 pixels
between the outer eye corners, noise in pixels (three times as much in depth), weights that come and go.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from assets.keyed import rng_for
from assets.rig import Rig
from assets.rig_bundle import load_rig
from assets.shard_format import Status
from synth.fit.belief import expression_prior, steadied
from synth.fit.box_solver import solve_in_box
from synth.fit.face_model import FITTED_COLUMNS, FITTED_INDEX, FITTED_UNITS, FaceModel, face_model
from synth.fit.fit import fit_track
from synth.fit.frame_fit import NormalBlocks, Prior, fit_frames, head_residual
from synth.fit.head_pose import HeadPose, rigid_pose, rotation_of
from synth.fit.pace import jitter_mm
from synth.fit.settings import FitSettings
from synth.tracks import FrameTrack

EYE_CORNERS_PX = 79.0
DISTANCE_MM = 800.0
INPUTS = {"468 3-D": ("mediapipe478", 3), "66 2-D": ("ibug66", 2), "49 2-D": ("ibug49", 2)}
EARLIER = {
    ("468 3-D", 0.0, "joint"): 0.991,
    ("468 3-D", 0.5, "joint"): 0.957, ("468 3-D", 1.0, "joint"): 0.885,
    ("468 3-D", 0.5, "joint + time"): 0.969, ("468 3-D", 1.0, "joint + time"): 0.923,
    ("66 2-D", 0.5, "joint"): 0.801, ("66 2-D", 1.0, "joint"): 0.589, ("66 2-D", 1.0, "joint + time"): 0.661,
    ("49 2-D", 0.5, "joint"): 0.716, ("49 2-D", 1.0, "joint"): 0.541, ("49 2-D", 1.0, "joint + time"): 0.592,
}  # fmt: skip
"""Mean correlation that the project's prototype reached, where it was measured."""

METHODS = ("alternating", "joint", "joint + time", "whole")
"""``whole`` is ``fit_track`` as users call it: identity, distance and time included, nothing known beforehand."""

_SMALLEST_NOISE_MM = 0.05
_DEPTH_TRUST = 1.0 / 9.0
_STILL = 0.02
"""Standard deviation of a true weight below which there is nothing to follow."""

_WIDER = 0.15
"""The simulated weights spread farther than those of ordinary faces."""


@dataclass(frozen=True)
class Simulation:
    """One subject with known truth.

    Attributes
    ----------
    points_px : (T, L, 2|3) float64
    weights : (T, K) float64
        Of ``FITTED_UNITS``.
    neutral_mm : (L, 3) float64
    px_per_mm : float
    """

    points_px: np.ndarray
    weights: np.ndarray
    neutral_mm: np.ndarray
    px_per_mm: float


@dataclass(frozen=True)
class RetargetRow:
    """One cell of the table.

    Attributes
    ----------
    points, method : str
    noise_px : float
    correlation : float
        Mean over units and subjects, of units that move.
    worst_unit : str
    worst_correlation : float
        Of the unit that follows least, averaged over subjects.
    rmse : float
        Root mean square error of the weights.
    error_mm : float
        Root mean square error of the expression, as it moves the landmarks: rigs whose units are weaker have larger
        errors of weights at the same error on the face.
    slope : float
        Mean regression slope of fitted on true weights; 1 is the right amplitude.
    frames_per_s : float
        Frames per second of CPU time on one core.
    subjects, frames : int
        Subjects (each with an identity of its own) and frames of each.
    earlier : float or None
        Correlation of the prototype in this cell.
    """

    points: str
    noise_px: float
    method: str
    correlation: float
    worst_unit: str
    worst_correlation: float
    rmse: float
    error_mm: float
    slope: float
    frames_per_s: float
    subjects: int
    frames: int
    earlier: float | None


def random_weights(rng: np.random.Generator, frames: int, active: float = 5.0) -> np.ndarray:
    """Return smooth sparse weights (T, K): about ``active`` of the units move at any time.

    Only states that a face can be in: a lid is drawn up or closes, lips are closed over a dropped jaw.
    """
    time_axis = np.arange(frames)
    weights = np.zeros((frames, len(FITTED_UNITS)))
    for unit in range(len(FITTED_UNITS)):
        for _ in range(max(1, round(frames * active / len(FITTED_UNITS) / 22))):
            centre, half, height = rng.uniform(0, frames), rng.uniform(15, 45), rng.uniform(0.2, 1.0)
            phase = np.clip(np.abs(time_axis - centre) / half, 0, 1)
            weights[:, unit] = np.maximum(weights[:, unit], height * np.cos(phase * np.pi / 2) ** 2)
    share = 0.5 + 0.5 * np.sin(time_axis / 9.0)
    weights[:, FITTED_INDEX["mouthClose"]] = share * weights[:, FITTED_INDEX["jawOpen"]]
    for side in ("Left", "Right"):
        blink, wide = FITTED_INDEX["eyeBlink" + side], FITTED_INDEX["eyeWide" + side]
        closing = weights[:, blink] >= weights[:, wide]
        weights[closing, wide] = weights[~closing, blink] = 0.0
    return weights


def simulate(model: FaceModel, frames: int, noise_px: float, seed: int, subject: int) -> Simulation:
    """Return a subject with an identity of its own whose head turns while the face moves.

    Expressions, poses and errors are the same for every rig, however many modes and points it has.
    """
    shape, moves, turns, errors = (
        rng_for(seed, "retarget", subject, kind) for kind in ("identity", "expression", "pose", "noise")
    )
    spread = np.where(np.arange(model.identity.shape[-1]) < model.modes, 1.0, 0.5)
    neutral = model.neutral + model.identity @ (shape.normal(size=len(spread)) * spread)
    weights = random_weights(moves, frames)
    heads = neutral + np.tensordot(weights, model.units, ([1], [2]))
    correction = model.correction(weights)
    heads = heads if correction is None else heads + correction
    turn, phase = np.arange(frames) / frames * 2 * np.pi, turns.uniform(0, 6, 3)
    angles = np.stack([0.2 * np.sin(2 * turn + phase[0]), 0.4 * np.sin(1.3 * turn + phase[1])], 1)
    angles = np.column_stack([angles, 0.15 * np.sin(3 * turn + phase[2])])
    outer = neutral[model.corner_rows[:, 0]]
    scale = EYE_CORNERS_PX / float(np.linalg.norm(outer[0] - outer[1]))
    place = np.stack([320 + 30 * np.sin(turn), 180 + 20 * np.cos(turn)], 1)
    size = np.full(frames, scale) * (1 + 0.05 * np.sin(turn))
    points = HeadPose(rotation_of(angles), size, place, np.zeros(frames), DISTANCE_MM).project(heads)
    points = points + noise_px * errors.normal(size=points.shape) * np.array([1.0, 1.0, 3.0])
    return Simulation(points, weights, neutral, scale)


def retarget_table(
    rig: Rig | None = None, frames: int = 400, subjects: int = 4, seed: int = 0, methods: tuple[str, ...] = METHODS
) -> list[RetargetRow]:
    """Measure every input, noise level and method.

    Parameters
    ----------
    rig : Rig or None
        None is the default rig.
    frames, subjects, seed : int
    methods : tuple of str
        Out of ``METHODS``.

    Returns
    -------
    list of RetargetRow
    """
    rig = rig or load_rig("hm08")
    rows = []
    for name, (scheme, axes) in INPUTS.items():
        model = face_model(rig, scheme)
        for noise_px in (0.0, 0.5, 1.0):
            cases = [simulate(model, frames, noise_px, seed, subject) for subject in range(subjects)]
            for method in methods:
                rows.append(_row(name, noise_px, method, cases, model, rig, axes))
    return rows


def _row(
    name: str, noise_px: float, method: str, cases: list[Simulation], model: FaceModel, rig: Rig, axes: int
) -> RetargetRow:
    correlations, errors, moved, slopes, seconds = [], [], [], [], 0.0
    for case in cases:
        points = case.points_px[..., :axes]
        settings = _settings(noise_px / case.px_per_mm, model)
        begin = time.process_time()
        if method == "whole":
            fitted = _whole(points, rig, model, settings)
        else:
            fitted = _known(points, case, model, method, settings)
        seconds += time.process_time() - begin
        correlations.append([_correlation(fitted[:, k], case.weights[:, k]) for k in range(fitted.shape[1])])
        errors.append(np.mean((fitted - case.weights) ** 2))
        apart = (fitted - case.weights) @ model.units.reshape(-1, fitted.shape[1]).T
        moved.append(np.mean((apart.reshape(len(apart), -1, 3) ** 2).sum(-1) @ model.trust / model.trust.sum()))
        slopes.append([_slope(case.weights[:, k], fitted[:, k]) for k in range(fitted.shape[1])])
    by_unit = np.nanmean(correlations, axis=0)
    worst = int(np.nanargmin(by_unit))
    frames = len(cases[0].weights)
    return RetargetRow(
        points=name,
        noise_px=noise_px,
        method=method,
        correlation=float(np.nanmean(by_unit)),
        worst_unit=FITTED_UNITS[worst],
        worst_correlation=float(by_unit[worst]),
        rmse=float(np.sqrt(np.mean(errors))),
        error_mm=float(np.sqrt(np.mean(moved))),
        slope=float(np.nanmean(slopes)),
        frames_per_s=len(cases) * frames / max(seconds, 1e-9),
        subjects=len(cases),
        frames=frames,
        earlier=EARLIER.get((name, noise_px, method)),
    )


def _settings(noise_mm: float, model: FaceModel) -> FitSettings:
    """Return settings for noise that is independent between landmarks, as it is here."""
    return FitSettings(
        noise_mm=max(noise_mm, _SMALLEST_NOISE_MM),
        independent_points=len(model.trust),
        depth_trust=_DEPTH_TRUST,
        sparsity=3.0,
        symmetry=0.0,
    )


def _known(points: np.ndarray, case: Simulation, model: FaceModel, method: str, settings: FitSettings) -> np.ndarray:
    """Fit with the resting face and the distance known."""
    noise, count = settings.noise_mm**2, len(points)
    prior = expression_prior(None, count, model.present, np.zeros(count, bool), settings, noise)
    prior = Prior(prior.mean, prior.precision * _WIDER, prior.pull)
    if method == "alternating":
        return _alternating(points, case.neutral_mm, model, prior, settings.depth_trust)
    arguments = (points, case.neutral_mm, model)
    camera = (settings.depth_trust, DISTANCE_MM)
    fit = fit_frames(*arguments, prior, *camera)
    if method == "joint + time":
        gaps = np.ones(count - 1)
        shake = jitter_mm(points, fit.pose, fit.weights, gaps, case.neutral_mm, model)
        tied = steadied(prior, fit.weights, gaps, settings, noise, shake)
        fit = fit_frames(*arguments, tied, *camera, start=fit, rounds=2)
    return fit.weights


def _alternating(
    points: np.ndarray, neutral_mm: np.ndarray, model: FaceModel, prior: Prior, depth_trust: float, rounds: int = 5
) -> np.ndarray:
    """Fit pose and weights in turn, each with the other held: the baseline that the joint fit is compared with."""
    blocks = NormalBlocks(model.units, model.trust)
    weights = np.zeros_like(prior.mean)
    columns = np.arange(weights.shape[1])
    for _ in range(rounds):
        heads = neutral_mm + np.tensordot(weights, model.units, ([1], [2]))
        pose = rigid_pose(points, heads, model.rigid, DISTANCE_MM)
        residual, metric = head_residual(points, pose, heads, depth_trust)
        gram = blocks.gram(metric)
        linear = blocks.project(residual @ metric) + np.einsum("tkl,tl->tk", gram, weights)
        gram[:, columns, columns] += prior.precision + 1e-6
        weights = solve_in_box(gram, linear - prior.pull, weights)
    return weights


def _whole(points: np.ndarray, rig: Rig, model: FaceModel, settings: FitSettings) -> np.ndarray:
    count = len(points)
    ones = np.ones(count, np.float32)
    track = FrameTrack(
        "subject", "simulated", np.arange(count), model.scheme, points.astype(np.float32), (640, 360), None, ones,
        ones.astype(np.int16), np.full(count, Status.OK, np.uint8),
    )  # fmt: skip
    return fit_track(track, rig, settings=settings).weights[:, FITTED_COLUMNS].astype(float)


def _correlation(fitted: np.ndarray, true: np.ndarray) -> float:
    """Return Pearson's r; 0 for a fit that does not move, NaN for a truth that does not."""
    if true.std() < _STILL:
        return np.nan
    return 0.0 if fitted.std() < 1e-6 else float(np.corrcoef(fitted, true)[0, 1])


def _slope(true: np.ndarray, fitted: np.ndarray) -> float:
    centred = true - true.mean()
    return float(centred @ (fitted - fitted.mean()) / (centred @ centred)) if true.std() >= _STILL else np.nan
