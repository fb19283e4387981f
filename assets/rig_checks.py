"""Judge a rig: is it whole, symmetric where it must be, and do lids and jaw do what the units promise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from assets.errors import Problem
from assets.rig import MATERIALS, Rig
from assets.rig_lids import closing_gain
from assets.units import GAZE_UNITS, UNIT_INDEX, UNITS, mirror_name

HEAD_MM = (120.0, 900.0)
SHAPE_LIMIT_MM = 120.0
MODE_LIMIT_MM = 60.0
EYE_DISTANCE_MM = (45.0, 80.0)
SIDE_TOLERANCE = 0.15
OWN_SIDE_SHARE = 0.6
ACROSS = ("mouthLeft", "jawLeft")
"""Units named after a direction, not after the side of the face that moves."""

LID_GAP_SHARE = 0.25
LANDMARKS = {"mediapipe478": 478}
"""Landmarks by scheme."""

WEIGHT_TOLERANCE = 2e-3
MEND = "mend the model or its importer, then build the bundle again"


def validate_rig(rig: Rig) -> list[Problem]:
    """Return everything that is wrong with a rig; an empty list means that it can be used.

    Checked are names and materials, index ranges, finite and plausible values, the frame of reference,
    equal strength of left and right units, each on its own side, lids that close at full blink, a jaw that
    carries the lower teeth and leaves the upper ones, gaze units that leave the eyeballs alone, a landmark table that
    is whole, and the licence.
    """
    return [
        Problem(what, f"rig {rig.name}: {where}", MEND)
        for check in (_names, _indices, _values, _frame, _sides, _lids, _jaw, _gaze, _landmarks)
        for where, what in check(rig)
    ]


Fault = tuple[str, str]


def _names(rig: Rig) -> Iterator[Fault]:
    names = [part.name for part in rig.parts]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"part {name}", "the name is used twice"
    if "skin" not in names:
        yield "parts", "no part is called skin"
    for part in rig.parts:
        if part.material not in MATERIALS:
            yield f"part {part.name}", f"unknown material {part.material!r}"
    if not rig.licence.spdx or not rig.licence.source:
        yield "licence", "the licence or its source is empty"
    if not rig.has_shape.any():
        yield "units", "the rig has no expression unit at all"


def _indices(rig: Rig) -> Iterator[Fault]:
    for part in rig.parts:
        for what, faces, limit in (
            ("faces", part.faces, len(rig.vertices_mm)),
            ("uv_faces", part.uv_faces, len(rig.uv)),
        ):
            if len(faces) and (faces.min() < 0 or faces.max() >= limit):
                yield f"part {part.name}", f"{what} reach outside of 0 … {limit - 1}"
        corners = part.faces
        if (corners[:, 0] == corners[:, 1]).any() or (corners[:, 1] == corners[:, 2]).any():
            yield f"part {part.name}", "a face repeats a corner other than its last"


def _values(rig: Rig) -> Iterator[Fault]:
    fields = {"vertices": rig.vertices_mm, "uv": rig.uv, "shapes": rig.shapes_mm, "identity": rig.identity_mm}
    fields |= {f"axis {name}": axis.delta_mm for name, axis in rig.axes.items()}
    fields |= {f"corrective {k}": c.delta_mm for k, c in enumerate(rig.correctives)}
    for where, array in fields.items():
        if not np.isfinite(array).all():
            yield where, "holds values that are not finite"
    for unit, largest in zip(UNITS, np.abs(rig.shapes_mm).max((1, 2)), strict=True):
        if largest > SHAPE_LIMIT_MM:
            yield f"unit {unit}", f"moves a vertex by {largest:.0f} mm"
    for unit, present, shape in zip(UNITS, rig.has_shape, rig.shapes_mm, strict=True):
        if not present and shape.any():
            yield f"unit {unit}", "is said to be absent but moves something"
    if len(rig.identity_mm) and np.abs(rig.identity_mm).max() > MODE_LIMIT_MM:
        yield "identity", f"a mode moves a vertex by {np.abs(rig.identity_mm).max():.0f} mm"


def _frame(rig: Rig) -> Iterator[Fault]:
    extent = np.ptp(rig.vertices_mm, axis=0)
    if not HEAD_MM[0] < extent[1] < HEAD_MM[1]:
        yield "vertices", f"the head is {extent[1]:.0f} mm high; the unit must be millimetres"
    left, right = rig.eye_centres_mm()
    if left[0] <= right[0]:
        yield "eye_vertices", "the left eye must lie at larger x than the right one"
    if not EYE_DISTANCE_MM[0] < np.linalg.norm(left - right) < EYE_DISTANCE_MM[1]:
        yield "eye_vertices", f"the eyes are {np.linalg.norm(left - right):.0f} mm apart"
    if np.abs((left + right) / 2).max() > 1.0:
        yield "vertices", "the origin must lie midway between the eyes"


def _sides(rig: Rig) -> Iterator[Fault]:
    for name in UNITS:
        other = mirror_name(name)
        if not name.endswith("Left") or other not in UNIT_INDEX:
            continue
        left, right = (float(np.linalg.norm(rig.shapes_mm[UNIT_INDEX[n]])) for n in (name, other))
        if abs(left - right) > SIDE_TOLERANCE * max(left, right):
            yield f"units {name}, {other}", f"differ in strength: {left:.0f} and {right:.0f} mm in total"
        for unit, side in ((name, 1.0), (other, -1.0)):
            moved = np.linalg.norm(rig.shapes_mm[UNIT_INDEX[unit]], axis=1)
            own = float(moved[side * rig.vertices_mm[:, 0] > 0].sum())
            if name not in ACROSS and own < OWN_SIDE_SHARE * float(moved.sum()):
                yield f"unit {unit}", f"moves the wrong side of the face: {own / moved.sum():.0%} is on its own"


def _lids(rig: Rig) -> Iterator[Fault]:
    if rig.lid_pairs is None:
        return
    gains = closing_gain(rig)
    for eye, (unit, gain) in enumerate(zip(("eyeBlinkLeft", "eyeBlinkRight"), gains, strict=True)):
        upper, lower = rig.lid_pairs[eye].T
        closed = rig.vertices_mm + gain * rig.shapes_mm[UNIT_INDEX[unit]]
        open_mm = rig.vertices_mm[upper, 1] - rig.vertices_mm[lower, 1]
        left_mm = closed[upper, 1] - closed[lower, 1]
        if (left_mm > LID_GAP_SHARE * np.maximum(open_mm, 1.0)).any():
            yield f"unit {unit}", f"leaves a gap of {left_mm.max():.1f} mm between the lids"


def _jaw(rig: Rig) -> Iterator[Fault]:
    jaw = rig.shapes_mm[UNIT_INDEX["jawOpen"]]
    if not rig.has_shape[UNIT_INDEX["jawOpen"]]:
        return
    for name, moves in (("teeth_lower", True), ("teeth_upper", False)):
        for part in rig.parts:
            if part.name == name:
                drop = -float(jaw[np.unique(part.faces), 1].mean())
                if moves and drop < 4.0:
                    yield f"part {name}", f"must follow the jaw but drops by {drop:.1f} mm only"
                if not moves and abs(drop) > 1.0:
                    yield f"part {name}", f"must stay when the jaw opens but drops by {drop:.1f} mm"


def _gaze(rig: Rig) -> Iterator[Fault]:
    for name in GAZE_UNITS:
        moved = np.abs(rig.shapes_mm[UNIT_INDEX[name]][rig.eye_vertices]).max()
        if moved > 0.05:
            yield f"unit {name}", f"moves the eyeballs by {moved:.1f} mm; they are rotated instead"


def _landmarks(rig: Rig) -> Iterator[Fault]:
    table = rig.landmarks
    if table is None:
        return
    if len(table.vertices) != LANDMARKS.get(table.scheme):
        yield "landmarks", f"{len(table.vertices)} landmarks of the scheme {table.scheme!r}"
    elif np.abs(table.barycentric.sum(1) - 1).max() > WEIGHT_TOLERANCE or table.barycentric.min() < -WEIGHT_TOLERANCE:
        yield "landmarks", "a landmark does not lie in its triangle: its weights must be shares of one"
