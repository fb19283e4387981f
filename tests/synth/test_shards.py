"""The wire format: what the writer writes, the reader reads; a broken shard is named, not read."""

from __future__ import annotations

import json
import pickle
import re
import shutil
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.errors import InputError
from assets.keyed import rng_for
from assets.shard import Shard, find_shards
from assets.shard_docs import shard_format_markdown
from assets.shard_format import ATTRIBUTES, FIELDS, JSON_ATTRIBUTES, Status, fields_of
from synth.shards.checksums import dataset_digests, file_sha256
from synth.shards.encode import ENCODERS, decode_picture
from synth.shards.writer import LANDMARKS, ShardWriter, image_groups, partial_path

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ("real", "female", "male")
SIZES = {"T": 150, "A": 3, "K": 52, "S": 1, "G": 2, "L": 478, "M": 478}


def values(dtype: str, shape: tuple, name: str) -> np.ndarray | list[str]:
    sizes = [SIZES.get(size, size) for size in shape]
    if dtype == "str":
        return [f"{name} {i} é" for i in range(sizes[0])]
    rng = rng_for(1, "shard", name)
    if dtype.startswith("float"):
        return np.round(rng.uniform(-50, 50, sizes) * 64) / 64
    return rng.integers(0, 2, sizes)


def blobs(image: str) -> list[bytes | None]:
    rng = rng_for(2, "blob", image)
    return [None if row % 7 == 3 else rng.bytes(int(rng.integers(1, 4000))) for row in range(SIZES["T"])]


def attributes() -> dict:
    out = {name: "x" for name in ATTRIBUTES if name not in ("format", "format_version", "complete")}
    out |= {name: json.dumps({"name": name}) for name in JSON_ATTRIBUTES}
    return out | {
        "au_names": ("AU01", "AU02", "AU12"),
        "unit_names": ("a",),
        "simulated": True,
        "size_px": 8,
        "seed": 0,
    }


def put_all(writer: ShardWriter) -> dict:
    """Write everything but pictures, drawn landmarks and status; return it."""
    written = {}
    for field in fields_of(IMAGES):
        if field.path.startswith("images/") or field.path in ("frames/status", LANDMARKS):
            continue
        written[field.path] = values(field.dtype, field.shape, field.path)
        if field.path == "avatars/image":
            written[field.path] = list(IMAGES[1:])
        writer.put(field.path, written[field.path])
    writer.attributes(attributes())
    writer.mark("job")
    return written


def drawn(image: str) -> np.ndarray:
    return np.round(rng_for(3, "drawn", image).uniform(0, 256, (SIZES["T"], SIZES["M"], 2)) * 64) / 64


def append_rows(writer: ShardWriter, image: str, stop: int) -> None:
    data, points = blobs(image), drawn(image)
    for row in range(writer.written(image), stop):
        writer.append(image, data[row], None if image == "real" or data[row] is None else points[row])


def write(path: Path) -> dict:
    with ShardWriter(path, IMAGES, SIZES["T"], SIZES["M"]) as writer:
        written = put_all(writer)
        for image in IMAGES:
            append_rows(writer, image, SIZES["T"])
        writer.finish(np.arange(SIZES["T"]) % 4)
    return written


def test_everything_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "s.h5"
    written = write(path)
    with Shard(path) as shard:
        shard.validate()
        for name, expected in written.items():
            if isinstance(expected, list):
                assert list(shard.texts(name)) == expected
            else:
                np.testing.assert_allclose(shard.array(name), expected, err_msg=name)
        for image in IMAGES:
            for row, data in enumerate(blobs(image)):
                read = shard.read_bytes(image, row)
                assert (None if read is None else read.tobytes()) == data
        for place, image in enumerate(IMAGES[1:]):
            expected = drawn(image)
            expected[[data is None for data in blobs(image)]] = np.nan
            np.testing.assert_array_equal(shard.array(LANDMARKS)[:, place], expected)
        assert shard.au_names == ("AU01", "AU02", "AU12")
        assert shard.images == IMAGES
        assert shard.complete_rows().tolist() == list(range(0, SIZES["T"], 4))
        again = pickle.loads(pickle.dumps(shard))
        assert again.read_bytes("male", 0).tobytes() == blobs("male")[0]


def test_two_writings_are_the_same_file(tmp_path: Path) -> None:
    write(tmp_path / "a.h5")
    write(tmp_path / "b.h5")
    assert dataset_digests(tmp_path / "a.h5") == dataset_digests(tmp_path / "b.h5")
    assert file_sha256(tmp_path / "a.h5") == file_sha256(tmp_path / "b.h5")


