"""From a source to a rig: roles, frame, names, eyeballs, only the vertices that are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from assets.errors import InputError
from assets.rig import Axis, Licence, Part, Rig
from assets.units import GAZE_UNITS, UNIT_INDEX, UNITS
from synth.importers.eyeballs import Eyeballs, rebuild_eyes
from synth.importers.frame import Frame
from synth.importers.placing import cropped, find_frame, rows_of
from synth.importers.roles import components, piece_roles
from synth.importers.shape_names import Matching, NameMap, match_names, mirrored, shapes_by_unit, unit_shapes
from synth.importers.source import Piece, SourceHead
from synth.importers.unwrap import skin_detail, skin_uv

SMOOTH_BELOW = 9000
"""Skins with fewer vertices are subdivided before they are drawn."""

MOVES_MM = 0.05
"""A shape whose largest displacement is below this counts as absent."""

_MATERIAL = {
    "skin": "skin", "teeth_upper": "teeth", "teeth_lower": "teeth", "tongue": "tongue", "cavity": "cavity",
    "lashes": "lash", "brows": "brow", "hair": "hair", "cloth": "cloth",
}  # fmt: skip


@dataclass(frozen=True)
class Options:
    """What the user says about a source.

    Attributes
    ----------
    names : NameMap
    unit : str or None
        A key of `synth.importers.frame.UNITS_MM`; None finds it.
    up, front : str or None
        Axes such as ``z`` and ``-y``; None finds them.
    licence : Licence or None
        Replaces what the source states.
    lashes : bool
        Whether lash strips are kept. They need transparency: solid strips look like thick eyeliner.
    texture : bool
        Whether pores, spots and lines of the skin's colour texture are kept.
    """

    names: NameMap = field(default_factory=lambda: NameMap({}, {}))
    unit: str | None = None
    up: str | None = None
    front: str | None = None
    licence: Licence | None = None
    lashes: bool = False
    texture: bool = True


UNKNOWN_LICENCE = Licence("LicenseRef-unknown", "not stated", "not stated", False)


def assemble(head: SourceHead, name: str, options: Options) -> tuple[Rig, list[str]]:
    """Build a rig without landmarks and attribute axes.

    Parameters
    ----------
    head : SourceHead
    name : str
    options : Options

    Returns
    -------
    Rig, list of str
        And what a user should know: one sentence each.

    Raises
    ------
    InputError
        If the source lacks skin, eyes or any known shape, or what is there cannot be understood.
    """
    notes = list(head.left_out)
    matching = match_names(head.shapes, options.names.shapes, head.where)
    _check_matching(matching, head)
    notes += _matching_notes(matching)
    roles, unsure = piece_roles(head, options.names.parts)
    if unsure and len(head.pieces) > 1:
        notes.append("taken for skin, as their names say nothing: " + ", ".join(map(repr, unsure)))
    pieces = [
        (piece, role)
        for piece, role in zip(head.pieces, roles, strict=True)
        if role != "drop" and (role != "lashes" or options.lashes)
    ]
    pieces, empty = _without_flat_faces(pieces, head.vertices, head.where)
    if empty:
        notes.append(f"{empty} faces without area were left out")
    known = {n: s for n, s in head.shapes.items() if any(n in sources for sources in matching.units.values())}
    frame, pieces = find_frame(head, pieces, shapes_by_unit(known, matching), options.unit, (options.up, options.front))
    notes.append(f"axes {frame.how}")
    if frame.swapped:
        matching = mirrored(matching)
        notes.append("shapes called left lie on the subject's right side: left and right are exchanged")
    vertices = frame.points(head.vertices)
    pieces = cropped(pieces, vertices)
    eyes = _rebuilt_eyes(head, pieces, vertices, frame)
    drawn = list(_parts_of(pieces, vertices))
    if not any(role == "skin" for role, _ in drawn):
        raise InputError.one("no piece is skin", head.where, "name the skin in the [parts] table of a map file")
    aside_mm = vertices[:, 0] - eyes.vertices_mm[..., 0].mean()
    shapes, has = unit_shapes({n: frame.points(s) for n, s in known.items()}, matching, aside_mm)
    shapes, has, faint = _without_faint(shapes, has)
    if faint:
        notes.append("hardly move anything and count as absent: " + ", ".join(faint))
    rig = _compose(head, name, options, vertices, drawn, (shapes, has), frame.points(head.identity), eyes)
    if options.texture:
        maps, told = skin_detail(head.textures, [piece for piece, role in pieces if role == "skin"], head.uv)
        rig, notes = replace(rig, maps=rig.maps | maps), notes + told
    if not any(role.startswith("teeth") for role, _ in drawn):
        notes.append("no teeth: no piece is named so; if there are some, name them in the [parts] table of a map file")
    return rig, notes + _absences(rig)


def _check_matching(matching: Matching, head: SourceHead) -> None:
    if not head.shapes:
        raise InputError.one("the head has no shapes (morph targets)", head.where, "export it with its blend shapes")
    if not matching.units:
        hints = "; ".join(f"{a!r} may be {b}" for a, b in list(matching.proposed.items())[:8])
        names = ", ".join(map(repr, sorted(head.shapes)[:12]))
        mend = f"write them into a --map file ({hints})" if hints else "write a --map file with a [shapes] table"
        raise InputError.one(f"no shape has a name that is known; there are {names}", head.where, mend)


def _matching_notes(matching: Matching) -> list[str]:
    notes = [f"{a!r} is not used; if it is {b}, write it into a --map file" for a, b in matching.proposed.items()]
    if matching.unknown:
        notes.append("shapes that mean nothing here: " + ", ".join(map(repr, matching.unknown)))
    if matching.split:
        notes.append("divided into a left and a right half: " + ", ".join(map(repr, matching.split)))
    return notes


def _without_flat_faces(
    pieces: list[tuple[Piece, str]], vertices: np.ndarray, where: str
) -> tuple[list[tuple[Piece, str]], int]:
    kept, lost, total = [], 0, 0
    for piece, role in pieces:
        corner = vertices[piece.faces]
        area = np.linalg.norm(np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1]), axis=1)
        area += np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1)
        good = area > 1e-14 * np.ptp(vertices, axis=0).max() ** 2
        lost, total = lost + int((~good).sum()), total + len(good)
        if good.any():
            kept.append((replace(piece, faces=piece.faces[good], uv_faces=piece.uv_faces[good]), role))
    if not total:
        raise InputError.one("no faces to draw", where, "check the [parts] table of the map file")
    if lost > max(20, total // 50):
        raise InputError.one(
            f"{lost} of {total} faces have no area", where, "merge or dissolve degenerate faces, then export again"
        )
    return kept, lost


def _rebuilt_eyes(head: SourceHead, pieces: list[tuple[Piece, str]], vertices: np.ndarray, frame: Frame) -> Eyeballs:
    rows = [rows_of(pieces, side) for side in ("eye_left", "eye_right")]
    modes = [frame.points(head.identity[:, r]) for r in rows]
    return rebuild_eyes((vertices[rows[0]], vertices[rows[1]]), (modes[0], modes[1]), head.where)


def _parts_of(pieces: list[tuple[Piece, str]], vertices: np.ndarray) -> Iterator[tuple[str, Piece]]:
    """Yield ``(role, piece)`` with teeth divided and pieces of one role joined; eyeballs are left out."""
    divided: list[tuple[Piece, str]] = []
    for piece, role in pieces:
        if role != "teeth":
            divided.append((piece, role))
            continue
        label = components(piece.faces, len(vertices))
        height = {n: vertices[piece.faces[label == n]][..., 1].mean() for n in np.unique(label)}
        middle = (max(height.values()) + min(height.values())) / 2
        upper = np.array([height[n] >= middle for n in label])
        for side, mask in (("teeth_upper", upper), ("teeth_lower", ~upper)):
            if mask.any():
                divided.append((replace(piece, faces=piece.faces[mask], uv_faces=piece.uv_faces[mask]), side))
    for role in _MATERIAL:
        chosen = [piece for piece, r in divided if r == role]
        if chosen:
            faces, uv_faces = (np.concatenate([getattr(p, k) for p in chosen]) for k in ("faces", "uv_faces"))
            yield role, Piece(role, "", faces, uv_faces)


def _without_faint(shapes: np.ndarray, has: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[str]]:
    size = np.sqrt((shapes**2).sum(-1).max(-1))
    faint = has & (size < MOVES_MM)
    for name in GAZE_UNITS:
        faint[UNIT_INDEX[name]] = False
    return np.where(faint[:, None, None], 0, shapes), has & ~faint, [UNITS[k] for k in np.flatnonzero(faint)]


def _compose(
    head: SourceHead, name: str, options: Options, vertices: np.ndarray, drawn: list[tuple[str, Piece]],
    shapes: tuple[np.ndarray, np.ndarray], identity: np.ndarray, eyes: Eyeballs,
) -> Rig:  # fmt: skip
    """Keep only the vertices that are drawn, append the eyeballs, and move the origin between the eyes."""
    used = np.unique(np.concatenate([piece.faces.ravel() for _, piece in drawn]))
    place = np.full(len(vertices), -1, np.int32)
    place[used] = np.arange(len(used))
    body, globe = len(used), eyes.vertices_mm.shape[1]
    uv, drawn = skin_uv(head.uv, drawn, vertices)
    parts = []
    for role, piece in drawn:
        smooth = role == "skin" and len(np.unique(piece.faces)) < SMOOTH_BELOW
        parts.append(Part(role, _MATERIAL[role], place[piece.faces], piece.uv_faces.astype(np.int32), smooth))
    first_uv = len(uv)
    for k, side in enumerate(("eye_left", "eye_right")):
        faces = eyes.faces + body + k * globe
        parts.append(Part(side, "eye", faces.astype(np.int32), eyes.faces + first_uv, False))
    points = np.concatenate([vertices[used], *eyes.vertices_mm])
    points -= eyes.vertices_mm.mean((0, 1))
    still = np.zeros((len(UNITS), 2 * globe, 3), np.float32)
    modes = np.concatenate([identity[:, used], eyes.identity_mm.reshape(len(identity), 2 * globe, 3)], 1)
    return Rig(
        name=name,
        version="1",
        licence=options.licence or head.licence or UNKNOWN_LICENCE,
        vertices_mm=points.astype(np.float32),
        uv=np.concatenate([uv, eyes.uv]).astype(np.float32),
        parts=tuple(parts),
        shapes_mm=np.concatenate([shapes[0][:, used], still], 1).astype(np.float32),
        has_shape=shapes[1],
        correctives=(),
        identity_mm=modes.astype(np.float32),
        axes=dict[str, Axis](),
        landmarks=None,
        eye_vertices=(body + np.arange(2 * globe).reshape(2, globe)).astype(np.int32),
    )


def _absences(rig: Rig) -> list[str]:
    notes = []
    absent = [unit for unit in UNITS if not rig.has_shape[UNIT_INDEX[unit]] and unit not in GAZE_UNITS]
    if absent:
        notes.append("no shape for: " + ", ".join(absent))
    if not len(rig.identity_mm):
        notes.append(
            "no identity modes: all avatars of this rig have the same face and differ in skin, hair and light only"
        )
    return notes
