"""Wavefront OBJ: one mesh per file, and folders with a neutral head and one file per shape."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from assets.errors import InputError, Problem, closest
from synth.importers.files import walk
from synth.importers.source import Piece, SourceHead, weld
from synth.importers.textures import decode_texture

NEUTRAL_NAMES = ("neutral", "generic_neutral_mesh", "rest", "base", "basis", "default", "head")
SIDE_FILES = (".mtl", ".png", ".jpg", ".jpeg")
VERTEX_LIMIT = 400_000
REACH_LIMIT = 1e6


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
    lines = [line for line in data.split(b"\n") if line.startswith((b"v ", b"v\t"))]
    if not lines:
        raise InputError.one("no vertices (no line starts with 'v ')", where, "export it as a Wavefront OBJ again")
    if len(lines) > VERTEX_LIMIT:
        raise InputError.one(f"{len(lines)} vertices, more than {VERTEX_LIMIT}", where, "decimate the mesh")
    try:
        table = np.array(b"".join(lines).replace(b"v", b"").split(), float) if _is_plain(lines) else _table(lines)
        vertices = table.reshape(-1, 3)
    except (ValueError, IndexError):
        raise InputError.one(
            f"vertex line {_bad_line(lines)} does not hold three numbers",
            where,
            "the file may be cut off; export again",
        ) from None
    if len(vertices) != len(lines):
        raise InputError.one("vertex lines differ in length", where, "export it again")
    return check_finite(vertices, where)


def check_finite(vertices: np.ndarray, where: str) -> np.ndarray:
    """Return the array; raise InputError if a coordinate is NaN, infinite or absurdly large."""
    bad = ~(np.abs(vertices) <= REACH_LIMIT).reshape(len(vertices), -1).all(1)
    if bad.any():
        raise InputError.one(
            f"vertex {int(bad.argmax())} (of {int(bad.sum())} such) is not a finite position", where,
            "repair the mesh in the program that made it",
        )  # fmt: skip
    return vertices


def _is_plain(lines: list[bytes]) -> bool:
    return all(len(line.split()) == 4 for line in (lines[0], lines[len(lines) // 2], lines[-1]))


def _table(lines: list[bytes]) -> np.ndarray:
    return np.array([line.split()[1:4] for line in lines], float)


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
    name, material = "", ""
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        fields = line.split()
        if not fields:
            continue
        try:
            if fields[0] == "vt":
                uv.append([float(fields[1]), float(fields[2])])
            elif fields[0] in ("o", "g"):
                name = " ".join(fields[1:])
            elif fields[0] == "usemtl":
                material = " ".join(fields[1:])
            elif fields[0] == "f":
                corners = [_corner(field, len(vertices), len(uv)) for field in fields[1:]]
                groups.setdefault((name, material), []).extend(_quads(corners))
        except (ValueError, IndexError) as error:
            raise InputError.one(f"line {number} cannot be read ({error})", where, "export the OBJ again") from None
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


def _corner(text: str, vertex_count: int, uv_count: int) -> tuple[int, int]:
    parts = text.split("/")
    vertex = int(parts[0])
    vertex += -1 if vertex > 0 else vertex_count
    texture = -1
    if len(parts) > 1 and parts[1]:
        texture = int(parts[1])
        texture += -1 if texture > 0 else uv_count
        if not 0 <= texture < uv_count:
            raise IndexError(f"texture index {parts[1]} of {uv_count}")
    if not 0 <= vertex < vertex_count:
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
    base_name, base_data = files.pop(neutral)
    mesh = parse_obj(base_data, f"{path}/{base_name}")
    shapes: dict[str, np.ndarray] = {}
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
        shapes[name.stem] = (vertices - mesh.vertices).astype(np.float32)
    if problems:
        raise InputError(problems)
    nobody = np.zeros((0, len(mesh.vertices), 3), np.float32)
    textures = _textures(base_data, beside, path)
    return weld(SourceHead(str(path), mesh.vertices, mesh.uv, mesh.pieces, shapes, nobody, textures=textures))


def _textures(neutral: bytes, beside: dict[str, bytes], path: Path) -> dict[str, np.ndarray]:
    """Return the colour textures that the neutral's material libraries name (``map_Kd``), where the file is there."""
    out = {}
    for library in _statements(neutral, "mtllib"):
        name = ""
        for line in beside.get(_file_name(library), b"").decode("utf-8", "replace").splitlines():
            key, _, rest = line.strip().partition(" ")
            if key == "newmtl":
                name = rest.strip()
            elif key == "map_Kd" and _file_name(rest) in beside:
                picture = _file_name(rest)
                out[name] = decode_texture(beside[picture], f"{path}: {picture}")
    return out


def _statements(data: bytes, key: str) -> list[str]:
    lines = (line.strip() for line in data.decode("utf-8", "replace").splitlines() if line.startswith(key))
    return [line.partition(" ")[2].strip() for line in lines]


def _file_name(text: str) -> str:
    """Return the bare file name of a path in an OBJ or MTL file, in lower case; options before it are dropped."""
    return PurePosixPath(text.strip().replace("\\", "/")).name.split(" ")[-1].lower()
