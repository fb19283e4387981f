"""ICT-FaceKit Light: neutral head, 53 expressions and 100 identity modes as a tree of OBJ files.

Sizes, part ranges and names follow the README of the model (USC Institute for Creative Technologies, MIT).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assets.errors import InputError, Problem
from assets.rig import Licence
from synth.importers.files import is_archive, walk
from synth.importers.obj import ObjMesh, obj_vertices, parse_obj
from synth.importers.source import Piece, SourceHead

MODEL_FOLDER = "FaceXModel"
NEUTRAL = "generic_neutral_mesh"
VERTEX_COUNT = 26719
IDENTITY_MODES = 100
UNIT_MM = 10.0

LICENCE = Licence(
    spdx="MIT",
    attribution="ICT-FaceKit, copyright (c) 2020 USC Institute for Creative Technologies",
    source="https://github.com/ICT-VGL/ICT-FaceKit",
    may_train=True,
)

# Parts by ranges of vertices: name, first, one past the last, role.
_PARTS = (
    ("face", 0, 9409, "skin"),
    ("head_and_neck", 9409, 11248, "skin"),
    ("mouth_socket", 11248, 13294, "cavity"),
    ("eye_socket_left", 13294, 13678, "skin"),
    ("eye_socket_right", 13678, 14062, "skin"),
    ("gums_and_tongue", 14062, 17039, "tongue"),
    ("back_molars_upper_left", 17039, 17416, "drop"),
    ("teeth_upper", 17416, 18870, "teeth_upper"),
    ("back_molars_right_and_lower_left", 18870, 19602, "drop"),
    ("teeth_lower", 19602, 21096, "teeth_lower"),
    ("back_molars_lower_right", 21096, 21451, "drop"),
    ("sclera_left", 21451, 22221, "eye_left"),
    ("iris_left", 22221, 23021, "drop"),
    ("sclera_right", 23021, 23791, "eye_right"),
    ("iris_right", 23791, 24591, "drop"),
    ("eye_films", 24591, 25351, "drop"),
    ("eyelashes", 25351, 26719, "lashes"),
)
"""The iris lies under the opaque sclera and the films (tear fluid, occlusion, blend) need their own shaders: the
sclera gives the shape of an eyeball that is drawn with an iris of its own, and the films are left out. The second and
third molars are never seen."""

_SPLIT = {"browInnerUp": ("browInnerUp_L", "browInnerUp_R"), "cheekPuff": ("cheekPuff_L", "cheekPuff_R")}
_UNUSED = (
    "PupilDilate_L",
    "PupilDilate_R",
    "cheekRaiser_L",
    "cheekRaiser_R",
    *_SPLIT["browInnerUp"],
    *_SPLIT["cheekPuff"],
)
FACE_TILE = (0.0, 0.2, 1.0, 1.0)
BACK_TILE = (0.0, 0.0, 1.0, 0.2)


def is_ict(path: Path) -> bool:
    """Return whether a folder is a checkout of ICT-FaceKit or an archive named after it."""
    if path.is_dir():
        return any((folder / f"{NEUTRAL}.obj").is_file() for folder in (path, path / MODEL_FOLDER))
    return is_archive(path) and "ict" in path.name.lower() and "face" in path.name.lower()


def read_ict(path: Path, identity_modes: int = IDENTITY_MODES) -> SourceHead:
    """Read ICT-FaceKit Light.

    Parameters
    ----------
    path : Path
        A checkout, its ``FaceXModel`` folder, or an archive of either.
    identity_modes : int
        How many of the 100 modes to keep, strongest first.

    Returns
    -------
    SourceHead
        Centimetres; the shapes keep their names, except that the halves of browInnerUp and cheekPuff are summed.

    Raises
    ------
    InputError
        If the neutral, an expression or an identity mode is missing, or a file has another topology.
    """
    mesh: ObjMesh | None = None
    found: dict[str, np.ndarray] = {}
    problems: list[Problem] = []
    for name, data in walk(path, (".obj",)):
        if name.parent.name not in ("", MODEL_FOLDER):
            continue
        where = f"{path}/{name}"
        if name.stem == NEUTRAL:
            mesh = parse_obj(data, where)
            vertices = mesh.vertices
        else:
            vertices = obj_vertices(data, where)
        if len(vertices) != VERTEX_COUNT:
            what = f"{len(vertices)} vertices instead of {VERTEX_COUNT}"
            problems.append(Problem(what, where, "use the files of ICT-FaceKit Light unchanged"))
            continue
        found[name.stem] = vertices.astype(np.float32)
    modes = [f"identity{k:03d}" for k in range(min(identity_modes, IDENTITY_MODES))]
    for missing in [n for n in (*modes, "jawOpen", *_SPLIT["browInnerUp"], *_SPLIT["cheekPuff"]) if n not in found]:
        problems.append(Problem(f"no {missing}.obj", str(path), "download ICT-FaceKit again; FaceXModel must be whole"))
    if mesh is None:
        problems = [Problem(f"no {NEUTRAL}.obj", str(path), "pass the ICT-FaceKit checkout or its archive")]
    if problems or mesh is None:
        raise InputError(problems[:20])
    neutral = mesh.vertices.astype(np.float32)
    identity = np.stack([found.pop(name) - neutral for name in modes])
    shapes = {n: v - neutral for n, v in sorted(found.items()) if not n.startswith("identity") and n not in _UNUSED}
    shapes.pop(NEUTRAL)
    for whole, halves in _SPLIT.items():
        shapes[whole] = sum((found[half] - neutral for half in halves), np.zeros_like(neutral))
    pieces, roles = _pieces(mesh)
    return SourceHead(str(path), mesh.vertices, _packed_uv(mesh), pieces, shapes, identity, roles, UNIT_MM, LICENCE)


def _pieces(mesh: ObjMesh) -> tuple[tuple[Piece, ...], dict[str, str]]:
    faces = np.concatenate([piece.faces for piece in mesh.pieces])
    uv_faces = np.concatenate([piece.uv_faces for piece in mesh.pieces])
    highest = faces.max(1)
    pieces = []
    for name, first, end, _ in _PARTS:
        chosen = (highest >= first) & (highest < end)
        pieces.append(Piece(name, "", faces[chosen], uv_faces[chosen]))
    return tuple(pieces), {name: role for name, _, _, role in _PARTS}


def _packed_uv(mesh: ObjMesh) -> np.ndarray:
    """Return texture coordinates (N, 2): the tile of the face above that of the back of the head."""
    uv = mesh.uv.copy()
    tile = np.floor(uv[:, 0])
    uv[:, 0] -= tile
    for number, (left, low, right, high) in ((0, FACE_TILE), (1, BACK_TILE)):
        rows = tile == number
        uv[rows] = uv[rows] * [right - left, high - low] + [left, low]
    return uv
