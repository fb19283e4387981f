"""glTF and GLB heads with morph targets: nodes, meshes, targets and their names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from assets.errors import InputError
from synth.importers.gltf_buffers import GltfFile
from synth.importers.gltf_textures import colour_textures, material_name
from synth.importers.obj import VERTEX_LIMIT, check_finite
from synth.importers.source import Piece, SourceHead, merge, weld

METRE_MM = 1000.0
DEPTH_LIMIT = 64
_TRIANGLE_MODES = (4, 5, 6)


def read_gltf(path: Path) -> SourceHead:
    """Read all meshes of a document's scene in world coordinates, with their morph targets.

    Parameters
    ----------
    path : Path
        ``.glb`` or ``.gltf``.

    Returns
    -------
    SourceHead
        Metres by the format, y up. Vertices that were doubled along texture seams or hard edges are joined. A target
        of the same name on several meshes is one shape.

    Raises
    ------
    InputError
        If the document is damaged or holds no mesh.
    """
    file = GltfFile(path)
    heads = []
    for node, matrix in _world(file):
        if "mesh" in node:
            mesh = file.entry("meshes", node["mesh"])
            heads.append(_mesh_head(file, mesh, node, np.eye(4) if "skin" in node else matrix))
    if not heads:
        raise InputError.one("no mesh in its scene", path, "export the head with its meshes selected")
    total = sum(len(head.vertices) for head in heads)
    if total > VERTEX_LIMIT:
        raise InputError.one(f"{total} vertices, more than {VERTEX_LIMIT}", path, "decimate the mesh")
    head = merge(heads, str(path))
    used = {piece.material for piece in head.pieces if (piece.uv_faces >= 0).all()}
    return weld(replace(head, textures=colour_textures(file, used)))


def _world(file: GltfFile) -> list[tuple[dict[str, Any], np.ndarray]]:
    """Return every node of the scene with its world matrix."""
    document = file.document
    if "scenes" in document:
        roots = file.entry("scenes", document.get("scene", 0)).get("nodes", [])
    else:
        children = {c for n in document.get("nodes", []) if isinstance(n, dict) for c in n.get("children", [])}
        roots = [k for k in range(len(document.get("nodes", []))) if k not in children]
    found: list[tuple[dict[str, Any], np.ndarray]] = []
    seen: set[int] = set()
    stack = [(index, np.eye(4), 0) for index in reversed(roots)]
    while stack:
        index, above, depth = stack.pop()
        node = file.entry("nodes", index)
        if index in seen or depth > DEPTH_LIMIT:
            raise file.fault("is its own ancestor, or has two parents", f"nodes[{index}].children")
        seen.add(index)
        matrix = above @ _local(file, node, index)
        found.append((node, matrix))
        stack += [(child, matrix, depth + 1) for child in reversed(node.get("children", []))]
    return found


def _local(file: GltfFile, node: dict[str, Any], index: int) -> np.ndarray:
    def numbers(key: str, count: int, default: list[float]) -> np.ndarray:
        try:
            values = np.array(node.get(key, default), float)
        except (TypeError, ValueError):
            values = np.zeros(0)
        if values.shape != (count,) or not np.isfinite(values).all():
            raise file.fault(f"is not a list of {count} numbers", f"nodes[{index}].{key}")
        return values

    if "matrix" in node:
        return numbers("matrix", 16, []).reshape(4, 4).T
    x, y, z, w = numbers("rotation", 4, [0, 0, 0, 1])
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, :3] *= numbers("scale", 3, [1, 1, 1])
    matrix[:3, 3] = numbers("translation", 3, [0, 0, 0])
    return matrix


def _mesh_head(file: GltfFile, mesh: dict[str, Any], node: dict[str, Any], matrix: np.ndarray) -> SourceHead:
    number = node["mesh"]
    primitives = mesh.get("primitives")
    if not isinstance(primitives, list) or not primitives:
        raise file.fault("has no primitives", f"meshes[{number}]")
    name = str(node.get("name") or mesh.get("name") or f"mesh {number}")
    heads = []
    for k, primitive in enumerate(primitives):
        key = f"meshes[{number}].primitives[{k}]"
        if not isinstance(primitive, dict):
            raise file.fault("is not an object", key)
        if primitive.get("mode", 4) not in _TRIANGLE_MODES:
            continue
        names = _target_names(file, mesh, primitive, key)
        heads.append(_primitive_head(file, primitive, names, name, matrix, key))
    if not heads:
        raise file.fault("has no triangles", f"meshes[{number}]", "export faces, not only points or lines")
    return merge(heads, str(file.path))


def _target_names(file: GltfFile, mesh: dict[str, Any], primitive: dict[str, Any], key: str) -> list[str]:
    targets = primitive.get("targets", [])
    if not isinstance(targets, list):
        raise file.fault("is not a list", f"{key}.targets")
    found = None
    for holder in (mesh, primitive):
        extras = holder.get("extras")
        if isinstance(extras, dict) and isinstance(extras.get("targetNames"), list):
            found = [str(name) for name in extras["targetNames"]]
            break
    if found is None:
        found = [
            str(target.get("name", f"target {k}")) if isinstance(target, dict) else ""
            for k, target in enumerate(targets)
        ]
    if targets and len(found) != len(targets):
        raise file.fault(
            f"{len(found)} names for {len(targets)} targets", f"{key}: extras.targetNames", "export the names again"
        )
    twice = sorted({name for name in found if found.count(name) > 1})
    if targets and twice:
        raise file.fault(
            f"the target name {twice[0]!r} occurs twice", f"{key}: extras.targetNames", "give each shape its own name"
        )
    return found


def _primitive_head(
    file: GltfFile, primitive: dict[str, Any], names: list[str], mesh_name: str, matrix: np.ndarray, key: str
) -> SourceHead:
    attributes = primitive.get("attributes")
    if not isinstance(attributes, dict) or "POSITION" not in attributes:
        raise file.fault("has no POSITION", f"{key}.attributes")
    local = _vectors(file, attributes["POSITION"], 3, None, f"{key}.attributes.POSITION")
    count = len(local)
    uv = np.zeros((0, 2))
    if "TEXCOORD_0" in attributes:
        uv = _vectors(file, attributes["TEXCOORD_0"], 2, count, f"{key}.attributes.TEXCOORD_0") * [1, -1] + [0, 1]
    triangles = _triangles(file, primitive, count, key)
    if np.linalg.det(matrix[:3, :3]) < 0:
        triangles = triangles[:, ::-1]
    shapes = {}
    for name, target in zip(names, primitive.get("targets", []), strict=bool(primitive.get("targets"))):
        if isinstance(target, dict) and "POSITION" in target:
            delta = _vectors(file, target["POSITION"], 3, count, f"{key}.targets ({name})")
            shapes[name] = (delta @ matrix[:3, :3].T).astype(np.float32)
    material = ""
    if "material" in primitive:
        material = material_name(file, primitive["material"])
    faces = np.concatenate([triangles, triangles[:, 2:]], 1).astype(np.int32)
    piece = Piece(mesh_name, material, faces, faces if len(uv) else np.full_like(faces, -1))
    vertices = check_finite(local @ matrix[:3, :3].T + matrix[:3, 3], f"{file.path}:{key}")
    nobody = np.zeros((0, count, 3), np.float32)
    return SourceHead(str(file.path), vertices, uv, (piece,), shapes, nobody, unit_mm=METRE_MM)


def _vectors(file: GltfFile, index: Any, width: int, count: int | None, key: str) -> np.ndarray:
    values = file.accessor(index).astype(float)
    if values.shape[1] != width:
        raise file.fault(f"holds {values.shape[1]} numbers per vertex, not {width}", key)
    if count is not None and len(values) != count:
        raise file.fault(f"{len(values)} vertices, but the mesh has {count}", key)
    return values


def _triangles(file: GltfFile, primitive: dict[str, Any], count: int, key: str) -> np.ndarray:
    order = np.arange(count)
    if "indices" in primitive:
        table = file.accessor(primitive["indices"])
        if table.shape[1] != 1 or table.dtype.kind == "f":
            raise file.fault("are not whole numbers", f"{key}.indices")
        order = table[:, 0]
        if order.max() >= count:
            raise file.fault(f"index {int(order.max())} of {count} vertices", f"{key}.indices")
    mode = primitive.get("mode", 4)
    if len(order) < 3 or (mode == 4 and len(order) % 3):
        raise file.fault(f"{len(order)} corners do not make triangles", f"{key}.indices")
    if mode == 4:
        return order.reshape(-1, 3)
    if mode == 6:
        return np.stack([np.full(len(order) - 2, order[0]), order[1:-1], order[2:]], 1)
    strip = np.stack([order[:-2], order[1:-1], order[2:]], 1)
    strip[1::2] = strip[1::2][:, [1, 0, 2]]
    return strip
