"""Coverage tells driven, approximated and missing Action Units apart."""

from __future__ import annotations

import json

import numpy as np
import pytest

from assets.coverage import coverage, coverage_lines
from assets.errors import InputError
from assets.rig import Licence, Rig
from assets.units import AU_UNITS, UNIT_INDEX, UNITS


def rig_with(*names: str, size_mm: float = 5.0) -> Rig:
    """Return a rig of three vertices that has only the named units."""
    shapes = np.zeros((52, 3, 3), np.float32)
    has = np.zeros(52, bool)
    for name in names:
        shapes[UNIT_INDEX[name], 0, 1] = size_mm
        has[UNIT_INDEX[name]] = True
    return Rig(
        "r", "1", Licence("CC0-1.0", "nobody", "here", True), np.zeros((3, 3), np.float32),
        np.zeros((1, 2), np.float32),
        (), shapes, has, (), np.zeros((0, 3, 3), np.float32), {}, None, np.zeros((2, 1), np.int32),
    )  # fmt: skip


def test_full_rig_drives_every_unit_of_its_own() -> None:
    table = coverage(rig_with(*UNITS), list(AU_UNITS))
    assert {c for c, row in table.items() if row["status"] != "driven"} == {"AU23", "AU25"}
    assert table["AU23"]["status"] == "approximated"
    json.dumps(table)


def test_missing_side_small_movement_and_nothing_at_all() -> None:
    table = coverage(rig_with("mouthSmileLeft", "jawOpen", size_mm=1.5), ["AU12", 26, "27", 4, 11])
    assert table["AU12"]["status"] == "approximated"
    assert table["AU12"]["absent"] == ["mouthSmileRight"]
    assert "one side" in table["AU12"]["note"]
    assert (table["AU26"]["status"], table["AU26"]["peak_mm"]) == ("approximated", 0.75)
    assert table["AU27"]["status"] == "driven"
    assert table["AU04"]["status"] == table["AU11"]["status"] == "missing"
    assert list(table) == ["AU12", "AU26", "AU27", "AU04", "AU11"]


def test_peak_is_the_longest_vector_of_the_sum() -> None:
    rig = rig_with("jawOpen")
    rig.shapes_mm[UNIT_INDEX["jawOpen"], 2] = (6, 0, 8)
    assert coverage(rig, [27])["AU27"]["peak_mm"] == 10.0
    assert "10.0 mm" in coverage_lines(coverage(rig, [27]))[0]


def test_unknown_action_unit_is_named() -> None:
    with pytest.raises(InputError, match="AU3"):
        coverage(rig_with("jawOpen"), ["AU3"])
