"""Small heads as files of other programs, made from the built-in rig: OBJ folders and GLB files."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assets.rig_bundle import load_rig
from assets.units import UNIT_INDEX

SHAPES = (
    "jawOpen", "browInnerUp", "eyeBlinkLeft", "eyeBlinkRight", "mouthSmileLeft", "mouthSmileRight",
    "browDownLeft", "browDownRight", "mouthPucker", "mouthRollLower", "mouthRollUpper",
)  # fmt: skip
Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
"""Rig axes to those of modelling programs: z up, the face along -y."""


@dataclass(frozen=True)
class FileHead:
    """A head in the unit and axes of a file: triangles, texture coordinates per vertex, pieces by name."""

    vertices: np.ndarray
    uv: np.ndarray
    pieces: dict[str, np.ndarray]
    shapes: dict[str, np.ndarray]


def file_head(scale: float = 1.0, axes: np.ndarray | None = None, names: dict[str, str] | None = None) -> FileHead:
    """Return the built-in head with another unit, other axes, other shape names and another topology.

    Quads become triangles, seams double vertices, and the order of the vertices is shuffled.
    """
    rig = load_rig("hm08")
    keys, faces = [], {}
    for part in rig.parts:
        if part.optional or part.name in ("lashes", "tongue"):
            continue
        pairs = np.stack([part.faces, part.uv_faces], -1)
        triangles = np.concatenate([pairs[:, [0, 1, 2]], pairs[:, [0, 2, 3]]])
        faces[part.name] = triangles[triangles[:, 0, 0] != triangles[:, 2, 0]]
        faces[part.name] = faces[part.name][faces[part.name][:, 1, 0] != faces[part.name][:, 2, 0]]
        keys.append(faces[part.name].reshape(-1, 2))
    unique, inverse = np.unique(np.concatenate(keys), axis=0, return_inverse=True)
    order = (np.arange(len(unique)) * 7919) % len(unique)
    if len(np.unique(order)) != len(unique):
        order = np.arange(len(unique))[::-1]
    place = np.argsort(order)
    inverse = place[inverse.reshape(-1)]
    unique = unique[order]
    pieces, first = {}, 0
    for name, triangles in faces.items():
        count = 3 * len(triangles)
        pieces[name] = inverse[first : first + count].reshape(-1, 3)
        first += count
    turn = (np.eye(3) if axes is None else axes) * scale
    shapes = {}
    for unit in SHAPES:
        name = (names or {}).get(unit, unit)
        if name:
            shapes[name] = rig.shapes_mm[UNIT_INDEX[unit]][unique[:, 0]] @ turn.T
    return FileHead(
        rig.vertices_mm[unique[:, 0]].astype(float) @ turn.T, rig.uv[unique[:, 1]].astype(float), pieces, shapes
    )


def without(head: FileHead, *pieces: str) -> FileHead:
    """Return the head without some pieces."""
    return replace(head, pieces={name: faces for name, faces in head.pieces.items() if name not in pieces})


def obj_text(vertices: np.ndarray, uv: np.ndarray, pieces: dict[str, np.ndarray]) -> str:
    lines = [f"v {x:.6g} {y:.6g} {z:.6g}" for x, y, z in vertices]
    lines += [f"vt {u:.5f} {v:.5f}" for u, v in uv]
    for name, faces in pieces.items():
        lines.append(f"o {name}")
        lines += [f"f {a}/{a} {b}/{b} {c}/{c}" for a, b, c in faces + 1]
    return "\n".join(lines) + "\n"


def write_obj_folder(head: FileHead, folder: Path) -> Path:
    """Write neutral.obj and one OBJ per shape."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "neutral.obj").write_text(obj_text(head.vertices, head.uv, head.pieces))
    for name, delta in head.shapes.items():
        (folder / f"{name}.obj").write_text(obj_text(head.vertices + delta, head.uv, {}))
    return folder


