"""Unit and axes of a head that does not state them, read off its shapes and its size."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from assets.errors import InputError
from synth.importers.shape_names import split_side, units_of

UNITS_MM = {"mm": 1.0, "cm": 10.0, "inch": 25.4, "dm": 100.0, "m": 1000.0}
EYE_DISTANCE_MM = 63.0
HEAD_REACH_MM = 300.0
"""Largest extent of a usual head or bust; sets the power of ten when there are no eyes to measure."""

_LIFT = {
    "jawOpen": -1.0, "browInnerUp": 1.0, "browOuterUp": 1.0, "browDown": -1.0, "mouthSmile": 0.5,
    "mouthFrown": -0.5, "eyeBlink": -1.0, "mouthLowerDown": -0.5, "mouthUpperUp": 0.5,
}  # fmt: skip
"""Which way the mean movement of a shape points: up or down, and how far that can be trusted."""

CLEAR = 0.8
AXIS_NAMES = ("x", "y", "z")


@dataclass(frozen=True)
class Frame:
    """How a source becomes millimetres with y up and the face along +z.

    Attributes
    ----------
    rotation : (3, 3) float
        Source axes to rig axes.
    swapped : bool
        Whether shapes called left lie on the subject's right side.
    unit_mm : float
    how : str
        Where the axes and the unit come from, for the report.
    """

    rotation: np.ndarray
    swapped: bool
    unit_mm: float
    how: str

    def points(self, vertices: np.ndarray) -> np.ndarray:
        """Return positions or displacements (..., 3) in rig axes and millimetres."""
        return vertices @ (self.rotation.T * self.unit_mm)


def axis_vector(text: str, where: str) -> np.ndarray:
    """Return the unit vector (3,) of an axis name such as ``z`` or ``-y``."""
    name = text.strip().lower().lstrip("+-")
    if name not in AXIS_NAMES:
        raise InputError.one(f"{text!r} is not an axis", where, "use one of x, y, z, -x, -y, -z")
    return np.eye(3)[AXIS_NAMES.index(name)] * (-1 if text.strip().startswith("-") else 1)


def rotation_from(up: np.ndarray, front: np.ndarray, where: str) -> np.ndarray:
    """Return the rotation (3, 3) that takes ``up`` to +y and ``front`` to +z."""
    if abs(up @ front) > 1e-6:
        raise InputError.one(
            "the up and front axes are the same line", where, "pass two different axes to --up and --front"
        )
    return np.stack([np.cross(up, front), up, front])


def find_rotation(
    vertices: np.ndarray, shapes: dict[str, np.ndarray], where: str, up: str | None = None, front: str | None = None
) -> tuple[np.ndarray, bool, str]:
    """Return the rotation (3, 3) from source to rig axes, whether left and right are exchanged, and how it was found.

    The jaw falls and the brows rise along the vertical; shapes of the left side lie to the left of those of the
    right side; the face is on the side where the shapes move the most.

    Parameters
    ----------
    vertices : (V, 3) float
    shapes : dict of str to (V, 3) float
    where : str
    up, front : str, optional
        Axes given by the user; both or none. Only with them, left and right can be told to be exchanged: a head that
        is turned around looks the same.

    Raises
    ------
    InputError
        If the shapes contradict each other, so that the user must say.
    """
    if up or front:
        if not (up and front):
            raise InputError.one("one of the two axes is missing", where, "pass both --up and --front")
        given = rotation_from(axis_vector(up, "--up"), axis_vector(front, "--front"), where)
        aside = given @ _evidence(vertices, shapes)[1]
        return given, bool(aside[0] < -CLEAR * np.linalg.norm(aside) < 0), "given"
    lift, sides, active = _evidence(vertices, shapes)
    forward = active - (vertices.max(0) + vertices.min(0)) / 2
    if not np.linalg.norm(lift):
        return np.eye(3), False, "assumed y up and z to the front: no shape tells"
    row, cue = (0, sides) if np.linalg.norm(sides) else (2, forward)

    def agreement(rotation: np.ndarray) -> tuple[float, float]:
        level = max(float(np.linalg.norm(cue[_across(rotation)])), 1e-12)
        return (rotation @ lift)[1] / np.linalg.norm(lift), (rotation @ cue)[row] / level

    best = max(_rotations(where), key=lambda rotation: sum(agreement(rotation)))
    if min(agreement(best)) < CLEAR:
        raise InputError.one(
            "cannot tell which way is up and front", where, "pass --up and --front, for example --up z --front=-y"
        )
    if (best @ forward)[2] < 0:
        raise InputError.one(
            "shapes called left lie on the subject's right side",
            where,
            "pass --up and --front, for example --up y --front z: then left and right are exchanged",
        )
    return best, False, "found from the shapes"


def _rotations(where: str) -> list[np.ndarray]:
    found = []
    for y, z in itertools.permutations(range(3), 2):
        for sign_y, sign_z in itertools.product((1, -1), repeat=2):
            found.append(rotation_from(np.eye(3)[y] * sign_y, np.eye(3)[z] * sign_z, where))
    return found


def _across(rotation: np.ndarray) -> np.ndarray:
    """Return the mask (3,) of source axes that lie in the horizontal plane of the rig."""
    return rotation[1] == 0


def _evidence(vertices: np.ndarray, shapes: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the vectors along which shapes lift, from right to left shapes, and the middle of all movement."""
    lift, sides = np.zeros(3), np.zeros(3)
    total, weight = np.zeros(3), 0.0
    for name, delta in shapes.items():
        units = units_of(name)
        size = np.linalg.norm(delta, axis=1)
        if not units or size.max(initial=0) <= 0:
            continue
        centroid = (vertices * size[:, None]).sum(0) / size.sum()
        total, weight = total + centroid, weight + 1
        lift += _LIFT.get(split_side(units[0])[0], 0.0) * delta.sum(0) / size.sum()
        side = split_side(name)[1]
        if len(units) == 1 and side and split_side(units[0])[0] not in ("mouth", "jaw"):
            sides += centroid * (1 if side == "Left" else -1) / max(np.ptp(vertices, axis=0).max(), 1e-12)
    return lift, _balanced(sides, shapes), total / max(weight, 1)


