"""Skin textures of imported heads: spots stay where they are, colours go, and damaged pictures are named."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from assets.errors import InputError
from assets.rig import Rig
from assets.rig_bundle import load_rig
from assets.rig_maps import SKIN_DETAIL
from synth.avatars.build import build_avatar
from synth.avatars.sample import sample_avatars
from synth.importers.assemble import Options, assemble
from synth.importers.gltf import read_gltf
from synth.importers.obj import read_obj_folder
from synth.importers.textures import DETAIL_PX, decode_texture, detail_map
from tests.synth.head_files import FileHead, file_head, write_glb, write_obj_folder

SPOT = (0.30, 0.55)
"""Place of the painted spot: column and row as shares of the side."""


def skin_picture(side: int = 512, spot_px: int = 6) -> np.ndarray:
    """Return a skin-coloured picture, brighter to the right, with one dark spot."""
    picture = np.tile(np.linspace(120, 200, side), (side, 1))[..., None] * np.array([1.0, 0.75, 0.6])
    centre = (int(SPOT[0] * side), int(SPOT[1] * side))
    return cv2.circle(picture.astype(np.uint8), centre, spot_px, (70, 50, 40), -1)


def png(picture: np.ndarray) -> bytes:
    return cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))[1].tobytes()


def textured_glb(head: FileHead, path: Path, data: bytes, **reference: object) -> Path:
    """Write a GLB whose skin has a colour texture inside the file."""
    writer = write_glb(head, path)
    writer.document["images"] = [{"bufferView": writer.view(np.frombuffer(data, np.uint8)), "mimeType": "image/png"}]
    writer.document["textures"] = [{"source": 0}]
    writer.document["materials"] = [
        {"name": "hide", "pbrMetallicRoughness": {"baseColorTexture": {"index": 0, **reference}}}
    ]
    skin = next(mesh for mesh in writer.document["meshes"] if mesh["name"] == "skin")
    skin["primitives"][0]["material"] = 0
    path.write_bytes(writer.bytes())
    return path


@pytest.fixture(scope="module")
def head() -> FileHead:
    return file_head(1e-3)


def test_detail_keeps_spots_and_drops_colour_and_shade() -> None:
    detail = detail_map(skin_picture())
    assert detail.shape == (DETAIL_PX, DETAIL_PX)
    x, y = (int(share * DETAIL_PX) for share in SPOT)
    assert detail[y, x] < 40
    assert np.abs(detail[:400, 300:480].astype(int) - 128).max() < 12, "a slow change of brightness is no detail"
    other = detail_map((skin_picture() * np.array([0.6, 0.5, 0.5])).astype(np.uint8))
    assert np.abs(other.astype(int) - detail).mean() < 3, "another tone leaves the same detail"


def test_a_texture_inside_a_glb_reaches_the_rig_and_the_avatar(head: FileHead, tmp_path: Path) -> None:
    source = read_gltf(textured_glb(head, tmp_path / "head.glb", png(skin_picture())))
    assert source.textures["hide"].shape == (512, 512, 3)
    rig, notes = assemble(source, "own", Options())
    assert any("skin texture are kept" in note for note in notes)
    x, y = (int(share * DETAIL_PX) for share in SPOT)
    assert rig.maps[SKIN_DETAIL][y, x] < 40
    without, notes = assemble(source, "own", Options(texture=False))
    assert SKIN_DETAIL not in without.maps
    assert not any("texture" in note for note in notes)


def darker(rig: Rig, detail: np.ndarray) -> np.ndarray:
    """Return how much brighter the painted skin of one avatar is with a detail map, per texel."""
    spec = sample_avatars(0, rig, 1)[0]
    marked = replace(rig, maps=rig.maps | {SKIN_DETAIL: detail}, fingerprint=f"marked {detail.sum()}")
    plain = build_avatar(rig, spec).texture.astype(int)
    return (build_avatar(marked, spec).texture.astype(int) - plain)[..., :3].mean(-1)


def test_detail_darkens_the_painted_skin_at_its_place_only() -> None:
    detail = np.full((256, 256), 128, np.uint8)
    change = darker(load_rig("hm08"), detail)
    assert np.abs(change).max() <= 1
    detail[100:120, 120:140] = 1
    change = darker(load_rig("hm08"), detail)
    spot = np.argwhere(change < -10)
    assert len(spot) > 100
    assert np.ptp(spot, axis=0).max() < 1024 * 30 / 256
    assert (np.abs(change) > 2).sum() < 4 * len(spot)


def test_an_obj_folder_finds_its_texture_through_its_material_library(head: FileHead, tmp_path: Path) -> None:
    folder = write_obj_folder(head, tmp_path / "shapes")
    neutral = folder / "neutral.obj"
    text = neutral.read_text().replace("o skin\n", "o skin\nusemtl hide\n")
    neutral.write_text("mtllib neutral.mtl\n" + text)
    (folder / "neutral.mtl").write_text("newmtl hide\nKd 1 1 1\nmap_Kd C:\\work\\Skin.PNG\n")
    (folder / "skin.png").write_bytes(png(skin_picture(64)))
    assert read_obj_folder(folder).textures["hide"].shape == (64, 64, 3)
    (folder / "skin.png").unlink()
    assert read_obj_folder(folder).textures == {}


def test_a_texture_on_other_coordinates_is_left_out(head: FileHead, tmp_path: Path) -> None:
    for reference in ({"texCoord": 1}, {"extensions": {"KHR_texture_transform": {"scale": [2, 2]}}}):
        assert read_gltf(textured_glb(head, tmp_path / "head.glb", png(skin_picture(64)), **reference)).textures == {}


def huge_png() -> bytes:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"nothing", "no PNG or JPEG"),
        (b"\x89PNG\r\n\x1a\n", "no PNG or JPEG"),
        (b"\xff\xd8\xff\xe0 cut", "no PNG or JPEG"),
        (huge_png(), "declares 60000 x 60000"),
        (png(skin_picture(64))[:60], "damaged"),
    ],
)
def test_damaged_and_huge_textures_are_named(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        decode_texture(data, "head.glb:images[0]")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("textures", [{"source": 7}], "refers to images 7"),
        ("images", [{"bufferView": 99}], "refers to bufferViews 99"),
        ("images", [{"uri": "../secret.png"}], "leads out of the folder"),
        ("images", [{}], "refers to bufferViews None"),
    ],
)
def test_references_that_lead_nowhere_are_named(
    head: FileHead, tmp_path: Path, key: str, value: object, message: str
) -> None:
    path = tmp_path / "head.glb"
    textured_glb(head, path, png(skin_picture(32)))
    writer = write_glb(head, path)
    writer.document |= {
        "images": [{"bufferView": 0}], "textures": [{"source": 0}],
        "materials": [{"name": "hide", "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
    } | {key: value}  # fmt: skip
    next(m for m in writer.document["meshes"] if m["name"] == "skin")["primitives"][0]["material"] = 0
    path.write_bytes(writer.bytes())
    with pytest.raises(InputError, match=message):
        read_gltf(path)
