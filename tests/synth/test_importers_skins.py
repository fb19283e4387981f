"""Skinned glTF meshes at rest, names, and what a file holds that is not used."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree

from assets.errors import InputError
from assets.keyed import rng_for
from assets.units import UNIT_INDEX
from synth.build.eyeballs import unit_eyeball
from synth.importers.assemble import Options, assemble
from synth.importers.gltf import read_gltf
from synth.importers.roles import ball_sized, components, find_eyeballs
from synth.importers.source import Piece, SourceHead
from tests.synth.head_files import FileHead, GlbWriter, file_head, write_glb
from tests.synth.test_importers_textures import png, skin_picture, textured_glb

POINTS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)


def rigid(seed: int) -> np.ndarray:
    """Return a random rotation, shift and uniform scale (4, 4)."""
    rng = rng_for(seed, "rigid")
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    matrix = np.eye(4)
    matrix[:3, :3] = turn * np.sign(np.linalg.det(turn)) * 1.7
    matrix[:3, 3] = rng.standard_normal(3)
    return matrix


def skinned(path: Path, weights: np.ndarray, table: np.ndarray, /, **change: object) -> tuple[np.ndarray, Path]:
    """Write a triangle on two joints; return the matrices (2, 4, 4) from its space into the scene."""
    writer = GlbWriter()
    worlds, inverse = (np.stack([rigid(k), rigid(k + 1)]) for k in (0, 2))
    attributes = {
        "POSITION": writer.accessor(POINTS), "JOINTS_0": writer.accessor(table),
        "WEIGHTS_0": writer.accessor(weights, normalized=weights.dtype.kind != "f"),
    }  # fmt: skip
    push = writer.accessor(np.tile(np.float32([0, 0, 1]), (3, 1)))
    writer.mesh("m", {"attributes": attributes, "targets": [{"POSITION": push}]}, ["jawOpen"], {"skin": 0})
    writer.document["nodes"][0]["translation"] = [50, 50, 50]
    for world in worlds:
        writer.document["nodes"].append({"matrix": world.T.ravel().tolist()})
    writer.document["scenes"][0]["nodes"] = [0, 1, 2]
    stored = np.stack([matrix.T.ravel() for matrix in inverse]).astype(np.float32)
    writer.document["skins"] = [{"joints": [1, 2], "inverseBindMatrices": writer.accessor(stored)} | change]
    path.write_bytes(writer.bytes())
    return worlds @ inverse, path


WEIGHTS = np.array([[1, 0, 0, 0], [0.25, 0.75, 0, 0], [0, 0, 0, 0]])
JOINTS = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]])


@pytest.mark.parametrize("kinds", [("float32", "uint8"), ("uint8", "uint16")])
def test_joints_put_vertices_and_targets_into_the_scene(kinds: tuple[str, str], tmp_path: Path) -> None:
    top = 1 if kinds[0] == "float32" else 255
    weights = np.round(WEIGHTS * top, 0 if top > 1 else 4).astype(kinds[0])
    bound, path = skinned(tmp_path / "s.glb", weights, JOINTS.astype(kinds[1]))
    head = read_gltf(path)
    share = weights[1, :2] / weights[1, :2].sum()
    mixed = np.stack([bound[1], share[0] * bound[0] + share[1] * bound[1], bound[0]])
    wanted = np.einsum("vij,vj->vi", mixed, np.column_stack([POINTS, np.ones(3)]))[:, :3]
    order = np.argsort(wanted[:, 0])[np.argsort(np.argsort(head.vertices[:, 0]))]
    np.testing.assert_allclose(head.vertices, wanted[order], atol=1e-5)
    np.testing.assert_allclose(head.shapes["jawOpen"], mixed[order][:, :3, 2], atol=1e-5)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"joints": [1, 9]}, "refers to nodes 9"),
        ({"joints": []}, "no joints"),
        ({"joints": [1]}, "lead out of its 1 joints"),
        ({"joints": [1, 2, 1]}, "2 inverse bind matrices for 3"),
    ],
)
def test_joints_that_do_not_fit_are_named(change: dict, what: str, tmp_path: Path) -> None:
    _, path = skinned(tmp_path / "s.glb", WEIGHTS.astype("float32"), JOINTS.astype("uint8"), **change)
    with pytest.raises(InputError, match=what):
        read_gltf(path)


def test_primitives_that_share_their_vertices_take_only_their_own(tmp_path: Path) -> None:
    writer = GlbWriter()
    points = writer.accessor(np.concatenate([POINTS, POINTS + np.array([0, 0, 1]), POINTS * 1e4]).astype(np.float32))
    primitives = [
        {"attributes": {"POSITION": points}, "indices": writer.accessor(np.arange(3 * k, 3 * k + 3).astype(np.uint16))}
        for k in range(2)
    ]
    writer.mesh("m", primitives[0], [], {})
    writer.document["meshes"][0]["primitives"].append(primitives[1])
    (tmp_path / "s.glb").write_bytes(writer.bytes())
    head = read_gltf(tmp_path / "s.glb")
    assert len(head.vertices) == 6
    assert [len(piece.faces) for piece in head.pieces] == [1, 1]


def test_names_of_any_script_survive_and_broken_ones_can_be_printed(tmp_path: Path) -> None:
    writer = GlbWriter()
    push = writer.accessor(POINTS)
    primitive = {"attributes": {"POSITION": writer.accessor(POINTS)}, "targets": [{"POSITION": push}] * 2}
    writer.mesh("Köpfchen 頭", primitive, ["улыбка", "x\ud800y"], {})
    writer.document["buffers"] = [{"byteLength": len(writer.data), "uri": "b.bin"}]
    (tmp_path / "b.bin").write_bytes(bytes(writer.data))
    (tmp_path / "h.gltf").write_bytes(b"\xef\xbb\xbf" + json.dumps(writer.document).encode())
    head = read_gltf(tmp_path / "h.gltf")
    assert head.pieces[0].name == "Köpfchen 頭"
    assert set(head.shapes) == {"улыбка", "x?y"}
    assert "".join(head.shapes).encode("utf-8")


def test_a_mirrored_head_is_refused_until_its_axes_are_given(tmp_path: Path) -> None:
    head = file_head(1e-3)
    writer = write_glb(head, tmp_path / "h.glb")
    for node in writer.document["nodes"]:
        node["scale"] = [-1, 1, 1]
    (tmp_path / "h.glb").write_bytes(writer.bytes())
    source = read_gltf(tmp_path / "h.glb")
    with pytest.raises(InputError, match="right side"):
        assemble(source, "own", Options())
    rig, notes = assemble(source, "own", Options(up="y", front="z"))
    plain, _ = assemble(read_gltf_of(head, tmp_path / "p.glb"), "own", Options())
    assert any("exchanged" in note for note in notes)
    for unit in (UNIT_INDEX["eyeBlinkLeft"], UNIT_INDEX["mouthSmileRight"]):
        weight = np.abs(rig.shapes_mm[unit]).sum(-1)
        side = (weight * rig.vertices_mm[:, 0]).sum() / weight.sum()
        other = np.abs(plain.shapes_mm[unit]).sum(-1)
        assert side == pytest.approx((other * plain.vertices_mm[:, 0]).sum() / other.sum(), abs=1.0)
    left, right = rig.eye_centres_mm()
    assert left[0] > 25
    assert right[0] < -25


def test_a_head_beside_the_origin_is_divided_in_its_own_middle(tmp_path: Path) -> None:
    head = file_head(1e-3)
    smile = head.shapes["mouthSmileLeft"] + head.shapes["mouthSmileRight"]
    both = {"mouthSmile": smile, "jawOpen": head.shapes["jawOpen"]}
    pieces = {n: f for n, f in head.pieces.items() if not n.startswith("eye")}
    pieces["eyeballs"] = np.concatenate([head.pieces["eye_left"], head.pieces["eye_right"]])
    rigs = []
    for aside in (0.0, 0.04):
        moved = replace(head, shapes=both, pieces=pieces, vertices=head.vertices + np.array([aside, 0.1, -0.2]))
        rigs.append(assemble(read_gltf_of(moved, tmp_path / "h.glb"), "own", Options())[0])
    for unit in ("mouthSmileLeft", "mouthSmileRight", "jawOpen"):
        one, other = (
            np.concatenate([rig.vertices_mm, rig.shapes_mm[UNIT_INDEX[unit]]], 1).astype(float) for rig in rigs
        )
        assert cKDTree(one).query(other)[0].max() < 0.02


def read_gltf_of(head: FileHead, path: Path) -> SourceHead:
    write_glb(head, path)
    return read_gltf(path)


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    path = tmp_path / "h.glb"
    head = file_head(1e-3)
    data = png(skin_picture(64))
    textured_glb(head, path, data, texCoord=1)
    assert any("coordinates of its own" in note for note in assemble(read_gltf(path), "own", Options())[1])
    writer = write_glb(head, path)
    writer.document["materials"] = [{"name": "hide", "normalTexture": {"index": 0}}]
    next(m for m in writer.document["meshes"] if m["name"] == "skin")["primitives"][0]["material"] = 0
    path.write_bytes(writer.bytes())
    notes = assemble(read_gltf(path), "own", Options())[1]
    assert any("normal maps are not used" in note and "'hide'" in note for note in notes)


def test_eyeballs_are_found_among_many_strands_of_hair() -> None:
    directions, radii, quads, _ = unit_eyeball()
    ball = directions * (12 * radii)[:, None]
    rng = rng_for(0, "strands")
    roots = rng.uniform(-90, 90, (3000, 1, 3)) - np.array([0, 0, 150])
    strands = (roots + rng.uniform(-1, 1, (3000, 4, 3))).reshape(-1, 3)
    points = np.concatenate([ball + np.array([31, 0, 0]), ball - np.array([31, 0, 0]), strands])
    size, first = len(ball), 2 * len(ball)
    strips = first + np.arange(4 * 3000).reshape(-1, 4)
    faces = np.concatenate([quads, quads + size, np.repeat(strips, 12, 0)]).astype(np.int32)
    numbers = ball_sized(faces, components(faces, len(points)), points)
    assert len(numbers) == 2
    pair = find_eyeballs([Piece("all", "", faces, faces)], points)
    assert pair is not None
    for mask, side in zip(pair, (1, -1), strict=True):
        assert mask.sum() == len(quads)
        assert (points[faces[mask], 0] * side > 0).all()


def test_a_head_in_one_piece_says_that_its_teeth_are_not_known(tmp_path: Path) -> None:
    head = file_head(1e-3)
    one = replace(head, pieces={"Object_1": np.concatenate(list(head.pieces.values()))})
    notes = assemble(read_gltf_of(one, tmp_path / "h.glb"), "own", Options())[1]
    assert any("no teeth" in note for note in notes)
    assert not any("no teeth" in note for note in assemble(read_gltf_of(head, tmp_path / "h.glb"), "own", Options())[1])
