"""Attribute axes (gender, age, ancestry) for a head that comes without: learned within its own identity modes,
or carried over from the reference rig where there are none.

Learned: the reference rig says how landmarks move along an axis (for gender half the difference between the mean
male and the mean female); the identity coefficients that best bring about this movement, as a maximum a posteriori
estimate under their standard normal prior, are the axis. So the axis stays within faces that the model was made from,
and only its direction is borrowed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from assets.errors import InputError
from assets.rig import Axis, Rig
from synth.importers.overlay import LANDMARK_COUNT, Overlay

PRIOR_MM2 = 15.0
"""Variance of the landmark misfit in the estimate: 478 neighbouring points count as some dozens of independent ones."""

ENOUGH = 0.6
"""Share of the landmark movement that an axis must explain to be kept."""

NEIGHBOURS = 12
KEPT_VARIANCE = 0.9995


@dataclass(frozen=True)
class AxisReport:
    """How an axis came about.

    Attributes
    ----------
    name : str
    how : str
        ``learned`` within the identity modes or ``carried over`` by position.
    explained : float
        Share of the reference's landmark movement (squared, summed) that the axis reproduces.
    coefficients : (P,) float64
        The axis in the identity modes before they were cleared of it; empty if carried over.
    """

    name: str
    how: str
    explained: float
    coefficients: np.ndarray

    def __str__(self) -> str:
        length = f", {np.linalg.norm(self.coefficients):.1f} standard deviations long" if len(self.coefficients) else ""
        return f"{self.name} axis {self.how}: {100 * self.explained:.0f} % of the reference's landmark movement{length}"


def add_axes(rig: Rig, reference: Rig, overlay: Overlay) -> tuple[Rig, list[AxisReport]]:
    """Give a rig those axes of the reference that it lacks.

    Parameters
    ----------
    rig, reference : Rig
        Both with a landmark table of the same scheme.
    overlay : Overlay
        From the reference to the rig.

    Returns
    -------
    Rig
        With the axes. Identity modes, if any, are rotated so that none moves along a learned axis: identity
        coefficients stay independent standard normals, and avatars of one gender differ in everything else.
    list of AxisReport

    Raises
    ------
    InputError
        If a landmark table is missing.
    """
    for one in (rig, reference):
        if one.landmarks is None:
            raise InputError.one("no landmark table, so no axis can be learned", one.name, "import the model again")
    missing = [axis for name, axis in reference.axes.items() if name not in rig.axes]
    axes, reports = dict(rig.axes), []
    for axis in missing:
        made = _learned(rig, reference, axis) if len(rig.identity_mm) else _carried_over(rig, reference, overlay, axis)
        if made is None:
            continue
        delta, report = made
        if report.explained >= ENOUGH:
            axes[axis.name] = Axis(axis.name, delta.astype(np.float32), axis.low, axis.high)
            reports.append(report)
    directions = [report.coefficients for report in reports if len(report.coefficients)]
    identity = without_directions(rig.identity_mm, np.stack(directions)) if directions else rig.identity_mm
    return replace(rig, axes=axes, identity_mm=identity), reports


def between_eyes(rig: Rig, delta_mm: np.ndarray) -> np.ndarray:
    """Return displacements (..., V, 3) less the shift of the point between the eyes."""
    return delta_mm - delta_mm[..., rig.eye_vertices, :].mean((-3, -2))[..., None, :]


def landmark_shift(rig: Rig, delta_mm: np.ndarray) -> np.ndarray:
    """Return the landmark displacements (..., 468, 3) of displacements (..., V, 3), seen from between the eyes."""
    table = rig.landmarks
    if table is None:
        raise InputError.one("no landmark table", rig.name, "import the model again")
    return table.points(between_eyes(rig, np.asarray(delta_mm, np.float64)))[..., :LANDMARK_COUNT, :]


def explained_share(wanted: np.ndarray, got: np.ndarray) -> float:
    """Return 1 - |wanted - got|^2 / |wanted|^2."""
    return float(1 - ((wanted - got) ** 2).sum() / max((wanted**2).sum(), 1e-12))


def _learned(rig: Rig, reference: Rig, axis: Axis) -> tuple[np.ndarray, AxisReport]:
    wanted = landmark_shift(reference, axis.delta_mm)
    modes = np.stack([landmark_shift(rig, mode) for mode in rig.identity_mm])
    system = modes.reshape(len(modes), -1)
    normal = system @ system.T + PRIOR_MM2 * np.eye(len(modes))
    coefficients = np.linalg.solve(normal, system @ wanted.ravel())
    got = np.tensordot(coefficients, modes, 1)
    delta = np.tensordot(coefficients, rig.identity_mm.astype(np.float64), 1)
    return delta, AxisReport(axis.name, "learned", explained_share(wanted, got), coefficients)


def _carried_over(rig: Rig, reference: Rig, overlay: Overlay, axis: Axis) -> tuple[np.ndarray, AxisReport]:
    """Lay the reference over the rig and read its displacement at the nearest vertices."""
    drawn = np.unique(np.concatenate([part.faces.ravel() for part in reference.parts if not part.optional]))
    shift = between_eyes(reference, axis.delta_mm.astype(np.float64))[drawn]
    distance, near = cKDTree(overlay(reference.vertices_mm[drawn])).query(rig.vertices_mm, k=NEIGHBOURS)
    share = 1 / (distance + 2.0) ** 2
    share /= share.sum(1, keepdims=True)
    delta = (shift[near] * share[..., None]).sum(1)
    for eye in rig.eye_vertices:
        offset = rig.vertices_mm[eye] - rig.vertices_mm[eye].mean(0)
        growth = (delta[eye] * offset).sum() / (offset**2).sum()
        delta[eye] = delta[eye].mean(0) + growth * offset
    wanted = landmark_shift(reference, axis.delta_mm)
    report = AxisReport(axis.name, "carried over", explained_share(wanted, landmark_shift(rig, delta)), np.zeros(0))
    return delta, report


def without_directions(identity_mm: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Return identity modes that span what is left when some directions of coefficient space are fixed at 0.

    Parameters
    ----------
    identity_mm : (P, V, 3) float
        For standard normal coefficients.
    directions : (D, P) float

    Returns
    -------
    (P - D, V, 3) float32 or fewer
        Also for standard normal coefficients: an orthonormal basis of the complement, turned so that the modes are
        uncorrelated over the vertices and sorted by size; the weakest, below 1 - ``KEPT_VARIANCE`` of the squared
        movement, are dropped.
    """
    basis = np.linalg.qr(directions.T)[0]
    complement = np.linalg.svd(np.eye(len(identity_mm)) - basis @ basis.T)[0][:, : len(identity_mm) - basis.shape[1]]
    flat = complement.T @ identity_mm.reshape(len(identity_mm), -1).astype(np.float64)
    values, vectors = np.linalg.eigh(flat @ flat.T)
    order = np.argsort(values)[::-1]
    share = np.cumsum(values[order]) / values.sum()
    kept = order[: int(np.searchsorted(share, KEPT_VARIANCE)) + 1]
    return (vectors[:, kept].T @ flat).reshape(len(kept), *identity_mm.shape[1:]).astype(np.float32)
