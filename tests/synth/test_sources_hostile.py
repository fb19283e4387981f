"""Footage that nobody means well with: no label on the wrong picture, nothing left out in silence, no traceback."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from footage import write_image, write_lines, write_video

from assets.errors import InputError
from synth.sources.csv_table import read_csv
from synth.sources.match import integer_column
from synth.sources.open import Source, SourceSpec, open_source


def opened(*sources: Path, **options: object) -> Source:
    return open_source(SourceSpec(tuple(map(str, sources)), **options))


# -- labels on the wrong picture


@pytest.mark.parametrize("odd", ["cover.png", "002.jpg", "9" * 30 + ".png"])
def test_labels_by_number_need_numbered_pictures(odd: str, tmp_path: Path) -> None:
    """One name without a number of its own once moved every label to the next picture."""
    for number in (1, 2, 3):
        write_image(tmp_path / "s" / f"{number:03d}.png")
    labels = str(write_lines(tmp_path / "l.csv", "frame,AU1", "1,1", "2,0", "3,1"))
    assert opened(tmp_path / "s", labels=labels).subjects["s"][0].labels.au.ravel().tolist() == [1, 0, 1]
    write_image(tmp_path / "s" / odd)
    assert len(opened(tmp_path / "s").subjects["s"][0].frames) == 4
    with pytest.raises(InputError, match=r"gives it no frame number of its own"):
        opened(tmp_path / "s", labels=labels)


def test_pictures_without_any_number_count_by_place(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        write_image(tmp_path / "s" / name)
    labels = str(write_lines(tmp_path / "l.csv", "frame,AU1", "0,0", "1,1"))
    assert opened(tmp_path / "s", labels=labels).subjects["s"][0].labels.au.ravel().tolist() == [0, 1]


@pytest.mark.parametrize("names", ["0 1 2 3", "a b c d"])
def test_tables_from_one_beside_pictures_from_zero(names: str, tmp_path: Path) -> None:
    """Each label once went to the next picture, and the last one to a frame that is not there."""
    for name in names.split():
        write_image(tmp_path / "s" / f"{name}.png")
    labels = str(write_lines(tmp_path / "l.csv", "frame,AU1", "1,1", "2,0", "3,0", "4,1"))
    (sequence,) = opened(tmp_path / "s", labels=labels).subjects["s"]
    assert sequence.labels.au.ravel().tolist() == [1, 0, 0, 1]
    write_lines(tmp_path / "l.csv", "frame,success,AU1_c", "1,1,1", "2,1,0")
    (sequence,) = opened(tmp_path / "s", labels=labels).subjects["s"]
    assert sequence.labels.mask.ravel().tolist() == [1, 1, 0, 0]


def test_tables_from_zero_beside_pictures_from_one(tmp_path: Path) -> None:
    for name in "123":
        write_image(tmp_path / "s" / f"{name}.png")
    labels = str(write_lines(tmp_path / "l.csv", "frame,AU1", "0,1", "1,0", "2,0"))
    with pytest.raises(InputError, match=r"row 2: the rows count one less than the frames of s/s, from 1"):
        opened(tmp_path / "s", labels=labels)


def test_case_of_column_names_does_not_matter(tmp_path: Path) -> None:
    """A column ``Subject`` was once passed over, so that rows of one person went to another."""
    write_video(tmp_path / "v.avi")
    labels = str(write_lines(tmp_path / "l.csv", "Subject,FRAME,AU1", "somebody,0,1"))
    with pytest.raises(InputError, match="somebody/ matches no sequence"):
        opened(tmp_path / "v.avi", labels=labels)
    table = write_lines(tmp_path / "m.csv", "Path,SUBJECT,Apparent_Gender,Sequence", "v.avi,anna,F,one")
    (sequence,) = opened(table).subjects["anna"]
    assert (sequence.name, sequence.apparent_gender) == ("one", "female")
    write_lines(tmp_path / "m.csv", "path,gender,sex", "v.avi,F,F")
    with pytest.raises(InputError, match="column 'gender' stands there twice"):
        opened(tmp_path / "m.csv")


def test_two_rows_for_one_frame_are_refused_however_they_name_it(tmp_path: Path) -> None:
    write_video(tmp_path / "v.avi")
    labels = str(write_lines(tmp_path / "l.csv", "subject,frame,AU1", ",2,1", "v,2,0"))
    with pytest.raises(InputError, match="row 2: 2 rows label frame 2 of v/v"):
        opened(tmp_path / "v.avi", labels=labels)
    table = write_lines(tmp_path / "m.csv", "path,frame,AU1", "v.avi,0,1", "v.avi,0,0")
    with pytest.raises(InputError, match="row 2: 2 rows label frame 0 of v/v"):
        opened(table)


def test_landmarks_do_not_go_to_another_person_of_the_same_sequence_name(tmp_path: Path) -> None:
    for name in ("a/t1/0.png", "b/t1/0.png", "b/t2/0.png"):
        write_image(tmp_path / "people" / name)
    points = ",".join(f"x_{i},y_{i}" for i in range(49))
    rows = [f"{name},0," + ",".join(["5"] * 98) for name in ("t1", "t2")]
    table = write_lines(tmp_path / "l.csv", f"sequence,frame,{points}", *rows)
    with pytest.raises(InputError, match="subjects a, b all have a sequence 't1'"):
        opened(tmp_path / "people", landmarks=str(table))


def test_frame_numbers_keep_all_their_digits(tmp_path: Path) -> None:
    table = read_csv(write_lines(tmp_path / "l.csv", "frame", "1699999999123456789", "3.0"))
    numbers, problems = integer_column(table, "frame")
    assert (numbers.tolist(), problems) == ([1699999999123456789, 3], [])


# -- nothing left out in silence


def test_what_lies_too_deep_is_listed_and_the_rest_goes_on(tmp_path: Path) -> None:
    write_image(tmp_path / "s/t/1.png")
    write_image(tmp_path / "s/t/deep/deeper/1.png")
    (tmp_path / "s/t/notes").mkdir()
    source = opened(tmp_path)
    assert [one.name for one in source.subjects["s"]] == ["t"]
    assert {name: found[0].what for name, found in source.failed.items()} == {
        "s/t/deep": "this lies too deep to be read"
    }


def test_links_back_make_no_second_subject(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png")
    write_image(tmp_path / "s/1.png")
    (tmp_path / "self").symlink_to(".")
    (tmp_path / "s/up").symlink_to("..")
    (tmp_path / "round").symlink_to("round")
    assert set(opened(tmp_path).subjects) == {tmp_path.name, "s"}


def test_other_dividers_than_commas_are_told(tmp_path: Path) -> None:
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        table = write_lines(tmp_path / "m.csv", f"path{mark}subject", f"v.avi{mark}x")
        with pytest.raises(InputError, match=f"divided by {name}"):
            opened(table)


# -- no traceback, no crash


def test_endless_numbers_in_names_count_by_place(tmp_path: Path) -> None:
    for digit in "12":
        write_image(tmp_path / f"{digit * 30}.png")
    assert opened(tmp_path).subjects[tmp_path.name][0].frames.tolist() == [0, 1]


def test_names_that_are_no_utf8_text_are_refused(tmp_path: Path) -> None:
    """The picture library crashes on them."""
    picture = write_image(tmp_path / "a.png")
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/s/caf\xe9.png"))
    odd.parent.mkdir()
    odd.write_bytes(picture.read_bytes())
    source = opened(tmp_path)
    assert set(source.subjects) == {tmp_path.name}
    assert "caf\\xe9.png: this name is no UTF-8 text" in str(source.failed["s"][0])
    with pytest.raises(InputError, match="no UTF-8 text"):
        opened(odd)
    for suffix in (b".avi", b""):
        with pytest.raises(InputError, match="no UTF-8 text"):
            opened(Path(os.fsdecode(b"caf\xe9" + suffix)))


@pytest.mark.parametrize("cell", ["loop.png", "a\0.png"])
def test_links_in_a_circle_and_zero_bytes_in_manifests(cell: str, tmp_path: Path) -> None:
    write_image(tmp_path / "a.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    table = write_lines(tmp_path / "m.csv", "path", cell)
    with pytest.raises(InputError, match="row 2, column path"):
        opened(table)
    with pytest.raises(InputError, match="no readable CSV file"):
        opened(tmp_path / "a.png", labels=str(tmp_path / "loop.png"))


def test_a_picture_that_claims_ten_gigapixels_is_broken(tmp_path: Path) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    (tmp_path / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    write_image(tmp_path / "2.png")
    (sequence,) = opened(tmp_path).subjects[tmp_path.name]
    assert [picture is None for picture in sequence.pictures()] == [True, False]


def test_an_empty_source_is_not_the_working_folder() -> None:
    with pytest.raises(InputError, match="--source: the name of a source is empty"):
        open_source(SourceSpec(("",)))


def test_unreadable_folders_cost_their_subject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_image(tmp_path / "good/1.png")
    write_image(tmp_path / "shut/1.png")
    whole = Path.iterdir

    def iterdir(self: Path):
        if self.name == "shut":
            raise PermissionError(13, "Permission denied")
        return whole(self)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    source = opened(tmp_path)
    assert set(source.subjects) == {"good"}
    assert "cannot be read (Permission denied)" in str(source.failed["shut"][0])
    assert np.array_equal(source.subjects["good"][0].frames, [1])
