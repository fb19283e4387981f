"""glTF and GLB heads with morph targets: nodes, meshes, targets and their names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from assets.errors import InputError
from synth.importers.gltf_buffers import GltfFile, clean_name
from synth.importers.gltf_skins import rest_matrices
from synth.importers.gltf_textures import colour_textures, material_name
from synth.importers.obj import REACH_LIMIT, VERTEX_LIMIT, check_finite
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
    nodes = _world(file)
    worlds = {index: matrix for index, _, matrix in nodes}
    for index, node, _ in nodes:
        if "mesh" in node:
            heads.append(_mesh_head(file, file.entry("meshes", node["mesh"]), index, worlds))
    if not heads:
        raise InputError.one("no mesh in its scene", path, "export the head with its meshes selected")
    total = sum(len(head.vertices) for head in heads)
    if total > VERTEX_LIMIT:
        raise InputError.one(f"{total} vertices, more than {VERTEX_LIMIT}", path, "decimate the mesh")
    head = merge(heads, str(path))
    used = {piece.material for piece in head.pieces if (piece.uv_faces >= 0).all()}
    textures, left_out = colour_textures(file, used)
    return weld(replace(head, textures=textures, left_out=left_out))


def _world(file: GltfFile) -> list[tuple[int, dict[str, Any], np.ndarray]]:
    """Return every node of the scene with its number and its world matrix."""
    document = file.document
    if "scenes" in document:
        scene = document.get("scene", 0)
        roots = _numbers(file, file.entry("scenes", scene), "nodes", f"scenes[{scene}]")
    else:
        nodes = [node if isinstance(node, dict) else {} for node in file.table("nodes")]
        children = {c for k, node in enumerate(nodes) for c in _numbers(file, node, "children", f"nodes[{k}]")}
        roots = [k for k in range(len(nodes)) if k not in children]
    found: list[tuple[int, dict[str, Any], np.ndarray]] = []
    seen: set[int] = set()
    stack = [(index, np.eye(4), 0) for index in reversed(roots)]
    while stack:
        index, above, depth = stack.pop()
        node = file.entry("nodes", index)
        if index in seen or depth > DEPTH_LIMIT:
            raise file.fault("is its own ancestor, or has two parents", f"nodes[{index}].children")
        seen.add(index)
        matrix = above @ _local(file, node, index)
        found.append((index, node, matrix))
        children_of = _numbers(file, node, "children", f"nodes[{index}]")
        stack += [(child, matrix, depth + 1) for child in reversed(children_of)]
    return found


def _numbers(file: GltfFile, holder: dict[str, Any], key: str, where: str) -> list[int]:
    values = holder.get(key, [])
    if not isinstance(values, list) or not all(isinstance(v, int) and not isinstance(v, bool) for v in values):
        raise file.fault("is not a list of numbers of nodes", f"{where}.{key}")
    return values


def _local(file: GltfFile, node: dict[str, Any], index: int) -> np.ndarray:
    def numbers(key: str, count: int, default: list[float]) -> np.ndarray:
        try:
            values = np.array(node.get(key, default), float)
        except (TypeError, ValueError):
            values = np.zeros(0)
        if values.shape != (count,) or not (np.abs(values) <= REACH_LIMIT).all():
            raise file.fault(f"is not a list of {count} usable numbers", f"nodes[{index}].{key}")
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


def _mesh_head(file: GltfFile, mesh: dict[str, Any], index: int, worlds: dict[int, np.ndarray]) -> SourceHead:
    node = file.entry("nodes", index)
    number = node["mesh"]
    primitives = mesh.get("primitives")
    if not isinstance(primitives, list) or not primitives:
        raise file.fault("has no primitives", f"meshes[{number}]")
    name = clean_name(node.get("name")) or clean_name(mesh.get("name")) or f"mesh {number}"
    heads = []
    for k, primitive in enumerate(primitives):
        key = f"meshes[{number}].primitives[{k}]"
        if not isinstance(primitive, dict):
            raise file.fault("is not an object", key)
        if primitive.get("mode", 4) not in _TRIANGLE_MODES:
            continue
        names = _target_names(file, mesh, primitive, key)
        local = _primitive_head(file, primitive, names, name, key)
        heads.append(_placed(file, local, primitive, node, worlds, index, key))
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
            found = [clean_name(name) for name in extras["targetNames"]]
            break
    if found is None:
        found = [
            clean_name(target.get("name", f"target {k}")) if isinstance(target, dict) else ""
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
    file: GltfFile, primitive: dict[str, Any], names: list[str], mesh_name: str, key: str
) -> SourceHead:
    """Return a primitive in its own space, all vertices of its accessors included."""
    attributes = primitive.get("attributes")
    if not isinstance(attributes, dict) or "POSITION" not in attributes:
        raise file.fault("has no POSITION", f"{key}.attributes")
    vertices = _vectors(file, attributes["POSITION"], 3, None, f"{key}.attributes.POSITION")
    count = len(vertices)
    uv = np.zeros((0, 2))
    if "TEXCOORD_0" in attributes:
        uv = _vectors(file, attributes["TEXCOORD_0"], 2, count, f"{key}.attributes.TEXCOORD_0") * [1, -1] + [0, 1]
    triangles = _triangles(file, primitive, count, key)
    shapes = {}
    for name, target in zip(names, primitive.get("targets", []), strict=bool(primitive.get("targets"))):
        if isinstance(target, dict) and "POSITION" in target:
            shapes[name] = _vectors(file, target["POSITION"], 3, count, f"{key}.targets ({name})")
    material = material_name(file, primitive["material"]) if "material" in primitive else ""
    faces = np.concatenate([triangles, triangles[:, 2:]], 1).astype(np.int32)
    piece = Piece(mesh_name, material, faces, faces if len(uv) else np.full_like(faces, -1))
    nobody = np.zeros((0, count, 3), np.float32)
    return SourceHead(str(file.path), vertices, uv, (piece,), shapes, nobody, unit_mm=METRE_MM)


def _placed(
    file: GltfFile, head: SourceHead, primitive: dict[str, Any], node: dict[str, Any],
    worlds: dict[int, np.ndarray], index: int, key: str,
) -> SourceHead:  # fmt: skip
    """Return a primitive in the scene, without the vertices that its faces leave out, its faces outside out."""
    piece, matrices = head.pieces[0], None
    if "skin" in node:
        matrices = rest_matrices(file, node, primitive["attributes"], len(head.vertices), worlds)
    if matrices is None:
        matrices = np.broadcast_to(worlds[index], (len(head.vertices), 4, 4))
    used, faces = np.unique(piece.faces, return_inverse=True)
    faces = faces.reshape(piece.faces.shape).astype(np.int32)
    turn = matrices[used, :3, :3]
    if np.linalg.det(turn.mean(0)) < 0:
        faces = faces[:, [2, 1, 0, 0]]
    vertices = np.einsum("vij,vj->vi", turn, head.vertices[used]) + matrices[used, :3, 3]
    shapes = {}
    for name, delta in head.shapes.items():
        moved = check_finite(np.einsum("vij,vj->vi", turn, delta[used]), f"{file.path}:{key}.targets ({name})")
        shapes[name] = moved.astype(np.float32)
    return replace(
        head,
        vertices=check_finite(vertices, f"{file.path}:{key}"),
        uv=head.uv[used] if len(head.uv) else head.uv,
        pieces=(replace(piece, faces=faces, uv_faces=faces if len(head.uv) else np.full_like(faces, -1)),),
        shapes=shapes,
        identity=head.identity[:, used],
    )


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
