"""Portraits of a rig show holes, open lids and misplaced landmarks; a sound rig shows none of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from assets.rig import Rig
from assets.rig_bundle import load_rig, save_bundle
from assets.rig_checks import validate_rig
from assets.units import UNIT_INDEX
from cli.synth_assets import assets
from synth.importers.trial import try_rig

CHEEK = 425
"""Landmark on the left cheek."""


@pytest.fixture(scope="module")
def rig() -> Rig:
    return load_rig("hm08")


def faults(rig: Rig) -> str:
    return "\n".join(f"{problem.where}: {problem.what}" for problem in try_rig(rig).problems)


def test_the_built_in_rig_passes() -> None:
    result = CliRunner().invoke(assets, ["validate", "hm08"])
    assert result.exit_code == 0, result.output
    assert "without a hole" in result.output


def test_the_command_checks_the_arrays_too(rig: Rig, tmp_path: Path) -> None:
    shapes = rig.shapes_mm.copy()
    shapes[UNIT_INDEX["mouthSmileLeft"]] *= 0.5
    assert rig.landmarks is not None
    few = replace(rig.landmarks, vertices=rig.landmarks.vertices[:9], barycentric=rig.landmarks.barycentric[:9])
    for broken, what in (({"shapes_mm": shapes}, "differ in strength"), ({"landmarks": few}, "9 landmarks")):
        save_bundle(replace(rig, **broken), tmp_path)
        result = CliRunner().invoke(assets, ["validate", str(tmp_path), "--no-drawing"])
        assert result.exit_code == 2
        assert what in result.output


def test_a_rig_without_landmarks_says_so(rig: Rig) -> None:
    trial = try_rig(replace(rig, landmarks=None))
    assert trial.pictures == 0
    assert "no landmark table" in trial.problems[0].what


def test_missing_faces_of_the_cheek_are_a_hole_in_every_portrait(rig: Rig) -> None:
    skin = next(part for part in rig.parts if part.name == "skin")
    centre = rig.vertices_mm[skin.faces].mean(1)
    assert rig.landmarks is not None
    cheek = rig.landmarks.points(rig.vertices_mm)[CHEEK]
    keep = np.linalg.norm(centre - cheek, axis=1) > 10.0
    assert 0 < (~keep).sum() < 200
    torn = replace(skin, faces=skin.faces[keep], uv_faces=skin.uv_faces[keep])
    found = faults(replace(rig, parts=tuple(torn if part is skin else part for part in rig.parts)))
    assert "rest: the face has a hole" in found
    assert "browDownLeft: the face has a hole" in found


def test_lids_that_do_not_close_are_seen(rig: Rig) -> None:
    shapes = rig.shapes_mm.copy()
    shapes[UNIT_INDEX["eyeBlinkLeft"]] *= 0.2
    found = faults(replace(rig, shapes_mm=shapes))
    assert "of the left eye stays visible" in found
    assert "of the right eye" not in found


def test_a_landmark_table_of_another_place_is_seen(rig: Rig) -> None:
    assert rig.landmarks is not None
    turned = replace(rig.landmarks, vertices=np.roll(rig.landmarks.vertices, 40, axis=0))
    assert "beside what the network sees" in faults(replace(rig, landmarks=turned))


def test_left_and_right_exchanged_are_named(rig: Rig) -> None:
    shapes = rig.shapes_mm.copy()
    pair = [UNIT_INDEX["mouthSmileLeft"], UNIT_INDEX["mouthSmileRight"]]
    shapes[pair] = shapes[pair[::-1]]
    found = [problem for problem in validate_rig(replace(rig, shapes_mm=shapes)) if "wrong side" in problem.what]
    assert [problem.where.split()[-1] for problem in found] == ["mouthSmileLeft", "mouthSmileRight"]
    assert not [problem for problem in validate_rig(rig) if "wrong side" in problem.what]
