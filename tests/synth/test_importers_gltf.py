"""glTF reading against an independent reader, and against itself in every encoding."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import trimesh
from scipy.spatial import cKDTree

from synth.importers.gltf import read_gltf
from synth.importers.gltf_buffers import GltfFile
from tests.synth.head_files import SHAPES, FileHead, GlbWriter, file_head, write_glb


@pytest.fixture(scope="module")
def head() -> FileHead:
    return file_head(1e-3)


def same_rows(one: np.ndarray, other: np.ndarray, tolerance: float) -> bool:
    """Return whether every row of either table has its like in the other."""
    there, back = cKDTree(one).query(other)[0], cKDTree(other).query(one)[0]
    return bool(max(there.max(), back.max()) < tolerance)


def test_positions_agree_with_trimesh(head: FileHead, tmp_path: Path) -> None:
    path = tmp_path / "h.glb"
    write_glb(head, path)
    theirs = trimesh.load(path, process=False).to_geometry()
    ours = read_gltf(path)
    used = np.unique(np.concatenate([piece.faces.ravel() for piece in ours.pieces]))
    assert same_rows(ours.vertices[used], np.asarray(theirs.vertices), 2e-6)
    area = trimesh.Trimesh(ours.vertices, np.concatenate([p.faces[:, :3] for p in ours.pieces]), process=False).area
    assert area == pytest.approx(theirs.area, rel=1e-4)


def test_targets_survive_every_encoding(head: FileHead, tmp_path: Path) -> None:
    write_glb(head, tmp_path / "plain.glb")
    write_glb(head, tmp_path / "packed.glb", packed=True)
    plain, packed = read_gltf(tmp_path / "plain.glb"), read_gltf(tmp_path / "packed.glb")
    assert set(plain.shapes) == set(packed.shapes) == set(SHAPES)
    assert {p.name for p in plain.pieces} == set(head.pieces)
    used = np.unique(np.concatenate([faces.ravel() for faces in head.pieces.values()]))
    for name in SHAPES:
        wanted = np.concatenate([head.vertices, head.shapes[name]], 1)[used]
        assert same_rows(np.concatenate([plain.vertices, plain.shapes[name]], 1), wanted, 2e-6)
        loose = np.concatenate([packed.vertices, packed.shapes[name]], 1)
        assert same_rows(loose, wanted, 3e-5)


def test_one_target_on_several_meshes_is_one_shape(head: FileHead, tmp_path: Path) -> None:
    write_glb(head, tmp_path / "h.glb")
    source = read_gltf(tmp_path / "h.glb")
    moving = np.linalg.norm(source.shapes["jawOpen"], axis=1) > 1e-4
    names = {piece.name for piece in source.pieces if moving[np.unique(piece.faces)].any()}
    assert {"skin", "teeth_lower"} <= names
    assert "eye_left" not in names


def triangle(node: dict, mode: int = 4, indices: np.ndarray | None = None) -> bytes:
    writer = GlbWriter()
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]], np.float32)
    push = np.tile(np.float32([0, 0, 1]), (4, 1))
    indices = np.array([0, 1, 2, 2, 1, 3], np.uint32) if indices is None else indices
    primitive = {
        "attributes": {"POSITION": writer.accessor(points)}, "indices": writer.accessor(indices), "mode": mode,
        "targets": [{"POSITION": writer.accessor(push)}],
    }  # fmt: skip
    writer.mesh("m", primitive, ["push"], node)
    return writer.bytes()


def test_node_transforms_reach_positions_and_targets(tmp_path: Path) -> None:
    half = float(np.sqrt(0.5))
    node = {"translation": [1, 2, 3], "rotation": [half, 0, 0, half], "scale": [2, 2, 2]}
    (tmp_path / "t.glb").write_bytes(triangle(node))
    source = read_gltf(tmp_path / "t.glb")
    turned = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0.0]])
    expected = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0.0]]) @ (2 * turned.T) + [1, 2, 3]
    assert same_rows(source.vertices, expected, 1e-6)
    np.testing.assert_allclose(source.shapes["push"], np.tile([0, -2, 0], (4, 1)), atol=1e-6)
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = 2 * turned, [1, 2, 3]
    (tmp_path / "m.glb").write_bytes(triangle({"matrix": matrix.T.ravel().tolist()}))
    assert same_rows(read_gltf(tmp_path / "m.glb").vertices, source.vertices, 1e-6)


@pytest.mark.parametrize(("mode", "order"), [(4, [0, 1, 2, 2, 1, 3]), (5, [0, 1, 2, 3]), (6, [0, 1, 3, 2])])
def test_strips_and_fans_cover_the_same_square_in_the_same_sense(mode: int, order: list[int], tmp_path: Path) -> None:
    (tmp_path / "s.glb").write_bytes(triangle({}, mode, np.array(order, np.uint16)))
    source = read_gltf(tmp_path / "s.glb")
    corners = source.vertices[source.pieces[0].faces[:, :3]]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert normal[:, 2].sum() == pytest.approx(2.0)
    assert (normal[:, 2] > 0).all()


def test_a_mirroring_node_keeps_faces_outside_out(tmp_path: Path) -> None:
    (tmp_path / "s.glb").write_bytes(triangle({"scale": [-1, 1, 1]}))
    source = read_gltf(tmp_path / "s.glb")
    corners = source.vertices[source.pieces[0].faces[:, :3]]
    assert (np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2] > 0).all()


def test_gltf_with_embedded_and_neighbouring_buffers(tmp_path: Path) -> None:
    data = triangle({})
    length = int.from_bytes(data[12:16], "little")
    document, chunk = json.loads(data[20 : 20 + length]), data[20 + length + 8 :]
    document["buffers"][0]["uri"] = "data:application/octet-stream;base64," + base64.b64encode(chunk).decode()
    (tmp_path / "inside.gltf").write_text(json.dumps(document))
    document["buffers"][0]["uri"] = "beside%20it.bin"
    (tmp_path / "beside it.bin").write_bytes(chunk)
    (tmp_path / "beside.gltf").write_text(json.dumps(document))
    inside, beside = read_gltf(tmp_path / "inside.gltf"), read_gltf(tmp_path / "beside.gltf")
    np.testing.assert_array_equal(inside.vertices, beside.vertices)


@pytest.mark.parametrize(("kind", "top"), [("int8", 127), ("int16", 32767), ("uint8", 255), ("uint16", 65535)])
def test_normalised_integers_span_the_unit_range(kind: str, top: int, tmp_path: Path) -> None:
    writer = GlbWriter()
    low = -top if kind.startswith("i") else 0
    index = writer.accessor(np.array([[low, 0, top]], kind), normalized=True)
    writer.document["meshes"].append({"primitives": []})
    (tmp_path / "n.glb").write_bytes(writer.bytes())
    values = GltfFile(tmp_path / "n.glb").accessor(index)
    np.testing.assert_allclose(values, [[low / top, 0, 1]])
