"""Where a source stands: its axes, its unit and its eyeballs, and what of it lies too far away to be drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from assets.errors import InputError
from synth.importers.eyeballs import fit_sphere
from synth.importers.frame import Frame, find_rotation, find_unit
from synth.importers.roles import find_eyeballs
from synth.importers.source import Piece, SourceHead

BODY_MM = 330.0
"""Faces further below the eyes are left out."""

ARM_MM = 260.0
"""Faces further to the side are left out, too: arms of a figure that spreads them."""

LEVEL_DEG = 1.5
"""Eyes less oblique than this are those of an uneven face, not of a head that is turned."""

Named = list[tuple[Piece, str]]
"""Pieces with their roles."""


def find_frame(
    head: SourceHead,
    pieces: Named,
    shapes: dict[str, np.ndarray],
    unit: str | None,
    axes: tuple[str | None, str | None],
) -> tuple[Frame, Named]:
    """Return the frame of a source, and its pieces with the eyeballs named, left and right by their place.

    Parameters
    ----------
    head : SourceHead
    pieces : list of (Piece, str)
        With their roles.
    shapes : dict of str to (V, 3) float
        By unit, in the axes of the source.
    unit : str or None
        A key of ``UNITS_MM`` from the user.
    axes : (up, front) of str or None
        From the user.

    Raises
    ------
    InputError
        If axes, unit or eyeballs cannot be found.
    """
    used = head.vertices[np.unique(np.concatenate([piece.faces.ravel() for piece, _ in pieces]))]
    rotation, swapped, how = find_rotation(head.vertices, shapes, head.where, *axes)
    reach = float(np.ptp(used, axis=0).max())
    pieces = _divide_eyes(pieces, head.vertices @ rotation.T)
    roles = {role for _, role in pieces}
    if not {"eye_left", "eye_right"} <= roles:
        rough_mm, _ = find_unit(reach, None, head.where, unit, head.unit_mm)
        pieces = _search_eyes(pieces, head.vertices @ rotation.T * rough_mm, head.where)
    centres = [fit_sphere(_points(pieces, side, head.vertices)).centre for side in ("eye_left", "eye_right")]
    if (rotation @ (centres[0] - centres[1]))[0] < 0:
        other = {"eye_left": "eye_right", "eye_right": "eye_left"}
        pieces = [(piece, other.get(role, role)) for piece, role in pieces]
        centres = centres[::-1]
    rotation, turned_deg = _with_level_eyes(rotation, centres[0] - centres[1])
    if turned_deg:
        how += f", then turned by {turned_deg:.0f} degrees so that its eyes are level"
    distance = float(np.linalg.norm(centres[0] - centres[1]))
    unit_mm, how_unit = find_unit(reach, distance, head.where, unit, head.unit_mm)
    return Frame(rotation, swapped, unit_mm, f"{how}; unit {how_unit}"), pieces


def _with_level_eyes(rotation: np.ndarray, across: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the rotation with the line from right to left eye along x, and by how many degrees that turned the head.

    A head that is posed, or whose axes are not those of its file, looks and leans to the side. How far it nods cannot
    be seen from its eyes.
    """
    line = rotation @ across / max(float(np.linalg.norm(across)), 1e-12)
    angle = float(np.degrees(np.arccos(np.clip(line[0], -1, 1))))
    if not LEVEL_DEG <= angle < 90:
        return rotation, 0.0
    axis = np.cross(line, [1.0, 0, 0])
    return Rotation.from_rotvec(axis / np.linalg.norm(axis) * np.radians(angle)).as_matrix() @ rotation, angle


def _points(pieces: Named, role: str, vertices: np.ndarray) -> np.ndarray:
    return vertices[rows_of(pieces, role)]


def rows_of(pieces: Named, role: str) -> np.ndarray:
    """Return the vertices (n,) of the pieces of a role, sorted."""
    return np.unique(np.concatenate([piece.faces.ravel() for piece, r in pieces if r == role]))


def _divide_eyes(pieces: Named, vertices: np.ndarray) -> Named:
    out = []
    both = [vertices[piece.faces][..., 0] for piece, role in pieces if role == "eyes"]
    middle = (max(x.max() for x in both) + min(x.min() for x in both)) / 2 if both else 0.0
    for piece, role in pieces:
        if role != "eyes":
            out.append((piece, role))
            continue
        left = vertices[piece.faces][..., 0].mean(1) > middle
        for side, mask in (("eye_left", left), ("eye_right", ~left)):
            if mask.any():
                out.append((replace(piece, faces=piece.faces[mask], uv_faces=piece.uv_faces[mask]), side))
    return out


def _search_eyes(pieces: Named, vertices_mm: np.ndarray, where: str) -> Named:
    pair = find_eyeballs([piece for piece, _ in pieces], vertices_mm)
    if pair is None:
        raise InputError.one(
            "no eyeballs found: no piece is named so and no two balls of that size are there", where,
            'name them in the [parts] table of a map file, for example "Object_3" = "eye_left"',
        )  # fmt: skip
    out, first = [], 0
    for piece, role in pieces:
        rows = slice(first, first + len(piece.faces))
        first += len(piece.faces)
        for mask, r in ((pair[0][rows], "eye_left"), (pair[1][rows], "eye_right"), (~(pair[0] | pair[1])[rows], role)):
            if mask.any():
                out.append((replace(piece, faces=piece.faces[mask], uv_faces=piece.uv_faces[mask]), r))
    return out


def cropped(pieces: Named, vertices: np.ndarray) -> Named:
    """Leave out what lies far below the head or beside it: the body of a full figure."""
    eyes = [_points(pieces, side, vertices).mean(0) for side in ("eye_left", "eye_right")]
    middle = (eyes[0] + eyes[1]) / 2
    out = []
    for piece, role in pieces:
        place = vertices[piece.faces] - middle
        high = (place[..., 1] > -BODY_MM).any(1) & (np.abs(place[..., 0]) < ARM_MM).any(1)
        if role.startswith("eye_"):
            out.append((piece, role))
        elif high.any():
            out.append((replace(piece, faces=piece.faces[high], uv_faces=piece.uv_faces[high]), role))
    return out
