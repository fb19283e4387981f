"""Pose and expression of every frame for a given resting face: the joint, bounded, regularised fit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from synth.appearance.evidence import Evidence
from synth.fit.box_solver import solve_in_box
from synth.fit.face_model import OTHER_SIDE, FaceModel
from synth.fit.head_pose import HeadPose, pose_columns, rigid_pose
from synth.fit.lip_gap import gap_columns, gap_residual, gap_trust
from synth.fit.two_sides import believed_difference

_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
LEAST_PRECISION = 1e-6
"""Ridge that keeps unobserved weights at their prior mean."""


@dataclass(frozen=True)
class Prior:
    """What is believed of the weights before looking at the landmarks.

    Attributes
    ----------
    mean : (T, K) float64
    precision : (T, K) float64
        Inverse variance, in units of the landmark noise: multiply by the variance of one landmark.
    pull : (K,) or (T, K) float64
        Linear cost of every weight (sparsity), in the same units.
    coupling : (T - 1, K) float64 or None
        Ties between consecutive frames.
    bounds : ((T, K) float64, (T, K) float64) or None
        Lower and upper bounds; None is [0, 1].
    balance : (K,) float64 or None
        Precision with which each weight differs from that of the other side as the means clearly do.
    pixels : Evidence or None
        What the pixels say.
    """

    mean: np.ndarray
    precision: np.ndarray
    pull: np.ndarray
    coupling: np.ndarray | None = None
    bounds: tuple[np.ndarray, np.ndarray] | None = None
    balance: np.ndarray | None = None
    pixels: Evidence | None = None

    def rows(self, which: np.ndarray | slice) -> Prior:
        """Return the prior of some frames; ties are kept for a slice only."""
        tie = None
        if self.coupling is not None and isinstance(which, slice):
            tie = self.coupling[which.start or 0 : (which.stop or len(self.mean)) - 1]
        bounds = None if self.bounds is None else (self.bounds[0][which], self.bounds[1][which])
        seen = None if self.pixels is None else self.pixels.rows(which)
        pull = self.pull if self.pull.ndim == 1 else self.pull[which]
        return Prior(self.mean[which], self.precision[which], pull, tie, bounds, self.balance, seen)


@dataclass(frozen=True)
class FrameFit:
    """Result of ``fit_frames``.

    Attributes
    ----------
    weights : (T, K) float64
    pose : HeadPose
    gram : (T, K, K) float64
        Curvature of the landmark term after the pose is eliminated.
    linear : (T, K) float64
        Its linear term.
    """

    weights: np.ndarray
    pose: HeadPose
    gram: np.ndarray
    linear: np.ndarray


class NormalBlocks:
    """Products of the columns that every frame's normal equations are made of.

    With R the rotation and D the trust in x, y and depth, a frame's Gram matrix is a sum over the six entries
    of the symmetric M = R' D R of a block that depends on the face alone.

    Parameters
    ----------
    columns : (L, 3, M) float
        Motion of the landmarks with each unknown, in head axes.
    trust : (L,) float
    """

    def __init__(self, columns: np.ndarray, trust: np.ndarray) -> None:
        self.columns = columns
        self._weighted = np.ascontiguousarray(columns * trust[:, None, None])
        blocks = []
        for i, j in _PAIRS:
            block = self._weighted[:, i].T @ columns[:, j]
            blocks.append(block if i == j else block + block.T)
        self.size = columns.shape[-1]
        self._blocks = np.stack(blocks).reshape(len(_PAIRS), -1)
        self._flat = self._weighted.reshape(-1, self.size)

    def gram(self, metric: np.ndarray) -> np.ndarray:
        """Return (T, M, M) for metrics (T, 3, 3)."""
        entries = np.stack([metric[:, i, j] for i, j in _PAIRS], 1)
        return (entries @ self._blocks).reshape(-1, self.size, self.size)

    def project(self, residual: np.ndarray) -> np.ndarray:
        """Return (T, M) inner products of metric-weighted residuals (T, L, 3) with the columns."""
        return residual.reshape(len(residual), -1) @ self._flat


def head_residual(
    points_px: np.ndarray, pose: HeadPose, heads_mm: np.ndarray, depth_trust: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return observed minus modelled landmarks (T, L, 3) in head axes and the metric (T, 3, 3) that weighs them."""
    trust = np.array([1.0, 1.0, depth_trust if points_px.shape[-1] == 3 else 0.0])
    seen = heads_mm @ pose.rotation.transpose(0, 2, 1)
    gap = pose.unproject(points_px, seen[..., 2]) - seen
    metric = np.einsum("tai,a,taj->tij", pose.rotation, trust, pose.rotation)
    return gap @ pose.rotation, metric


