"""The bundle format: what is saved comes back, and broken bundles are refused with file, key and mend."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from assets.errors import InputError
from assets.npz_safe import read_arrays, write_arrays
from assets.rig import LandmarkTable
from assets.rig_bundle import STEP_MM, fingerprinted, load_rig, save_bundle, with_landmarks
from tests.assets.tiny_rig import tiny_rig


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    save_bundle(tiny_rig(), tmp_path / "tiny")
    return tmp_path / "tiny"


def rewrite(folder: Path, change: Callable[[dict], None]) -> None:
    arrays = dict(np.load(folder / "arrays.npz"))
    change(arrays)
    write_arrays(folder / "arrays.npz", arrays)


def edit(folder: Path, change: Callable[[dict], None]) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def refusal(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_rig(folder)
    assert all(problem.mend for problem in caught.value.problems)
    assert str(folder) in str(caught.value)
    return str(caught.value)


def test_round_trip_keeps_everything(bundle: Path) -> None:
    rig, back = tiny_rig(), load_rig(bundle)
    np.testing.assert_array_equal(back.vertices_mm, rig.vertices_mm)
    np.testing.assert_allclose(back.shapes_mm, rig.shapes_mm, atol=STEP_MM / 2 + 1e-6)
    np.testing.assert_allclose(back.identity_mm, rig.identity_mm, atol=STEP_MM / 2 + 1e-6)
    np.testing.assert_allclose(back.axes["gender"].delta_mm, rig.axes["gender"].delta_mm, atol=STEP_MM / 2 + 1e-6)
    np.testing.assert_array_equal(back.maps["lips"], rig.maps["lips"])
    np.testing.assert_array_equal(back.lid_pairs, rig.lid_pairs)
    assert back.correctives[0].drivers == rig.correctives[0].drivers
    assert (back.licence, back.regions) == (rig.licence, rig.regions)
    assert [(p.name, p.material, p.subdivide, p.optional) for p in back.parts] == [
        (p.name, p.material, p.subdivide, p.optional) for p in rig.parts
    ]


def test_equal_content_gives_equal_bytes_and_fingerprint(tmp_path: Path) -> None:
    first, second = (save_bundle(tiny_rig(), tmp_path / name) for name in ("a", "b"))
    assert (tmp_path / "a/arrays.npz").read_bytes() == (tmp_path / "b/arrays.npz").read_bytes()
    assert first["fingerprint"] == second["fingerprint"] == fingerprinted(load_rig(tmp_path / "a")).fingerprint


def test_landmarks_change_the_fingerprint(bundle: Path) -> None:
    rig = load_rig(bundle)
    table = LandmarkTable("mediapipe478", np.array([[1, 2, 3]], np.int32), np.full((1, 3), 1 / 3, np.float32))
    assert with_landmarks(rig, table).fingerprint != rig.fingerprint


def test_loaded_arrays_are_read_only(bundle: Path) -> None:
    rig = load_rig(bundle)
    for array in (rig.vertices_mm, rig.shapes_mm, rig.parts[0].faces):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_unknown_name_gives_a_hint() -> None:
    with pytest.raises(InputError, match="hm08"):
        load_rig("hm80")


@pytest.mark.parametrize("key", ["vertices_mm", "shapes", "faces/skin", "axis/gender", "corrective/00", "map/lips"])
def test_missing_array_is_named(bundle: Path, key: str) -> None:
    rewrite(bundle, lambda arrays: arrays.pop(key))
    assert f"{key}: missing" in refusal(bundle)


def test_values_that_are_not_finite(bundle: Path) -> None:
    rewrite(bundle, lambda arrays: arrays["vertices_mm"].__setitem__((0, 0), np.nan))
    assert "vertices_mm: damaged array (values are not finite)" in refusal(bundle)


def test_counts_that_do_not_match(bundle: Path) -> None:
    rewrite(bundle, lambda arrays: arrays.__setitem__("shapes", arrays["shapes"][:, :-1]))
    assert "shapes: shape (52, 7, 3), expected 52 × 8 × 3" in refusal(bundle)


def test_index_out_of_range(bundle: Path) -> None:
    rewrite(bundle, lambda arrays: arrays["faces/skin"].__setitem__((0, 0), 99))
    assert "faces/skin: an index lies outside of 0 … 7" in refusal(bundle)


def test_truncated_archive(bundle: Path) -> None:
    path = bundle / "arrays.npz"
    path.write_bytes(path.read_bytes()[:-200])
    assert "not a readable npz archive" in refusal(bundle)


def test_pickled_array_is_never_loaded(bundle: Path) -> None:
    np.savez(bundle / "arrays.npz", vertices_mm=np.array([{"a": 1}], dtype=object))
    assert "not a plain number" in refusal(bundle)


def test_member_outside_of_the_archive(bundle: Path) -> None:
    with zipfile.ZipFile(bundle / "arrays.npz", "a") as archive:
        archive.writestr("../escape.npy", b"x")
    assert "unexpected member name" in refusal(bundle)


def test_huge_declared_shape_is_not_allocated(bundle: Path) -> None:
    member = io.BytesIO()
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000, 3), }"
    padded = header + b" " * (63 - (len(header) + 10) % 64) + b"\n"
    member.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded)
    arrays = dict(np.load(bundle / "arrays.npz"))
    arrays.pop("vertices_mm")
    write_arrays(bundle / "arrays.npz", arrays)
    with zipfile.ZipFile(bundle / "arrays.npz", "a") as archive:
        archive.writestr("vertices_mm.npy", member.getvalue())
    assert "does not match its 0 bytes" in refusal(bundle)


def test_archive_that_declares_too_much(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assets.npz_safe.TOTAL_LIMIT_BYTES", 1000)
    assert "more than 1000" in refusal(bundle)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(format="other"), "not a twinface-rig manifest"),
        (lambda m: m["parts"][0].update(optional=True), "no part of skin"),
        (lambda m: m.update(format_version=99), "format version 99"),
        (lambda m: m.pop("parts"), "parts: missing or not a list"),
        (lambda m: m.update(name=5), "name: missing or not a str"),
        (lambda m: m["units"].append("jawOpn"), "did you mean 'jawOpen'"),
        (lambda m: m["licence"].update(spdx=""), "licence.spdx: empty"),
        (lambda m: m["licence"].pop("source"), "needs spdx, attribution, source and may_train"),
        (lambda m: m["parts"][0].update(material="jelly"), "unknown material 'jelly'"),
        (lambda m: m["regions"].update(head=[0, 1]), "not a box of four numbers"),
    ],
)
def test_wrong_manifest(bundle: Path, change: Callable[[dict], None], message: str) -> None:
    edit(bundle, change)
    assert message in refusal(bundle)


def test_manifest_that_is_not_json(bundle: Path) -> None:
    (bundle / "manifest.json").write_text("{")
    assert "not a JSON document" in refusal(bundle)


def test_several_mistakes_are_reported_at_once(bundle: Path) -> None:
    rewrite(bundle, lambda arrays: (arrays.pop("uv"), arrays.pop("shapes")))
    text = refusal(bundle)
    assert "uv: missing" in text
    assert "shapes: missing" in text


def test_arrays_round_trip_every_plain_dtype(tmp_path: Path) -> None:
    arrays = {name: np.arange(6).reshape(2, 3).astype(name) for name in ("int16", "float32", "uint8", "bool")}
    arrays["fortran"] = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    write_arrays(tmp_path / "a.npz", arrays)
    for name, array in read_arrays(tmp_path / "a.npz", "mend").items():
        np.testing.assert_array_equal(array, arrays[name])


SPOILS = (None, 5, -1, "x", "", [], {}, [[1]], 1e308, float("nan"), True, [None], {"a": [1]}, "../x")


def places(value: object, path: tuple = ()) -> list[tuple]:
    """Return the path of every value inside a JSON document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def test_whatever_stands_in_a_manifest_is_loaded_or_refused_in_words(bundle: Path) -> None:
    """Each value of the manifest in turn is replaced by fourteen others, and left out: over a thousand bundles."""
    text = (bundle / "manifest.json").read_text()
    refused = 0
    for path in places(json.loads(text))[1:]:
        for spoil in (*SPOILS, "delete"):
            manifest = json.loads(text)
            holder = manifest
            for key in path[:-1]:
                holder = holder[key]
            if spoil == "delete":
                del holder[path[-1]]
            else:
                holder[path[-1]] = spoil
            (bundle / "manifest.json").write_text(json.dumps(manifest))
            try:
                assert np.isfinite(load_rig(bundle).shapes_mm).all()
            except InputError as error:
                refused += str(bundle) in str(error)
    assert refused > 900
