"""Wavefront OBJ: one mesh per file, and folders with a neutral head and one file per shape."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from assets.errors import InputError, Problem, closest
from synth.importers.files import clean_text, walk
from synth.importers.mtl import material_textures
from synth.importers.source import Piece, SourceHead, weld

NEUTRAL_NAMES = ("neutral", "generic_neutral_mesh", "rest", "base", "basis", "default", "head")
SIDE_FILES = (".mtl", ".png", ".jpg", ".jpeg")
VERTEX_LIMIT = 400_000
FACE_LIMIT = 1_000_000
REACH_LIMIT = 1e6

SHUFFLED_SHARE = 0.2
"""Median movement of the vertices, as a share of the head's extent, above which they are in another order."""

MOVED_SHARE, STILL_SHARE = 0.01, 1e-3
"""A shape whose vertices for the most part share a movement above the first share of the extent, within the second,
stands elsewhere as a whole."""

_CONTINUED = re.compile(rb"(?m)^([^#\n]*)\\\r?\n")


@dataclass(frozen=True)
class ObjMesh:
    """One OBJ file.

    Attributes
    ----------
    vertices : (V, 3) float64
    uv : (N, 2) float64
    pieces : tuple of Piece
        One per pair of object (or group) and material, in the order of the file.
    """

    vertices: np.ndarray
    uv: np.ndarray
    pieces: tuple[Piece, ...]


def obj_vertices(data: bytes, where: str) -> np.ndarray:
    """Return the positions (V, 3) float64 of an OBJ file; faces are not read.

    Raises
    ------
    InputError
        If there are none, a number cannot be read, or one is not finite.
    """
    lines = [line for line in _lines(data) if line.startswith((b"v ", b"v\t"))]
    if not lines:
        raise InputError.one("no vertices (no line starts with 'v ')", where, "export it as a Wavefront OBJ again")
    if len(lines) > VERTEX_LIMIT:
        raise InputError.one(f"{len(lines)} vertices, more than {VERTEX_LIMIT}", where, "decimate the mesh")
    try:
        vertices = _table(lines)
    except (ValueError, IndexError):
        raise InputError.one(
            f"vertex line {_bad_line(lines)} does not hold three numbers",
            where,
            "the file may be cut off; export again",
        ) from None
    return check_finite(vertices, where)


