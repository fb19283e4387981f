"""Shape names of other programs: a table, a map file, proposals, no guesses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assets.errors import InputError
from assets.units import GAZE_UNITS, UNIT_INDEX, UNITS
from synth.importers.roles import ROLES, role_of
from synth.importers.shape_names import match_names, read_map, split_side, unit_shapes, units_of


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_is_known_in_the_usual_spellings(unit: str) -> None:
    stem, side = split_side(unit)
    spellings = {unit, unit[0].upper() + unit[1:], "blendShape1." + unit, "Head:" + unit, "ARKit_" + unit}
    if side:
        spellings |= {f"{stem}_{side[0]}", f"{stem}{side[0]}", f"{stem}.{side[0]}", f"{stem}_{side.lower()}"}
    for spelling in spellings:
        assert units_of(spelling) == (unit,), spelling


@pytest.mark.parametrize(("name", "units"), [
    ("Mouth_Smile_L", ("mouthSmileLeft",)), ("Jaw_Open", ("jawOpen",)), ("Brow_Raise_Outer_R", ("browOuterUpRight",)),
    ("mouthSmile", ("mouthSmileLeft", "mouthSmileRight")), ("eyesClosed", ("eyeBlinkLeft", "eyeBlinkRight")),
    ("browInnerUp_L", ("browInnerUp",)), ("cheekPuff_R", ("cheekPuff",)), ("jaw_L", ("jawLeft",)),
    ("viseme_aa", ()), ("mouthSmil_L", ()), ("", ()), ("L", ()), ("eye", ()),
])  # fmt: skip
def test_known_and_unknown_names(name: str, units: tuple[str, ...]) -> None:
    assert units_of(name) == units


def test_no_two_units_share_a_spelling() -> None:
    seen = [units_of(unit.replace("Left", "_L").replace("Right", "_R")) for unit in UNITS]
    assert sorted(seen) == sorted((unit,) for unit in UNITS)


def test_close_names_are_proposed_and_not_used() -> None:
    matching = match_names(["mouthSmill_L", "jawOpen", "viseme_oh"], {}, "head.glb")
    assert set(matching.units) == {"jawOpen"}
    assert matching.proposed == {"mouthSmill_L": "mouthSmileLeft"}
    assert matching.unknown == ("viseme_oh",)


def test_users_table_goes_first_and_may_leave_out() -> None:
    matching = match_names(["A", "jawOpen"], {"A": "mouthPucker", "jawOpen": ""}, "x")
    assert matching.units == {"mouthPucker": ("A",)}


def test_doubles_are_refused_but_halves_are_summed() -> None:
    with pytest.raises(InputError, match="both mean eyeBlinkLeft"):
        match_names(["eyeBlink_L", "eyeBlinkLeft"], {}, "x")
    assert match_names(["browInnerUp_L", "browInnerUp_R"], {}, "x").units["browInnerUp"] == (
        "browInnerUp_L",
        "browInnerUp_R",
    )
    with pytest.raises(InputError, match="no shape 'Z'"):
        match_names(["jawOpen"], {"Z": "jawOpen"}, "x")


def test_sided_shapes_win_over_a_shape_for_both_sides() -> None:
    matching = match_names(["mouthSmile", "mouthSmile_L", "mouthSmile_R"], {}, "x")
    assert matching.units["mouthSmileLeft"] == ("mouthSmile_L",)
    assert matching.split == ()


def test_divided_halves_add_up_to_the_whole() -> None:
    x = np.linspace(-60, 60, 41)
    whole = np.random.Generator(np.random.PCG64(0)).normal(size=(41, 3)).astype(np.float32)
    matching = match_names(["mouthSmile"], {}, "x")
    shapes, has = unit_shapes({"mouthSmile": whole}, matching, x)
    left, right = shapes[UNIT_INDEX["mouthSmileLeft"]], shapes[UNIT_INDEX["mouthSmileRight"]]
    np.testing.assert_allclose(left + right, whole, atol=1e-6)
    assert np.abs(left[x < -7]).max() == 0 == np.abs(right[x > 7]).max()
    assert has.sum() == 2


def test_map_file_lists_all_its_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "names.toml"
    path.write_text('[shapes]\n"a" = "mouthSmielLeft"\n"b" = "jawOpen"\n[parts]\n"c" = "eyee"\n[other]\n')
    with pytest.raises(InputError) as error:
        read_map(path, ROLES)
    assert len(error.value.problems) == 3
    assert "mouthSmileLeft" in str(error.value)
    path.write_text('[shapes]\n"b" = "jawOpen"\n"c" = ""\n')
    assert read_map(path, ROLES).shapes == {"b": "jawOpen", "c": ""}


@pytest.mark.parametrize(("name", "role"), [
    ("EyeLeft", "eye_left"), ("eye_r", "eye_right"), ("Eyeball.L", "eye_left"), ("Wolf3D_Teeth", "teeth"),
    ("teeth_lower", "teeth_lower"), ("EyeAO_shadow", "drop"), ("Eyelashes", "lashes"), ("Head", "skin"),
    ("tongue", "tongue"), ("MouthCavity", "cavity"), ("Wolf3D_Hair", "hair"), ("Object_7", ""), ("eyelids", "skin"),
    ("eyebrows", "brows"), ("gums", "cavity"),
])  # fmt: skip
def test_roles_by_name(name: str, role: str) -> None:
    assert role_of(name, "") == role


def test_gaze_units_have_names_too() -> None:
    assert all(units_of(name) == (name,) for name in GAZE_UNITS)