class GlbWriter:
    """Builds a GLB: accessors into one buffer, meshes with targets, one node per mesh."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.document: dict = {
            "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": []}], "nodes": [], "meshes": [],
            "accessors": [], "bufferViews": [], "buffers": [],
        }  # fmt: skip

    def view(self, array: np.ndarray) -> int:
        self.data += b"\0" * (-len(self.data) % 4)
        raw = np.ascontiguousarray(array).tobytes()
        self.document["bufferViews"].append({"buffer": 0, "byteOffset": len(self.data), "byteLength": len(raw)})
        self.data += raw
        return len(self.document["bufferViews"]) - 1

    def accessor(self, array: np.ndarray, normalized: bool = False) -> int:
        kinds = {"int8": 5120, "uint8": 5121, "int16": 5122, "uint16": 5123, "uint32": 5125, "float32": 5126}
        width = 1 if array.ndim == 1 else array.shape[1]
        entry = {
            "bufferView": self.view(array), "componentType": kinds[array.dtype.name], "count": len(array),
            "type": {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}[width],
        }  # fmt: skip
        if normalized:
            entry["normalized"] = True
        self.document["accessors"].append(entry)
        return len(self.document["accessors"]) - 1

    def sparse(self, array: np.ndarray) -> int:
        """Add float rows of which only those that are not zero are stored."""
        rows = np.flatnonzero(np.abs(array).max(1) > 0)
        entry = {"componentType": 5126, "count": len(array), "type": "VEC3"}
        if len(rows):
            entry["sparse"] = {
                "count": len(rows),
                "indices": {"bufferView": self.view(rows.astype(np.uint32)), "componentType": 5125},
                "values": {"bufferView": self.view(array[rows].astype(np.float32))},
            }
        self.document["accessors"].append(entry)
        return len(self.document["accessors"]) - 1

    def mesh(self, name: str, primitive: dict, target_names: list[str], node: dict) -> None:
        mesh: dict = {"name": name, "primitives": [primitive]}
        if target_names:
            mesh["extras"] = {"targetNames": target_names}
        self.document["meshes"].append(mesh)
        self.document["nodes"].append({"name": name, "mesh": len(self.document["meshes"]) - 1} | node)
        self.document["scenes"][0]["nodes"].append(len(self.document["nodes"]) - 1)

    def bytes(self) -> bytes:
        self.document["buffers"] = [{"byteLength": len(self.data)}]
        text = json.dumps(self.document).encode()
        text += b" " * (-len(text) % 4)
        data = bytes(self.data) + b"\0" * (-len(self.data) % 4)
        length = 12 + 8 + len(text) + 8 + len(data)
        head = struct.pack("<4sII", b"glTF", 2, length)
        return (
            head + struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(data), 0x004E4942) + data
        )


def write_glb(head: FileHead, path: Path, packed: bool = False) -> GlbWriter:
    """Write one mesh per piece; every mesh carries the targets that move it.

    Parameters
    ----------
    head : FileHead
    path : Path
    packed : bool
        Positions as normalised 16-bit integers under a scaled node, targets sparse.
    """
    writer = GlbWriter()
    for name, triangles in head.pieces.items():
        rows, local = np.unique(triangles, return_inverse=True)
        points, uv = head.vertices[rows], head.uv[rows] * [1, -1] + [0, 1]
        moving = {n: d[rows] for n, d in head.shapes.items() if np.abs(d[rows]).max() > 0}
        node: dict = {}
        if packed:
            middle, reach = (points.max(0) + points.min(0)) / 2, float(np.ptp(points, axis=0).max() / 2)
            steps = np.round((points - middle) / reach * 32767).astype(np.int16)
            position = writer.accessor(steps, normalized=True)
            node = {"translation": middle.tolist(), "scale": [reach] * 3}
            targets = [{"POSITION": writer.sparse((d / reach).astype(np.float32))} for d in moving.values()]
        else:
            position = writer.accessor(points.astype(np.float32))
            targets = [{"POSITION": writer.accessor(d.astype(np.float32))} for d in moving.values()]
        primitive = {
            "attributes": {"POSITION": position, "TEXCOORD_0": writer.accessor(uv.astype(np.float32))},
            "indices": writer.accessor(local.reshape(-1).astype(np.uint32)),
        }
        if targets:
            primitive["targets"] = targets
        writer.mesh(name, primitive, list(moving), node)
    path.write_bytes(writer.bytes())
    return writer
