"""Eyeballs of any source are replaced by spheres with a cornea, so that gaze and iris work on every rig."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.errors import InputError
from synth.build.eyeballs import unit_eyeball

RADIUS_RANGE_MM = (8.0, 22.0)
DISTANCE_RANGE_MM = (40.0, 90.0)

RADIUS_SHARE = 0.97
"""Share of the fitted radius that is drawn, so that the ball stays behind the lids of every identity."""


@dataclass(frozen=True)
class Sphere:
    """A fitted eyeball.

    Attributes
    ----------
    centre : (3,) float64
    radius : float
    residual : float
        Root mean square distance of the source's vertices from it, as a fraction of the radius.
    """

    centre: np.ndarray
    radius: float
    residual: float


def fit_sphere(points: np.ndarray) -> Sphere:
    """Fit a sphere to points (n, 3) by linear least squares (|p|^2 = 2 p.c + k), robust to an inner shell.

    Points well inside the first fit (iris, lens) are set aside and the rest is fitted again.
    """
    sphere = _algebraic(points)
    for _ in range(3):
        distance = np.linalg.norm(points - sphere.centre, axis=1) / sphere.radius
        kept = points[distance > 0.93]
        if len(kept) < max(8, len(points) // 4):
            break
        sphere = _algebraic(kept)
    return sphere


def _algebraic(points: np.ndarray) -> Sphere:
    middle = points.mean(0)
    local = points - middle
    system = np.column_stack([2 * local, np.ones(len(local))])
    solution = np.linalg.lstsq(system, (local**2).sum(1), rcond=None)[0]
    radius = float(np.sqrt(max(solution[3] + solution[:3] @ solution[:3], 1e-12)))
    distance = np.linalg.norm(local - solution[:3], axis=1)
    return Sphere(middle + solution[:3], radius, float(np.sqrt(((distance / radius - 1) ** 2).mean())))


@dataclass(frozen=True)
class Eyeballs:
    """Two rebuilt eyeballs, left then right.

    Attributes
    ----------
    vertices_mm : (2, E, 3) float64
    faces : (F, 4) int32
        Indices into one eyeball.
    uv : (E, 2) float64
    identity_mm : (P, 2, E, 3) float32
    """

    vertices_mm: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    identity_mm: np.ndarray


def rebuild_eyes(
    points_mm: tuple[np.ndarray, np.ndarray], modes_mm: tuple[np.ndarray, np.ndarray], where: str
) -> Eyeballs:
    """Return eyeballs that look along +z, in place of the source's.

    Parameters
    ----------
    points_mm : two of (n, 3) float
        Vertices of the left and of the right eye of the source, in the frame of the rig.
    modes_mm : two of (P, n, 3) float
        Their displacements by the identity modes; only shift and growth of an eye are kept, so that it stays round.
    where : str

    Raises
    ------
    InputError
        If they are not the size of human eyes.
    """
    directions, radii, quads, uv = unit_eyeball()
    vertices, modes = [], []
    for points, displacements in zip(points_mm, modes_mm, strict=True):
        sphere = fit_sphere(points)
        if not RADIUS_RANGE_MM[0] <= sphere.radius <= RADIUS_RANGE_MM[1]:
            raise InputError.one(
                f"an eye has a radius of {sphere.radius:.1f} mm, not {RADIUS_RANGE_MM[0]:g} to {RADIUS_RANGE_MM[1]:g}",
                where, "check --unit, or name the eyeballs in the [parts] table of the map file",
            )  # fmt: skip
        body = directions * (radii * sphere.radius * RADIUS_SHARE)[:, None]
        offset = points - points.mean(0)
        growth = (displacements * offset).sum((1, 2)) / (offset**2).sum()
        shift = displacements.mean(1) + growth[:, None] * (sphere.centre - points.mean(0))
        vertices.append(sphere.centre + body)
        modes.append(shift[:, None] + growth[:, None, None] * body)
    distance = float(np.linalg.norm(vertices[0].mean(0) - vertices[1].mean(0)))
    if not DISTANCE_RANGE_MM[0] <= distance <= DISTANCE_RANGE_MM[1]:
        raise InputError.one(
            f"the eyes stand {distance:.1f} mm apart, not {DISTANCE_RANGE_MM[0]:g} to {DISTANCE_RANGE_MM[1]:g}", where,
            "pass --unit m, cm, mm, dm or inch",
        )  # fmt: skip
    return Eyeballs(np.stack(vertices), quads.astype(np.int32), uv, np.stack(modes, 1).astype(np.float32))
