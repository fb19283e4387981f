"""The same head in other units and axes, mirrored and turned, lands in the same place with the same sides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from assets.rig import Rig
from assets.units import UNIT_INDEX
from synth.importers.assemble import Options, assemble
from synth.importers.gltf import read_gltf
from synth.importers.obj import read_obj_folder
from tests.synth.head_files import Z_UP, file_head, write_glb, write_obj_folder

AXES = {
    "y up": np.eye(3),
    "z up": Z_UP,
    "z up, facing y": np.diag([-1.0, -1, 1]) @ Z_UP,
    "back to front": np.diag([-1.0, 1, -1]),
    "x up": np.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]]),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Rig:
    path = tmp_path_factory.mktemp("plain") / "h.glb"
    write_glb(file_head(1e-3), path)
    return assemble(read_gltf(path), "own", Options())[0]


def check_same(rig: Rig, plain: Rig, tolerance_mm: float = 0.05) -> None:
    left, right = rig.eye_centres_mm()
    assert left[0] > 25 > -25 > right[0]
    for unit in ("jawOpen", "eyeBlinkLeft", "mouthSmileRight"):
        one, other = (
            np.concatenate([r.vertices_mm, r.shapes_mm[UNIT_INDEX[unit]]], 1).astype(float) for r in (plain, rig)
        )
        assert cKDTree(one).query(other)[0].max() < tolerance_mm
    assert outwards(rig) == pytest.approx(outwards(plain), rel=1e-3)


def outwards(rig: Rig) -> float:
    """Volume within the skin, positive where its faces show their outside."""
    skin = next(part for part in rig.parts if part.name == "skin")
    a, b, c, d = (rig.vertices_mm[skin.faces[:, k]].astype(float) for k in range(4))
    return float((np.cross(b, c) * a).sum() + (np.cross(c, d) * a).sum()) / 6


@pytest.mark.parametrize("scale", [1e-3, 0.01, 0.1, 1.0], ids=["m", "dm", "cm", "mm"])
@pytest.mark.parametrize("axes", AXES)
def test_units_and_axes_of_a_glb(scale: float, axes: str, plain: Rig, tmp_path: Path) -> None:
    write_glb(file_head(scale, AXES[axes]), tmp_path / "h.glb", packed=axes == "x up")
    check_same(assemble(read_gltf(tmp_path / "h.glb"), "own", Options())[0], plain)


def test_units_and_axes_of_obj_files(plain: Rig, tmp_path: Path) -> None:
    folder = write_obj_folder(file_head(0.1, Z_UP), tmp_path / "o")
    check_same(assemble(read_obj_folder(folder), "own", Options())[0], plain)


@pytest.mark.parametrize("scale", [[-1, 1, 1], [1, 1, -1], [-100, 100, 100], [-1, -1, -1]])
def test_mirrored_meshes_under_mirroring_nodes(scale: list[int], plain: Rig, tmp_path: Path) -> None:
    """The nodes undo what the meshes are: positions, targets and the outside of faces come out as they were."""
    head = file_head(1e-3)
    undone = {name: delta / scale for name, delta in head.shapes.items()}
    flip = slice(None, None, -1 if np.prod(scale) < 0 else 1)
    pieces = {name: faces[:, flip] for name, faces in head.pieces.items()}
    writer = write_glb(replace(head, vertices=head.vertices / scale, shapes=undone, pieces=pieces), tmp_path / "h.glb")
    for node in writer.document["nodes"]:
        node["scale"] = scale
    (tmp_path / "h.glb").write_bytes(writer.bytes())
    check_same(assemble(read_gltf(tmp_path / "h.glb"), "own", Options())[0], plain)


@pytest.mark.parametrize("turn", [(0, 25, 0), (0, 0, -15), (0, -20, 0)])
def test_a_turned_head_is_turned_back(turn: tuple[int, int, int], plain: Rig, tmp_path: Path) -> None:
    matrix = Rotation.from_euler("xyz", turn, degrees=True).as_matrix()
    write_glb(file_head(1e-3, matrix), tmp_path / "h.glb")
    rig, notes = assemble(read_gltf(tmp_path / "h.glb"), "own", Options())
    assert any("eyes are level" in note for note in notes)
    left, right = rig.eye_centres_mm()
    np.testing.assert_allclose((left - right)[1:], 0, atol=0.2)
    check_same(rig, plain, 0.5)