def fit_frames(
    points_px: np.ndarray,
    neutral_mm: np.ndarray,
    model: FaceModel,
    prior: Prior,
    depth_trust: float,
    distance_mm: float,
    lids_mm: np.ndarray | None = None,
    start: FrameFit | None = None,
    rounds: int = 4,
) -> FrameFit:
    """Fit pose and weights of every frame jointly.

    Gauss-Newton over seven pose parameters and K weights; the pose is eliminated from the normal equations,
    the bounded rest goes to ``solve_in_box``. Perspective and correctives are relinearised in every round.

    Parameters
    ----------
    points_px : (T, L, 2|3) float
        No NaN.
    neutral_mm : (L, 3) float
        The subject's resting landmarks.
    model : FaceModel
    prior : Prior
    depth_trust, distance_mm : float
    lids_mm : (T, L, 3) float or None
        What the gaze adds to the lids.
    start : FrameFit or None
        Where to begin, whatever distance it was fitted at; None begins with a rigid pose and zero weights.
    rounds : int
    """
    count, size = prior.mean.shape
    jacobian, centre = pose_columns(neutral_mm)
    columns = gap_columns(np.concatenate([model.units, jacobian, model.corrections], -1), model)
    blocks = NormalBlocks(columns, gap_trust(model))
    if start is None:
        pose, weights = rigid_pose(points_px, neutral_mm, model.rigid, distance_mm), np.zeros((count, size))
    else:
        pose, weights = replace(start.pose, distance_mm=distance_mm), start.weights
    units = model.units.reshape(-1, size).T
    gram = linear = np.empty(0)
    for step in range(rounds):
        heads = neutral_mm + (weights @ units).reshape(count, -1, 3)
        correction = model.correction(weights)
        for extra in (correction, lids_mm):
            if extra is not None:
                heads = heads + extra
        residual, metric = head_residual(points_px, pose, heads, depth_trust)
        residual = gap_residual(residual, heads, weights, neutral_mm, model)
        full, right = _bent(blocks.gram(metric), blocks.project(residual @ metric), model.slopes(weights))
        poses, cross = full[:, size:, size:] + _pose_ridge(full), full[:, size:, :size]
        solved = np.linalg.solve(poses, np.concatenate([cross, right[:, size:, None]], -1))
        gram = full[:, :size, :size] - cross.transpose(0, 2, 1) @ solved[..., :size]
        move = right[:, :size] - np.einsum("tpk,tp->tk", cross, solved[..., size])
        linear = move + np.einsum("tkl,tl->tk", gram, weights)
        last = step == rounds - 1
        before, weights = weights, _solve(gram, linear, prior, weights, prior.coupling if last else None)
        increment = solved[..., size] - np.einsum("tpk,tk->tp", solved[..., :size], weights - before)
        pose = pose.moved(increment, centre)
    return FrameFit(weights, pose, gram, linear)


def _bent(full: np.ndarray, right: np.ndarray, slopes: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return normal equations whose unit columns include what the correctives add at the current weights.

    Parameters
    ----------
    full : (T, M + C, M + C) float
        Gram matrix of units, pose and the C correctives.
    right : (T, M + C) float
    slopes : (T, C, K) float or None
        Derivative of each corrective's weight with respect to each unit.
    """
    if slopes is None:
        return full, right
    size, units = full.shape[1] - slopes.shape[1], slopes.shape[2]
    gram, linear = full[:, :size, :size].copy(), right[:, :size].copy()
    turned = slopes.transpose(0, 2, 1)
    cross = turned @ full[:, size:, :size]
    gram[:, :units] += cross
    gram[:, :, :units] += cross.transpose(0, 2, 1)
    gram[:, :units, :units] += turned @ full[:, size:, size:] @ slopes
    linear[:, :units] += np.einsum("tkc,tc->tk", turned, right[:, size:])
    return gram, linear


def _pose_ridge(full: np.ndarray) -> np.ndarray:
    size = full.shape[1]
    scale = np.einsum("tii->ti", full)[:, size - 7 :].max(0)
    return np.diag(1e-7 * scale + 1e-6)


def _solve(
    gram: np.ndarray, linear: np.ndarray, prior: Prior, start: np.ndarray, coupling: np.ndarray | None
) -> np.ndarray:
    system = gram.copy()
    columns = np.arange(gram.shape[1])
    system[:, columns, columns] += prior.precision + LEAST_PRECISION
    right = linear + prior.precision * prior.mean - prior.pull
    if prior.balance is not None:
        system[:, columns, columns] += prior.balance
        system[:, columns, OTHER_SIDE] -= prior.balance
        right += prior.balance * believed_difference(prior.mean)
    if prior.pixels is not None:
        system += prior.pixels.trust[:, None, None] * prior.pixels.gram
        right += prior.pixels.linear
    return solve_in_box(system, right, start, coupling, prior.bounds)
