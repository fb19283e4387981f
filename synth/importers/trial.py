"""Draw a rig and look: faults that arrays do not show, such as holes, open lids and landmarks beside the face."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from assets.errors import Problem
from assets.landmarks import FACE_OVAL, LEFT_EYE_RING, RIGHT_EYE_RING
from assets.rig import Rig
from assets.units import GAZE_UNITS, UNIT_INDEX, UNITS, mirror_name
from synth.landmarks.finder import Networks, find_faces
from synth.landmarks.portrait import PX_PER_MM, Sitter, View

HOLE_MM2 = 3.0
"""Largest patch of a face through which one may see the background or the inside of the skin."""

RESIDUAL_LIMIT_MM = 4.0
"""Mean distance between landmark table and network in front view above which the table is not one of this face."""

OPEN_SHARE = 0.1
"""Share of an eye that may stay visible when its lids are closed."""

EDGE_PX = 9
"""Twice the width of the margin at the outline of the face that is left out, and one: there the background may show."""

SIDE_VIEWS_RAD = (-0.4, 0.4)
MEND = "mend the model or its importer, then import it again"


@dataclass(frozen=True)
class Trial:
    """What was seen.

    Attributes
    ----------
    problems : tuple of Problem
    pictures : int
        Portraits drawn.
    residual_mm : float
        Mean distance between landmark table and network in front view; NaN without a table.
    """

    problems: tuple[Problem, ...]
    pictures: int
    residual_mm: float


def try_rig(rig: Rig, networks: Networks | None = None) -> Trial:
    """Draw a rig at rest from three sides and with every unit at full strength, and look for faults.

    Parameters
    ----------
    rig : Rig
        With a landmark table; without one nothing but its absence is reported.
    networks : Networks or None
        None opens the built-in ones.
    """
    if rig.landmarks is None:
        missing = Problem("the rig has no landmark table", f"rig {rig.name}", "import the head again")
        return Trial((missing,), 0, float("nan"))
    sitter = Sitter(rig)
    rest = sitter.portrait(rig.vertices_mm)
    views = [
        ("rest", rest),
        *((f"rest, {yaw:+.1f} rad", sitter.portrait(rig.vertices_mm, yaw)) for yaw in SIDE_VIEWS_RAD),
    ]
    problems = [problem for name, view in views for problem in _holes(rig, sitter, name, view)]
    count = len(views)
    for unit in _units(rig):
        view = sitter.portrait(rig.vertices_mm + _both_sides(rig, unit))
        problems += _holes(rig, sitter, unit, view)
        if unit == "eyeBlinkLeft":
            problems += _open_lids(rig, sitter, rest, view)
        count += 1
    residual_mm = _residual_mm(rig, rest, networks)
    if not residual_mm <= RESIDUAL_LIMIT_MM:
        what = f"the landmark table lies {residual_mm:.1f} mm beside what the network sees, on average"
        if np.isnan(residual_mm):
            what = "the landmark network finds no face on the resting head"
        problems.append(Problem(what, f"rig {rig.name}: landmarks", MEND))
    return Trial(tuple(problems), count, residual_mm)


def _units(rig: Rig) -> list[str]:
    """Return the units to be drawn; the right one of a pair is drawn with the left one."""
    present = [unit for unit in UNITS if rig.has_shape[UNIT_INDEX[unit]] and unit not in GAZE_UNITS]
    return [unit for unit in present if not (unit.endswith("Right") and mirror_name(unit) in present)]


def _both_sides(rig: Rig, unit: str) -> np.ndarray:
    """Return the displacement (V, 3) of a unit and its mirror image; a shift to one side is drawn alone."""
    names = {unit} if unit in ("mouthLeft", "jawLeft") else {unit, mirror_name(unit)}
    return rig.shapes_mm[[UNIT_INDEX[name] for name in sorted(names)]].sum(0)


def _holes(rig: Rig, sitter: Sitter, name: str, view: View) -> Iterator[Problem]:
    face = cv2.erode(_region(view, rig, FACE_OVAL).astype(np.uint8), np.ones((EDGE_PX, EDGE_PX), np.uint8)) > 0
    triangle = np.maximum(view.ids, 0)
    inside_out = sitter.on_skin[triangle] & (_turned_away(view, sitter)[triangle])
    patches = cv2.connectedComponentsWithStats((face & ((view.ids < 0) | inside_out)).astype(np.uint8))[2]
    largest_mm2 = patches[1:, cv2.CC_STAT_AREA].max(initial=0) / PX_PER_MM**2
    if largest_mm2 > HOLE_MM2:
        yield Problem(f"the face has a hole of {largest_mm2:.0f} mm²", f"rig {rig.name}: {name}", MEND)


def _turned_away(view: View, sitter: Sitter) -> np.ndarray:
    """Return which triangles (F,) show their back: y runs down, so that their front has a negative area."""
    a, b, c = (view.positions_px[sitter.triangles[:, corner], :2] for corner in range(3))
    return (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]) > 0


def _open_lids(rig: Rig, sitter: Sitter, rest: View, closed: View) -> Iterator[Problem]:
    for eye, (side, ring) in enumerate((("left", LEFT_EYE_RING), ("right", RIGHT_EYE_RING))):
        ball = np.isin(sitter.triangles[:, 0], rig.eye_vertices[eye])
        seen, left = (
            int((ball[np.maximum(view.ids, 0)] & (view.ids >= 0) & _region(rest, rig, ring)).sum())
            for view in (rest, closed)
        )
        if left > OPEN_SHARE * max(seen, 1):
            what = f"{left / max(seen, 1):.0%} of the {side} eye stays visible when its lids are closed"
            yield Problem(what, f"rig {rig.name}: eyeBlink", MEND)


def _region(view: View, rig: Rig, ring: tuple[int, ...]) -> np.ndarray:
    """Return the pixels (S, S) bool inside a ring of landmarks."""
    points = rig.landmarks.points(view.positions_px)[list(ring), :2] if rig.landmarks is not None else np.empty((0, 2))
    mask = np.zeros(view.ids.shape, np.uint8)
    cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 1)
    return mask > 0


def _residual_mm(rig: Rig, rest: View, networks: Networks | None) -> float:
    if networks is None:
        from synth.landmarks.litert import FaceNetworks

        networks = FaceNetworks()
    found = find_faces(networks, rest.picture, tiled=False)
    if not found or rig.landmarks is None:
        return float("nan")
    points_px = rig.landmarks.points(rest.positions_px)[:, :2]
    seen_px = found[0].points_px[: len(points_px), :2]
    return float(np.linalg.norm(seen_px - points_px, axis=1).mean() / PX_PER_MM)
