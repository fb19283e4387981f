"""Gender and partition files, landmark files and options that are missing or wrong: each names file, row and mend."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from corpus_trees import (
    MAKERS,
    cell,
    edit,
    gft_partition,
    make_bp4d,
    make_disfa,
    make_gft,
    write_partition,
    write_text,
    write_video,
)  # fmt: skip
from scipy.io import savemat

from assets.errors import InputError
from synth.corpora.registry import open_corpus


@pytest.mark.parametrize("corpus", ["disfa", "gft"])
def test_missing_gender_file_names_file_and_columns(corpus: str, tmp_path: Path) -> None:
    MAKERS[corpus](tmp_path)
    (tmp_path / "gender.csv").unlink()
    with pytest.raises(InputError, match=r"gender\.csv: the gender file is missing.*subject,apparent_gender"):
        open_corpus(corpus, tmp_path)
    with pytest.raises(InputError, match=r"mine\.csv: the gender file is missing.*subject,apparent_gender"):
        open_corpus(corpus, tmp_path, gender="mine.csv")
    write_text(tmp_path / "gender.csv", ["who,what", "SN001,F"])
    with pytest.raises(InputError, match=r"gender\.csv row 1.*subject,apparent_gender"):
        open_corpus(corpus, tmp_path)
    write_text(tmp_path / "gender.csv", ["subject,gender", "SN001,femal", "SN001,F"])
    with pytest.raises(InputError, match=r"gender\.csv row 2, column gender: 'femal'") as caught:
        open_corpus(corpus, tmp_path)
    assert len(caught.value.problems) == 2


def test_missing_partition_names_file_and_columns(tmp_path: Path) -> None:
    make_gft(tmp_path)
    (tmp_path / "partition.csv").unlink()
    with pytest.raises(
        InputError, match=r"partition\.csv: the partition file of GFT is missing.*subject,split.*60, 18"
    ):
        open_corpus("gft", tmp_path)


def partition_error(tmp_path: Path, partition: dict[str, str]) -> str:
    write_partition(tmp_path / "partition.csv", partition)
    with pytest.raises(InputError) as caught:
        open_corpus("gft", tmp_path)
    return str(caught.value)


def test_partition_is_60_18_18_of_96_and_no_group_is_torn(tmp_path: Path) -> None:
    make_gft(tmp_path)
    partition = gft_partition()
    moved = {**partition, "001A": "val"}
    text = partition_error(tmp_path, moved)
    assert "59 subjects in train, not 60" in text
    assert "19 subjects in val, not 18" in text
    assert "group 001 is in train and val" in text
    swapped = {**partition, "001A": "val", "021A": "train"}
    assert partition_error(tmp_path, swapped).count("group") == 2
    fewer = {subject: split for subject, split in partition.items() if subject != "032C"}
    assert "95 subjects, not 96" in partition_error(tmp_path, fewer)
    assert "row 2: unknown split 'trian'; did you mean 'train'?" in partition_error(
        tmp_path, {**partition, "001A": "trian"}
    )
    lines = (tmp_path / "partition.csv").read_text().replace("trian", "train").splitlines()
    write_text(tmp_path / "partition.csv", [*lines, lines[1]])
    with pytest.raises(InputError, match=r"row 98: subject '001A' stands there twice"):
        open_corpus("gft", tmp_path)


def test_a_subject_outside_the_partition_is_listed(tmp_path: Path) -> None:
    make_gft(tmp_path)
    shutil.copy(tmp_path / "labels/001A.csv", tmp_path / "labels/077A.csv")
    opened = open_corpus("gft", tmp_path)
    assert set(opened.failed) == {"077A"}
    assert "partition.csv" in opened.problems[0].where


def test_gft_table_that_counts_from_zero_names_the_option(tmp_path: Path) -> None:
    make_gft(tmp_path)
    path = tmp_path / "labels/021C.csv"
    for row in range(2, 12):
        cell(path, row, 0, str(row - 2))
    assert "--frame-offset" in str(open_corpus("gft", tmp_path).failed["021C"][0])
    assert not open_corpus("gft", tmp_path, subjects=["021C"], frame_offset=1).failed


def test_gft_video_far_too_short(tmp_path: Path) -> None:
    make_gft(tmp_path)
    write_video(tmp_path / "images/021C.avi", range(1, 8), 30.0)
    problem = open_corpus("gft", tmp_path).failed["021C"][0]
    assert "7 frames where 021C.csv goes to frame 10" in str(problem)


@pytest.mark.parametrize(
    ("path", "line", "text"),
    [
        ("landmarks/F001_T1.txt", "30,1,2,3", r"F001_T1.txt row 2: 4 numbers"),
        ("landmarks/F001_T1.txt", "thirty," + ",".join(["1"] * 98), r"F001_T1.txt row 2: this is no row of numbers"),
        ("landmarks/BP4D_part1_land.txt", "1 2 3", r"BP4D_part1_land.txt row 2: 3 numbers"),
    ],
)
def test_broken_landmark_rows_name_their_row(path: str, line: str, text: str, tmp_path: Path) -> None:
    make_bp4d(tmp_path)
    edit(tmp_path / path, 2, line)
    sequence = next(s for s in open_corpus("bp4d", tmp_path).sequences if (s.subject == "F001") == ("F001" in path))
    with pytest.raises(InputError, match=text):
        _ = sequence.given_landmarks


def test_landmark_lists_of_different_length(tmp_path: Path) -> None:
    make_bp4d(tmp_path)
    edit(tmp_path / "landmarks/BP4D_part1_land.txt", 2, None)
    with pytest.raises(InputError, match=r"BP4D_part1_land.txt: \d+ rows for the \d+ pictures of BP4D_part1_path.txt"):
        open_corpus("bp4d", tmp_path)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"pts": [[1.0, 2.0]]}, r"l00003_lm.mat: 'pts' is of shape \(1, 2\), not \(66, 2\)"),
        ({"points": [[1.0, 2.0]]}, r"l00003_lm.mat: 'pts' is missing"),
        (b"", r"l00003_lm.mat: this is no readable .mat file"),
        (b"MATLAB 5.0" + bytes(200), r"l00003_lm.mat: this is no readable .mat file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(600), r"l00003_lm.mat: this is no readable .mat file"),
        (bytes(2_000_000), r"l00003_lm.mat: too large"),
    ],
)
def test_broken_mat_files_name_themselves(content: dict | bytes, text: str, tmp_path: Path) -> None:
    make_disfa(tmp_path)
    path = tmp_path / "Landmark_Points/SN010/tmp_frame_lm/l00003_lm.mat"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        savemat(path, content)
    sequence = open_corpus("disfa", tmp_path, subjects=["SN010"]).sequences[0]
    with pytest.raises(InputError, match=text):
        _ = sequence.given_landmarks


def test_unknown_camera_unit_and_split(tmp_path: Path) -> None:
    make_disfa(tmp_path / "disfa")
    with pytest.raises(InputError, match=r"--camera: unknown camera 'lef'; did you mean 'left'"):
        open_corpus("disfa", tmp_path / "disfa", camera="lef")
    with pytest.raises(InputError, match=r"--aus: DISFA does not code AU10"):
        open_corpus("disfa", tmp_path / "disfa", aus=(10,))
    make_gft(tmp_path / "gft")
    with pytest.raises(InputError, match=r"--split: unknown split 'validation'"):
        open_corpus("gft", tmp_path / "gft", split="validation")