def _lines(data: bytes) -> list[bytes]:
    """Return the lines of an OBJ or MTL file without indentation, those that end in a backslash joined to the next."""
    if b"\\" in data:
        data = _CONTINUED.sub(rb"\1 ", data)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return [line.lstrip() for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n")]


def check_finite(vertices: np.ndarray, where: str) -> np.ndarray:
    """Return the array; raise InputError if a coordinate is NaN, infinite or absurdly large."""
    bad = ~(np.abs(vertices) <= REACH_LIMIT).reshape(len(vertices), -1).all(1)
    if bad.any():
        raise InputError.one(
            f"vertex {int(bad.argmax())} (of {int(bad.sum())} such) is not a finite position", where,
            "repair the mesh in the program that made it",
        )  # fmt: skip
    return vertices


def _table(lines: list[bytes]) -> np.ndarray:
    """Return the first three numbers (V, 3) of each line; further ones are weights and colours."""
    rows = [line.split(None, 4)[1:4] for line in lines]
    if any(len(row) != 3 for row in rows):
        raise ValueError
    return np.array(rows, float)


def _bad_line(lines: list[bytes]) -> int:
    for number, line in enumerate(lines):
        fields = line.split()[1:4]
        try:
            if len([float(field) for field in fields]) < 3:
                return number
        except ValueError:
            return number
    return len(lines)


def parse_obj(data: bytes, where: str) -> ObjMesh:
    """Parse positions, texture coordinates and faces; faces with more than four corners become fans.

    Parameters
    ----------
    data : bytes
    where : str
        File name, for messages.

    Raises
    ------
    InputError
        If there are no vertices or faces, or an index points outside.
    """
    vertices = obj_vertices(data, where)
    uv: list[list[float]] = []
    groups: dict[tuple[str, str], list[list[tuple[int, int]]]] = {}
    name, material, above, faces = "", "", 0, 0
    for number, line in enumerate(_lines(data), 1):
        fields = line.decode("utf-8", "replace").split()
        if not fields:
            continue
        try:
            if fields[0] == "v":
                above += 1
            elif fields[0] == "vt":
                uv.append([float(fields[1]), float(fields[2])])
            elif fields[0] in ("o", "g"):
                name = " ".join(fields[1:])
            elif fields[0] == "usemtl":
                material = " ".join(fields[1:])
            elif fields[0] == "f":
                corners = [_corner(field, len(vertices), above, len(uv)) for field in fields[1:]]
                quads = _quads(corners)
                groups.setdefault((name, material), []).extend(quads)
                faces += len(quads)
        except (ValueError, IndexError) as error:
            raise InputError.one(f"line {number} cannot be read ({error})", where, "export the OBJ again") from None
        if faces > FACE_LIMIT:
            raise InputError.one(f"more than {FACE_LIMIT} faces", where, "decimate the mesh")
    if not groups:
        raise InputError.one("no faces (no line starts with 'f ')", where, "export it with faces")
    pieces = []
    for (name, material), quads in groups.items():
        table = np.array(quads, np.int32)
        pieces.append(Piece(name, material, table[..., 0], table[..., 1]))
    coordinates = np.array(uv, float).reshape(-1, 2)
    if not np.isfinite(coordinates).all():
        raise InputError.one("texture coordinates hold NaN or infinity", where, "unwrap the mesh again")
    return ObjMesh(vertices, coordinates, tuple(pieces))


def _corner(text: str, vertex_count: int, above: int, uv_count: int) -> tuple[int, int]:
    """Return vertex and texture vertex of a corner; negative numbers count back from those above its line."""
    parts = text.split("/")
    vertex = int(parts[0])
    vertex += -1 if vertex > 0 else above
    texture = -1
    if len(parts) > 1 and parts[1]:
        texture = int(parts[1])
        texture += -1 if texture > 0 else uv_count
        if not 0 <= texture < uv_count:
            raise IndexError(f"texture index {parts[1]} of {uv_count}")
    if not 0 <= vertex < vertex_count or parts[0].strip("+0") == "":
        raise IndexError(f"vertex index {parts[0]} of {vertex_count}")
    return vertex, texture


def _quads(corners: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    if len(corners) < 3:
        raise ValueError("a face with fewer than three corners")
    if len(corners) == 4:
        return [corners]
    return [[corners[0], corners[i], corners[i + 1], corners[i + 1]] for i in range(1, len(corners) - 1)]


def read_obj_folder(path: Path) -> SourceHead:
    """Read a folder or archive that holds ``neutral.obj`` and one OBJ of the same topology per shape.

    Parameters
    ----------
    path : Path

    Raises
    ------
    InputError
        If the neutral is missing, a name occurs twice, or vertex counts differ: every such file is listed.
    """
    files: dict[str, tuple[PurePosixPath, bytes]] = {}
    problems: list[Problem] = []
    beside: dict[str, bytes] = {}
    for name, data in walk(path, (".obj", *SIDE_FILES)):
        if name.suffix.lower() != ".obj":
            beside[name.name.lower()] = data
            continue
        if name.stem.lower() in files:
            twin = files[name.stem.lower()][0]
            problems.append(
                Problem(f"the shape {name.stem!r} is also in {twin}", f"{path}/{name}", "remove one of them")
            )
        files[name.stem.lower()] = (name, data)
    neutral = next((stem for stem in NEUTRAL_NAMES if stem in files), None)
    if not files or neutral is None:
        what = "no OBJ files" if not files else f"no neutral.obj among {len(files)} OBJ files"
        hint = f" ({closest('neutral', files)})" if files and len(files) < 20 else ""
        raise InputError.one(what, path, f"name the resting head neutral.obj{hint}")
    if "identity000" in files:
        raise InputError.one(
            "these are the files of ICT-FaceKit", path, "name the archive ict-facekit, or pass its FaceXModel folder"
        )
    base_name, base_data = files.pop(neutral)
    mesh = parse_obj(base_data, f"{path}/{base_name}")
    shapes: dict[str, np.ndarray] = {}
    moved = []
    for name, data in files.values():
        try:
            vertices = obj_vertices(data, f"{path}/{name}")
        except InputError as error:
            problems.extend(error.problems)
            continue
        if len(vertices) != len(mesh.vertices):
            what = f"{len(vertices)} vertices, but {base_name} has {len(mesh.vertices)}"
            problems.append(Problem(what, f"{path}/{name}", "export it with the same topology and vertex order"))
            continue
        delta, offset = _without_offset(vertices - mesh.vertices, float(np.ptp(mesh.vertices, axis=0).max()))
        if delta is None:
            what = f"its vertices do not lie where those of {base_name} do"
            problems.append(Problem(what, f"{path}/{name}", "export all heads with the same vertex order"))
            continue
        if offset:
            moved.append(name.stem)
        shapes[clean_text(name.stem)] = delta.astype(np.float32)
    if problems:
        raise InputError(problems)
    nobody = np.zeros((0, len(mesh.vertices), 3), np.float32)
    textures, left_out = material_textures(base_data, beside, str(path))
    if moved:
        names = ", ".join(map(repr, sorted(moved)))
        left_out = (f"stood elsewhere as a whole and were moved back onto {base_name}: {names}", *left_out)
    return weld(
        SourceHead(str(path), mesh.vertices, mesh.uv, mesh.pieces, shapes, nobody, textures=textures, left_out=left_out)
    )


def _without_offset(delta: np.ndarray, extent: float) -> tuple[np.ndarray | None, bool]:
    """Return a displacement (V, 3) without a shift of the whole head, and whether there was one.

    None where the vertices are in another order: most of a face stays where it is in every expression.
    """
    offset = np.median(delta, axis=0)
    share = (np.linalg.norm(delta - offset, axis=1) < STILL_SHARE * extent).mean()
    if np.linalg.norm(offset) > MOVED_SHARE * extent and share > 0.5:
        return delta - offset, True
    if np.median(np.linalg.norm(delta, axis=1)) > SHUFFLED_SHARE * extent:
        return None, False
    return delta, False
