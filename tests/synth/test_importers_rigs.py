"""Whole imports: a GLB and an OBJ folder with other names, units, axes and topology; ICT-FaceKit; the document."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from assets.coverage import coverage
from assets.rig import Rig
from assets.rig_bundle import load_rig, save_bundle
from assets.rig_lids import closing_gain
from assets.units import UNIT_INDEX
from cli.synth_assets import assets
from synth.avatars.sample import sample_avatars
from synth.importers.dimorphism import dimorphism
from synth.importers.importing import ImportReport, import_head
from synth.importers.rig_sheet import SCENE, full_strength, shown_units
from tests.synth.head_files import SHAPES, Z_UP, file_head, write_glb, write_obj_folder

RENAMED = {
    "jawOpen": "Jaw_Open", "mouthSmileLeft": "bs.Mouth_Smile_L", "mouthSmileRight": "bs.Mouth_Smile_R",
    "eyeBlinkLeft": "Eye_Blink.L", "eyeBlinkRight": "Eye_Blink.R", "mouthPucker": "mouthPuker",
}  # fmt: skip


@pytest.fixture(scope="module")
def glb_rig(tmp_path_factory: pytest.TempPathFactory) -> tuple[Rig, ImportReport]:
    folder = tmp_path_factory.mktemp("glb")
    write_glb(file_head(0.1, Z_UP, RENAMED), folder / "head.glb", packed=True)
    return import_head(folder / "head.glb", "glb-head")


def check_frame(rig: Rig) -> None:
    """The rig stands in its frame, in millimetres."""
    centres = rig.eye_centres_mm()
    origin = load_rig("hm08").eye_centres_mm()
    np.testing.assert_allclose(centres.mean(0), 0, atol=1e-3)
    np.testing.assert_allclose(centres[0, 0] - centres[1, 0], origin[0, 0] - origin[1, 0], rtol=0.02)
    assert rig.landmarks is not None
    points = rig.landmarks.points(rig.vertices_mm)
    assert points[4, 2] > 20
    assert points[152, 1] < -70
    assert points[263, 0] > 30
    drop = rig.shapes_mm[UNIT_INDEX["jawOpen"]]
    assert drop[:, 1].min() < -25


@pytest.mark.slow
def test_a_packed_glb_in_centimetres_with_z_up(glb_rig: tuple[Rig, ImportReport]) -> None:
    rig, report = glb_rig
    check_frame(rig)
    assert "unit cm" in " ".join(report.notes)
    assert any("mouthPuker" in note and "mouthPucker" in note for note in report.notes)
    assert int(rig.has_shape.sum()) == len(SHAPES) - 1
    assert any("no identity modes" in note for note in report.notes)
    assert len(rig.identity_mm) == 0
    assert set(rig.axes) == set(load_rig("hm08").axes)
    assert report.residual_mm < 3
    assert rig.licence.may_train is False
    assert coverage(rig, [12])["AU12"]["status"] == "driven"
    assert coverage(rig, [18])["AU18"]["status"] == "missing"


@pytest.mark.slow
def test_what_a_head_borrows(glb_rig: tuple[Rig, ImportReport]) -> None:
    rig, reference = glb_rig[0], load_rig("hm08")
    assert set(rig.maps) == set(reference.maps)
    assert rig.lid_pairs is not None
    np.testing.assert_allclose(closing_gain(rig), 1, atol=0.2)
    styles = {part.name: part for part in rig.parts if part.optional}
    assert set(styles) == {part.name for part in reference.parts if part.optional}
    for part in reference.parts:
        if part.name in styles:
            mine, theirs = rig.vertices_mm[styles[part.name].faces], reference.vertices_mm[part.faces]
            assert np.median(np.linalg.norm(mine - theirs, axis=-1)) < 4
    lashes = next(part for part in rig.parts if part.material == "lash")
    blink = rig.shapes_mm[UNIT_INDEX["eyeBlinkLeft"]][np.unique(lashes.faces)]
    assert blink[:, 1].min() < -3
    assert np.abs(rig.shapes_mm[:, np.unique(styles[min(styles)].faces)]).max() == 0


@pytest.mark.slow
def test_an_imported_rig_saves_loads_samples_and_draws(glb_rig: tuple[Rig, ImportReport], tmp_path: Path) -> None:
    from synth.avatars.build import build_avatar
    from synth.avatars.pose import pose_vertices
    from synth.render.choose import open_renderer
    from synth.render.scene import Pose

    save_bundle(glb_rig[0], tmp_path / "rig")
    rig = load_rig(tmp_path / "rig")
    assert rig.fingerprint == glb_rig[0].fingerprint
    renderer = open_renderer("software", 96, 1)
    faces = []
    for spec in sample_avatars(3, rig, 2):
        mesh = build_avatar(rig, spec)
        weights = np.zeros((2, 52), np.float32)
        weights[1, UNIT_INDEX["jawOpen"]] = 1
        positions, normals = pose_vertices(mesh, weights)
        renderer.load(mesh, SCENE)
        rest, opened = (
            renderer.draw(p, n, w, Pose(np.eye(3))) for p, n, w in zip(positions, normals, weights, strict=True)
        )
        assert rest.std() > 20
        changed = np.abs(rest.astype(int) - opened).sum(-1) > 30
        assert changed[58:].sum() > 0.85 * changed.sum() > 50
        faces.append(rest.astype(int))
    assert (np.abs(faces[0] - faces[1]).sum(-1) > 30).mean() > 0.1


@pytest.mark.slow
def test_the_document_from_an_obj_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of docs/own-avatar.md run as they are printed, on a generated head (rendering aside)."""
    text = (Path(__file__).parents[2] / "docs" / "own-avatar.md").read_text()
    block = re.search(r"```sh\n(.*?)```", text, re.DOTALL)
    assert block
    lines = [line for line in block.group(1).splitlines() if line.startswith("synth assets")]
    assert len(lines) == 3
    write_obj_folder(file_head(1e-3), tmp_path / "shapes")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TWINFACE_RIGS", str(tmp_path / "library"))
    import shlex

    for line in lines:
        words = shlex.split(line.replace("head.glb", "shapes"))[2:]
        if words[0] == "view":
            words += ["--size", "64", "--renderer", "software", "--units-only"]
        done = CliRunner().invoke(assets, words, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        if words[0] == "import":
            assert "next: synth assets view me" in done.output
        if words[0] == "coverage":
            assert "AU12 lip corner puller" in done.output
            assert done.output.count("\n") == 10
    assert (tmp_path / "me.png").stat().st_size > 10_000
    rig = load_rig("me")
    check_frame(rig)
    assert rig.licence.spdx == "CC-BY-4.0"
    assert rig.licence.may_train
    again = CliRunner().invoke(assets, shlex.split(lines[0].replace("head.glb", "shapes"))[2:])
    assert again.exit_code == 2
    assert "--overwrite" in again.output


@pytest.fixture(scope="module")
def ict(shared_dir: Path) -> tuple[Rig, ImportReport]:
    return import_head(shared_dir / "ict-facekit.tar.xz", "ict")


@pytest.mark.slow
@pytest.mark.shared
def test_ict_facekit(ict: tuple[Rig, ImportReport], tmp_path: Path) -> None:
    rig, report = ict
    check_frame(rig)
    assert int(rig.has_shape.sum()) == 51
    assert not rig.has_shape[UNIT_INDEX["tongueOut"]]
    assert report.residual_mm < 2
    assert len(rig.identity_mm) >= 60
    assert (rig.licence.spdx, rig.licence.may_train) == ("MIT", True)
    save_bundle(rig, tmp_path)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 15 * 2**20
    table = coverage(rig, [1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 24, 26])
    assert {row["status"] for row in table.values()} == {"driven"}
    np.testing.assert_allclose(closing_gain(rig), 1, atol=0.35)


@pytest.mark.slow
@pytest.mark.shared
def test_gender_of_ict_facekit_by_proportions_it_was_not_made_from(ict: tuple[Rig, ImportReport]) -> None:
    rig, report = ict
    found = dimorphism(rig, 300)
    assert found.agreeing >= 6
    assert found.joint_d_prime > 1.5
    axis = next(note for note in report.notes if note.startswith("gender axis learned"))
    assert int(re.search(r"(\d+) %", axis).group(1)) >= 85
    assert rig.landmarks is not None
    modes = np.array([rig.landmarks.points(mode)[:468] for mode in rig.identity_mm]).reshape(len(rig.identity_mm), -1)
    gender = rig.landmarks.points(rig.axes["gender"].delta_mm)[:468].ravel()
    leak = np.linalg.lstsq(modes.T, gender, rcond=None)[0]
    assert np.isfinite(leak).all()


def test_shown_units_and_full_strength() -> None:
    units = shown_units(load_rig("hm08"))
    assert "mouthSmileLeft" in units
    assert "mouthSmileRight" not in units
    assert {"jawLeft", "jawRight", "mouthLeft", "mouthRight"} <= set(units)
    assert full_strength("mouthSmileLeft") == {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0}
    assert full_strength("jawLeft") == {"jawLeft": 1.0}