def _balanced(sides: np.ndarray, shapes: dict[str, np.ndarray]) -> np.ndarray:
    """Return the sum of sides where every left shape has its right one, else zero."""
    stems: dict[str, int] = {}
    for name in shapes:
        stem, side = split_side(name)
        if side and units_of(name):
            stems[stem] = stems.get(stem, 0) + (1 if side == "Left" else -1)
    return sides if stems and not any(stems.values()) else np.zeros(3)


def find_unit(
    reach: float, eye_distance: float | None, where: str, given: str | None, fixed: float | None
) -> tuple[float, str]:
    """Return the length of the source's unit in millimetres and how it was found.

    Parameters
    ----------
    reach : float
        Largest extent of the head in source units.
    eye_distance : float or None
        Distance of the eyeball centres in source units, where eyes are known.
    where : str
    given : str or None
        A key of ``UNITS_MM`` from the user.
    fixed : float or None
        What the format says; used when it gives a head of human size.
    """
    if given is not None:
        if given not in UNITS_MM:
            raise InputError.one(f"unknown unit {given!r}", "--unit", "use one of: " + ", ".join(UNITS_MM))
        return UNITS_MM[given], "given"
    measure, target = (eye_distance, EYE_DISTANCE_MM) if eye_distance else (reach, HEAD_REACH_MM)
    if not measure or not np.isfinite(measure):
        raise InputError.one("all vertices lie in one point", where, "export the mesh again")
    if fixed is not None and 0.6 < fixed * measure / target < 1.7:
        return fixed, "that of the format"
    powers = {name: size for name, size in UNITS_MM.items() if name != "inch"}
    name = min(powers, key=lambda n: abs(np.log(powers[n] * measure / target)))
    if eye_distance and not 0.6 < powers[name] * measure / target < 1.7:
        raise InputError.one(
            f"the eyes would stand {powers[name] * measure:.0f} mm apart in {name}",
            where,
            "scale the head to a metric unit",
        )
    return powers[
        name
    ], f"{name}, from the distance of the eyes" if eye_distance else f"{name}, from the size of the head"
