"""Malformed heads: each gives clear lines with file, key and mend, and never a traceback of another kind."""

from __future__ import annotations

import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assets.errors import InputError
from synth.importers import files
from synth.importers.assemble import Options, assemble
from synth.importers.choices import chosen_options, target_folder
from synth.importers.importing import import_head, kind_of, read_source
from synth.importers.shape_names import NameMap
from tests.synth.head_files import FileHead, GlbWriter, file_head, obj_text, without, write_glb, write_obj_folder

SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0.0]])
FACES = {"skin": np.array([[0, 1, 2], [0, 2, 3]])}
TEXT = obj_text(SQUARE, SQUARE[:, :2], FACES)


def obj_folder(folder: Path, **texts: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in ({"neutral": TEXT} | texts).items():
        if text:
            (folder / f"{name}.obj").write_text(text)
    return folder


def glb(
    folder: Path, change: Callable[[GlbWriter], None] = lambda _: None, raw: Callable[[bytes], bytes] = bytes
) -> Path:
    writer = GlbWriter()
    points = SQUARE.astype(np.float32)
    primitive = {
        "attributes": {"POSITION": writer.accessor(points)}, "indices": writer.accessor(np.array([0, 1, 2], np.uint16)),
        "targets": [{"POSITION": writer.accessor(points * 0.1)}, {"POSITION": writer.accessor(points * 0.2)}],
    }  # fmt: skip
    writer.mesh("head", primitive, ["jawOpen", "mouthPucker"], {})
    change(writer)
    path = folder / "head.glb"
    path.write_bytes(raw(writer.bytes()))
    return path


def document_change(**values: object) -> Callable[[GlbWriter], None]:
    return lambda writer: writer.document.update(values)


def accessor_change(index: int, **values: object) -> Callable[[GlbWriter], None]:
    return lambda writer: writer.document["accessors"][index].update(values)


def primitive_change(**values: object) -> Callable[[GlbWriter], None]:
    return lambda writer: writer.document["meshes"][0]["primitives"][0].update(values)


def poke_nan(writer: GlbWriter) -> None:
    writer.data[0:4] = struct.pack("<f", float("nan"))


def tar_with(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:xz") as archive:
        for info, data in members:
            info.size = info.size or len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def link(name: str, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


def zip_with(path: Path, **members: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/").replace("UP", "..") + ".obj", text)
    return path


def cut(path: Path, share: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


Case = tuple[str, Callable[[Path], Path], str, str]
CASES: list[Case] = [
    ("absent", lambda d: d / "nothing.glb", "no such file", "nothing.glb"),
    ("kind", lambda d: write(d / "head.fbx", b"x"), "are not read", "GLB"),
    ("lone obj", lambda d: write(d / "head.obj", TEXT.encode()), "no shapes", "folder"),
    ("no neutral", lambda d: obj_folder(d / "o", neutral="", jawOpen=TEXT), "no neutral.obj", "neutral.obj"),
    ("empty folder", lambda d: obj_folder(d / "o", neutral=""), "no OBJ files", "neutral.obj"),
    ("no vertices", lambda d: obj_folder(d / "o", neutral="f 1 2 3\n"), "no vertices", "neutral.obj"),
    ("no faces", lambda d: obj_folder(d / "o", neutral="v 0 0 0\n"), "no faces", "neutral.obj"),
    ("nan", lambda d: obj_folder(d / "o", jawOpen=TEXT.replace("v 1 1 0", "v nan 1 0")), "not a finite", "jawOpen.obj"),
    ("infinite", lambda d: obj_folder(d / "o", neutral=TEXT.replace("v 1 1 0", "v 1 inf 0")),
     "not a finite", "neutral.obj"),
    ("huge number", lambda d: obj_folder(d / "o", neutral=TEXT.replace("v 1 1 0", "v 1 9e99 0")),
     "not a finite", "vertex 2"),
    ("cut line", lambda d: obj_folder(d / "o", jawOpen="v 0 0 0\nv 1 0"), "three numbers", "jawOpen.obj"),
    ("text", lambda d: obj_folder(d / "o", jawOpen="v a b c\n"), "three numbers", "jawOpen.obj"),
    ("count", lambda d: obj_folder(d / "o", jawOpen="v 0 0 0\n"), "1 vertices, but neutral.obj has 4", "topology"),
    ("index", lambda d: obj_folder(d / "o", neutral=TEXT.replace("f 1/1", "f 9/1")), "vertex index 9", "line"),
    ("uv index", lambda d: obj_folder(d / "o", neutral=TEXT.replace("f 1/1", "f 1/9")), "texture index 9", "line"),
    ("two corners", lambda d: obj_folder(d / "o", neutral=TEXT + "f 1 2\n"), "fewer than three", "line"),
    ("double", lambda d: zip_with(d / "o.zip", neutral=TEXT, a__jawOpen=TEXT, b__jawOpen=TEXT),
     "is also in", "remove one"),
    ("zip escape", lambda d: zip_with(d / "o.zip", UP__neutral=TEXT), "lies outside", "o.zip"),
    ("zip cut", lambda d: cut(zip_with(d / "o.zip", neutral=TEXT), 0.6), "not a whole archive", "o.zip"),
    ("tar escape", lambda d: tar_with(d / "o.tar.xz", (tarfile.TarInfo("../neutral.obj"), TEXT.encode())),
     "outside", "o.tar.xz"),
    ("tar absolute", lambda d: tar_with(d / "o.tar.xz", (tarfile.TarInfo("/etc/neutral.obj"), b"v")),
     "outside", "o.tar.xz"),
    ("tar link", lambda d: tar_with(d / "o.tar.xz", (link("neutral.obj", "/etc/passwd"), b"")),
     "is a link", "o.tar.xz"),
    ("tar cut", lambda d: cut(tar_with(d / "o.tar.xz", (tarfile.TarInfo("neutral.obj"), TEXT.encode())), 0.7),
     "not a whole archive", "o.tar.xz"),
    ("not glb", lambda d: write(d / "head.glb", b"PK" * 40), "is no GLB", "head.glb"),
    ("glb cut", lambda d: cut(glb(d), 0.8), "declares", "cut off"),
    ("glb version", lambda d: glb(d, raw=lambda b: b[:4] + struct.pack("<I", 1) + b[8:]), "GLB version 1", "head.glb"),
    ("glb json", lambda d: glb(d, raw=lambda b: b[:22] + b"\xff\xff" + b[24:]), "JSON", "head.glb"),
    ("gltf 1", lambda d: glb(d, document_change(asset={"version": "1.0"})), "version '1.0'", "asset.version"),
    ("draco", lambda d: glb(d, document_change(extensionsRequired=["KHR_draco_mesh_compression"])), "needs", "Draco"),
    ("glb nan", lambda d: glb(d, poke_nan), "NaN or infinite", "accessors[0]"),
    ("huge count", lambda d: glb(d, accessor_change(0, count=2_000_000_000)),
     "2000000000 elements", "accessors[0].count"),
    ("count true", lambda d: glb(d, accessor_change(0, count=True)), "True elements", "accessors[0].count"),
    ("huge matrix", lambda d: glb(d, lambda w: w.document["nodes"][0].update(scale=[1, 1e308, 1])),
     "usable numbers", "nodes[0].scale"),
    ("children", lambda d: glb(d, lambda w: w.document["nodes"][0].update(children=[[0]])),
     "list of numbers", "nodes[0].children"),
    ("huge target", lambda d: glb(d, lambda w: w.data.__setitem__(slice(56, 60), struct.pack("<f", 1e30))),
     "not a finite", "jawOpen"),
    ("uri nul", lambda d: gltf_with_uri(d, "a\0b"), "no file name", "buffers[0]"),
    ("beyond buffer", lambda d: glb(d, accessor_change(0, count=4000)), "needs", "accessors[0]"),
    ("negative", lambda d: glb(d, accessor_change(0, byteOffset=-12)), "not a count of bytes", "bufferViews"),
    ("type", lambda d: glb(d, accessor_change(0, type="VEC9")), "VEC9", "accessors[0]"),
    ("target count", lambda d: glb(d, accessor_change(2, count=3)), "3 vertices, but the mesh has 4", "jawOpen"),
    ("face index", lambda d: glb(d, accessor_change(0, count=2)), "vertices", "primitives[0]"),
    ("no position", lambda d: glb(d, primitive_change(attributes={})), "no POSITION", "attributes"),
    ("reference", lambda d: glb(d, primitive_change(indices=77)), "accessors 77", "head.glb"),
    ("no scene mesh", lambda d: glb(d, document_change(scenes=[{"nodes": []}])), "no mesh", "head.glb"),
    ("names", lambda d: glb(d, lambda w: w.document["meshes"][0].update(extras={"targetNames": ["a"]})),
     "1 names for 2", "targetNames"),
    ("same names", lambda d: glb(d, lambda w: w.document["meshes"][0].update(extras={"targetNames": ["a", "a"]})),
     "occurs twice", "'a'"),
    ("cycle", lambda d: glb(d, lambda w: w.document["nodes"][0].update(children=[0])), "own ancestor", "nodes[0]"),
    ("buffer escape", lambda d: gltf_with_uri(d, "../../secret.bin"), "leads out", "buffers[0]"),
    ("buffer url", lambda d: gltf_with_uri(d, "https://example.org/a.bin"), "leads out", "buffers[0]"),
    ("data uri", lambda d: gltf_with_uri(d, "data:;base64,@@@"), "damaged", "buffers[0]"),
    ("buffer absent", lambda d: gltf_with_uri(d, "a.bin"), "cannot be read", "a.bin"),
]  # fmt: skip


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def gltf_with_uri(folder: Path, uri: str) -> Path:
    data = glb(folder).read_bytes()
    document = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])
    document["buffers"][0]["uri"] = uri
    path = folder / "head.gltf"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(("make", "what", "where"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_malformed_files_give_one_clear_line(
    make: Callable[[Path], Path], what: str, where: str, tmp_path: Path
) -> None:
    path = make(tmp_path)
    with pytest.raises(InputError) as error:
        read_source(path, kind_of(path))
    assert len(error.value.problems) == 1
    line = str(error.value)
    assert what in line
    assert where in line
    assert "\n" not in line
    assert error.value.problems[0].mend


def test_several_bad_shapes_are_listed_at_once(tmp_path: Path) -> None:
    folder = obj_folder(tmp_path / "o", a="v 0 0 0\n", b="v 1 nan 0\n", c=TEXT)
    with pytest.raises(InputError) as error:
        read_source(folder, "obj")
    assert len(error.value.problems) == 2


def test_size_limits_hold_for_files_and_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FILE_LIMIT_BYTES", 50)
    for path in (
        zip_with(tmp_path / "o.zip", neutral=TEXT),
        tar_with(tmp_path / "o.tar.xz", (tarfile.TarInfo("n.obj"), TEXT.encode())),
    ):
        with pytest.raises(InputError, match="declares"):
            read_source(path, "obj")
    monkeypatch.setattr(files, "FILE_LIMIT_BYTES", 1 << 20)
    monkeypatch.setattr(files, "TOTAL_LIMIT_BYTES", 50)
    with pytest.raises(InputError, match="more than"):
        read_source(obj_folder(tmp_path / "o"), "obj")


@pytest.fixture(scope="module")
def head() -> FileHead:
    return file_head()


def built(head: FileHead, folder: Path, **options: object) -> None:
    path = folder / "h.glb"
    write_glb(head, path)
    assemble(read_source(path, "gltf"), "h", Options(**options))


def test_heads_that_cannot_be_understood(head: FileHead, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no eyeballs"):
        built(without(head, "eye_left", "eye_right"), tmp_path)
    with pytest.raises(InputError, match="no shapes"):
        built(FileHead(head.vertices, head.uv, head.pieces, {}), tmp_path)
    odd = {f"morph {k}": d for k, d in enumerate(head.shapes.values())}
    with pytest.raises(InputError, match="no shape has a name that is known"):
        built(FileHead(head.vertices, head.uv, head.pieces, odd), tmp_path)
    with pytest.raises(InputError, match="no piece 'Nose'"):
        built(head, tmp_path, names=NameMap({}, {"Nose": "skin"}))
    with pytest.raises(InputError, match=r"radius|apart"):
        built(head, tmp_path, unit="cm")
    for aside in (500.0, -63.0):
        moved = head.vertices.copy()
        moved[np.unique(head.pieces["eye_left"]), 0] += aside
        with pytest.raises(InputError, match="apart"):
            built(replace(head, vertices=moved), tmp_path, unit="mm")


def test_faces_without_area_are_refused_when_there_are_many(head: FileHead, tmp_path: Path) -> None:
    flat = head.vertices.copy()
    flat[np.unique(head.pieces["skin"])[::2]] = flat[0]
    with pytest.raises(InputError, match="have no area"):
        built(FileHead(flat, head.uv, head.pieces, head.shapes), tmp_path)


def test_no_face_is_found_on_a_head_upside_down(head: FileHead, tmp_path: Path) -> None:
    path = write_obj_folder(
        FileHead(head.vertices, head.uv, head.pieces, {"jawOpen": head.shapes["jawOpen"]}), tmp_path / "o"
    )
    with pytest.raises(InputError, match=r"no face|miss the face|eyeballs are|jawOpen does not open") as error:
        import_head(path, "h", Options(up="-y", front="z"), pictures=tmp_path / "pictures")
    assert (tmp_path / "pictures" / "front.png").stat().st_size > 1000
    assert "pictures" in str(error.value)


def test_options_report_all_their_mistakes(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        chosen_options(unit="ell", up="q", front="z", spdx="my own licence", may_train=True)
    assert len(error.value.problems) == 4
    with pytest.raises(InputError, match="SPDX"):
        chosen_options(spdx="", attribution="x")
    with pytest.raises(InputError, match="pass --licence"):
        chosen_options(may_train=True)
    with pytest.raises(InputError, match="cannot be the name"):
        target_folder("../x", None, False)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(InputError, match="--overwrite"):
        target_folder("x", tmp_path, False)
    with pytest.raises(InputError, match="built-in"):
        import_head(tmp_path, "hm08")