def test_digests_see_every_change(tmp_path: Path) -> None:
    write(tmp_path / "a.h5")
    before = dataset_digests(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["frames/weights"][3, 5] += 1
        file.attrs["seed"] = 1
    after = dataset_digests(tmp_path / "a.h5")
    assert {name for name in before if before[name] != after[name]} == {"frames/weights", "@seed"}


def test_an_unfinished_shard_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s.h5"
    with ShardWriter(path, IMAGES, 5) as writer:
        writer.append("real", b"abc")
        assert partial_path(path).exists()
    assert list(tmp_path.iterdir()) == []


def leave_behind(folder: Path, rows: dict[str, int]) -> Path:
    """Return the path of a shard whose writer was killed after so many rows of each group."""
    path = folder / "s.h5"
    with ShardWriter(folder / "other.h5", IMAGES, SIZES["T"], SIZES["M"]) as writer:
        put_all(writer)
        for image, count in rows.items():
            append_rows(writer, image, count)
        shutil.copy(partial_path(folder / "other.h5"), partial_path(path))
    return path


@pytest.mark.parametrize(
    "rows", [{}, {"real": 70}, {"real": 150, "female": 64}, {"real": 150, "female": 150, "male": 149}]
)
def test_a_killed_writer_goes_on_to_the_same_bytes(tmp_path: Path, rows: dict[str, int]) -> None:
    write(tmp_path / "unbroken.h5")
    path = leave_behind(tmp_path, rows)
    writer = ShardWriter.go_on(path, IMAGES, SIZES["T"], SIZES["M"], "job")
    assert writer is not None
    with writer:
        for image in IMAGES:
            assert writer.written(image) == rows.get(image, 0) // 64 * 64
            append_rows(writer, image, SIZES["T"])
        writer.finish(np.arange(SIZES["T"]) % 4)
    assert dataset_digests(path) == dataset_digests(tmp_path / "unbroken.h5")


def test_what_does_not_belong_to_the_job_is_begun_anew(tmp_path: Path) -> None:
    path = leave_behind(tmp_path, {"real": 150})
    assert ShardWriter.go_on(path, IMAGES, SIZES["T"], SIZES["M"], "another job") is None
    with h5py.File(partial_path(path), "r+") as file:
        file["images/real/blob"][100] ^= 1
    assert ShardWriter.go_on(path, IMAGES, SIZES["T"], SIZES["M"], "job") is None
    partial_path(path).write_bytes(partial_path(path).read_bytes()[:5000])
    assert ShardWriter.go_on(path, IMAGES, SIZES["T"], SIZES["M"], "job") is None
    assert ShardWriter.go_on(tmp_path / "absent.h5", IMAGES, SIZES["T"], SIZES["M"], "job") is None


def test_a_shard_with_missing_rows_cannot_be_finished(tmp_path: Path) -> None:
    with ShardWriter(tmp_path / "s.h5", IMAGES, 5) as writer:
        writer.append("real", b"abc")
        with pytest.raises(ValueError, match="1 of 5 rows"):
            writer.finish(np.zeros(5))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("damage", "part"),
    [
        (lambda f: f.__delitem__("frames/au"), "'frames/au' is missing"),
        (lambda f: f.attrs.__delitem__("seed"), "'seed' is missing"),
        (lambda f: f.attrs.__setitem__("config", "{"), "'config' is no JSON"),
        (lambda f: _replace(f, "frames/au_mask", np.zeros((149, 3), np.uint8)), "axis T should be 150"),
        (lambda f: _replace(f, "frames/weights", np.zeros((150, 52))), "float64, not float32"),
        (lambda f: _replace(f, "frames/status", np.zeros((150, 1), np.uint8)), "2 axes, not 1"),
        (lambda f: f.attrs.__setitem__("format_version", 99), "update this program"),
        (lambda f: f.attrs.__setitem__("format_version", "one"), "no shard"),
        (lambda f: f.attrs.__setitem__("format", "other"), "no shard"),
    ],
)
def test_deviations_are_named(tmp_path: Path, damage, part: str) -> None:
    path = tmp_path / "s.h5"
    write(path)
    with h5py.File(path, "r+") as file:
        damage(file)
    with pytest.raises(InputError, match=r"s\.h5") as caught, Shard(path) as shard:
        shard.validate()
    assert part in str(caught.value)


def _replace(file: h5py.File, name: str, array: np.ndarray) -> None:
    del file[name]
    file[name] = array


def test_truncated_and_missing_shards_are_named(tmp_path: Path) -> None:
    path = tmp_path / "s.h5"
    write(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    for wrong in (path, tmp_path / "absent.h5"):
        with pytest.raises(InputError, match=re.escape(wrong.name)):
            len(Shard(wrong))
    with pytest.raises(InputError, match="holds no shard"):
        find_shards(tmp_path / "..")


@settings(max_examples=20, deadline=None)
@given(st.integers(32, 96), st.integers(0, 1000))
def test_png_is_lossless_and_jpeg_is_close(size: int, seed: int) -> None:
    levels = rng_for(seed, "picture").integers(0, 256, (3, 3, 3)).astype(np.uint8)
    picture = cv2.resize(levels, (size, size), interpolation=cv2.INTER_LINEAR)
    assert np.array_equal(decode_picture(ENCODERS["png"](picture)), picture)
    close = decode_picture(ENCODERS["jpeg"](picture)).astype(int) - picture
    assert np.abs(close).mean() < 4


def test_garbage_does_not_decode() -> None:
    for data in (b"nothing", b"\xff\xd8\xff\xe0 cut", b""):
        with pytest.raises(ValueError, match=r"."):
            decode_picture(data)


def test_groups_of_pictures() -> None:
    assert image_groups(("female", "male"), 1) == ("real", "female", "male")
    assert image_groups(("female", "male"), 2) == ("real", "female", "male", "female_2", "male_2")
    assert image_groups(("light", "dark"), 0) == ("real",)


def test_document_is_current() -> None:
    assert (ROOT / "docs" / "shard-format.md").read_text(encoding="utf-8") == shard_format_markdown(), (
        "run: python -m assets.shard_docs docs/shard-format.md"
    )


def test_every_status_has_a_meaning_and_every_field_a_sentence() -> None:
    from assets.shard_format import STATUS_MEANING

    assert set(STATUS_MEANING) == set(Status)
    assert all(field.meaning.endswith((".", "…")) for field in FIELDS)
