"""OBJ files as different programs write them: line ends, indices, order, places, material libraries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assets.errors import InputError
from assets.keyed import rng_for
from synth.importers import files, obj
from synth.importers.files import walk
from synth.importers.mtl import material_textures
from synth.importers.obj import obj_vertices, parse_obj, read_obj_folder
from tests.synth.head_files import obj_text
from tests.synth.test_importers_mistakes import TEXT, obj_folder, write
from tests.synth.test_importers_textures import png, skin_picture

CUBE = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float)


def faces_of(text: str) -> np.ndarray:
    mesh = parse_obj(text.encode(), "x.obj")
    return np.concatenate([mesh.vertices[piece.faces] for piece in mesh.pieces])


PLAIN = "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\nv 5 0 0\nv 6 0 0\nv 5 1 0\nf 4 5 6\n"


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        PLAIN.replace("v ", "  v\t"),
        PLAIN.replace("f 1 2 3", "f 1 2 \\\n 3").replace("f 4", "# a comment that ends in \\\nf 4"),
        PLAIN.replace("f 1 2 3", "f -3 -2 -1").replace("f 4 5 6", "f -3 -2 -1"),
        "\ufeff" + PLAIN,
        PLAIN.replace("v 0 0 0", "v 0 0 0 0.5 0.5 0.5").replace("v 6 0 0", "v 6 0 0 1"),
    ],
    ids=["crlf", "cr", "indented", "continued", "relative", "bom", "coloured"],
)
def test_dialects_mean_the_same(text: str) -> None:
    np.testing.assert_array_equal(faces_of(text), faces_of(PLAIN))


def test_colours_after_every_position_are_ignored() -> None:
    text = "".join(f"v {x} {y} {z} 0.1 0.2 0.3\n" for x, y, z in CUBE)
    np.testing.assert_array_equal(obj_vertices(text.encode(), "x.obj"), CUBE)


@pytest.mark.parametrize("corner", ["0", "00", "-9", "9", "x", "1e0", ""])
def test_corners_that_lead_nowhere_are_named(corner: str) -> None:
    with pytest.raises(InputError, match="line 4"):
        parse_obj(PLAIN.replace("f 1 2 3", f"f 1 2 /{corner}" if not corner else f"f 1 2 {corner}").encode(), "x.obj")


def test_many_faces_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obj, "FACE_LIMIT", 5)
    parse_obj(PLAIN.encode(), "x.obj")
    with pytest.raises(InputError, match="more than 5 faces"):
        parse_obj((PLAIN + "f 1 2 3 4 5 6\n" * 2).encode(), "x.obj")


def heads(folder: Path, shape: np.ndarray, place: np.ndarray) -> Path:
    texts = {"jawOpen": obj_text(shape, place[:, :2], {})}
    return obj_folder(
        folder, neutral=obj_text(place, place[:, :2], {"skin": np.array([[0, 1, 2], [1, 2, 3]])}), **texts
    )


def test_a_shape_that_stands_elsewhere_is_moved_back_and_a_shuffled_one_refused(tmp_path: Path) -> None:
    rng = rng_for(0, "cloud")
    place = rng.standard_normal((200, 3))
    shape = place.copy()
    shape[:60, 1] -= 0.3
    delta = read_obj_folder(heads(tmp_path / "a", shape, place)).shapes["jawOpen"]
    moved = read_obj_folder(heads(tmp_path / "b", shape + np.array([4, 0, 0]), place))
    np.testing.assert_allclose(moved.shapes["jawOpen"], delta, atol=1e-4)
    assert "'jawOpen'" in moved.left_out[0]
    assert not read_obj_folder(heads(tmp_path / "c", shape, place)).left_out
    with pytest.raises(InputError, match="vertex order"):
        read_obj_folder(heads(tmp_path / "d", shape[rng.permutation(200)], place))


@pytest.mark.parametrize(
    ("library", "statement", "picture"),
    [
        ("a.mtl", "map_Kd skin.png", "skin.png"),
        ("./deep/a.mtl", "map_Kd -s 1 1 1 -blendu on ../../etc/skin.png", "skin.png"),
        ("my head.mtl", "map_Kd C:\\maps\\Skin Colour.PNG", "skin colour.png"),
        ("x.mtl a.mtl", "map_Kd\tskin.png", "skin.png"),
    ],
)
def test_pictures_are_found_by_their_bare_names(library: str, statement: str, picture: str) -> None:
    stored = {name: f"newmtl hide\n{statement}\nmap_Bump bump.png\n".encode() for name in ("a.mtl", "my head.mtl")}
    found, notes = material_textures(f"mtllib {library}\n".encode(), stored | {picture: png(skin_picture(16))}, "o")
    assert found["hide"].shape == (16, 16, 3)
    assert ["normal maps" in note for note in notes] == [True]


def test_absent_pictures_are_said_and_nothing_else_is_opened(tmp_path: Path) -> None:
    write(tmp_path / "secret.png", png(skin_picture(16)))
    folder = obj_folder(tmp_path / "o", neutral="mtllib a.mtl\n" + TEXT, jawOpen=TEXT.replace("v 1 1 0", "v 1 1 0.1"))
    write(folder / "a.mtl", b"newmtl hide\nmap_Kd ../secret.png\n")
    head = read_obj_folder(folder)
    assert head.textures == {}
    assert "'secret.png'" in head.left_out[0]


def test_icts_files_are_not_taken_for_a_plain_folder(tmp_path: Path) -> None:
    folder = obj_folder(tmp_path / "o", neutral="", generic_neutral_mesh=TEXT, identity000=TEXT)
    with pytest.raises(InputError, match="ICT-FaceKit"):
        read_obj_folder(folder)


def test_an_archive_does_not_unpack_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import tarfile

    with tarfile.open(tmp_path / "o.tar.xz", "w:xz") as archive:
        for name, size in (("neutral.obj", 10), ("movie.mp4", 3 << 20)):
            info = tarfile.TarInfo(name)
            info.size = size
            archive.addfile(info, io.BytesIO(bytes(size)))
    assert [str(name) for name, _ in walk(tmp_path / "o.tar.xz", (".obj",))] == ["neutral.obj"]
    monkeypatch.setattr(files, "UNPACKED_LIMIT_BYTES", 1 << 20)
    with pytest.raises(InputError, match="unpacks to more than"):
        list(walk(tmp_path / "o.tar.xz", (".obj",)))
