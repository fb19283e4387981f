"""Trees that nobody means well with: one line says what is wrong; no traceback, no wrong label, no wrong point."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from corpus_trees import MAKERS, Tree, cell, edit, write_text

from assets.errors import InputError
from synth.corpora.folders import pictures_by_number
from synth.corpora.options import parse_options
from synth.corpora.registry import open_corpus
from synth.sources.open import SourceSpec, open_source

TABLE = "AUCoding/AU_OCC/F002_T1.csv"
TASK = "Sequences(2D+3D)/F002/T1"
UNIT = "AU Intensity Codes3.0/AU10/F002_T1_AU10.csv"
HUGE = "9" * 5000


def as_file(path: Path) -> None:
    shutil.rmtree(path)
    path.write_text("no folder")


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_loop(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    path.symlink_to(path.name)


def twice(path: Path, row: int) -> None:
    line = path.read_text().splitlines()[row - 1]
    edit(path, row, f"{line}\n{line}")


def copy_in_small_letters(path: Path) -> None:
    shutil.copy(path, path.with_name(path.name.lower()))


def only_last_row(path: Path, row: str) -> None:
    write_text(path, [path.read_text().splitlines()[0], row])


@pytest.fixture(scope="session")
def trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Tree]]:
    """One sound tree of each corpus, to be copied."""
    folder = tmp_path_factory.mktemp("trees")
    return {corpus: (folder / corpus, make(folder / corpus)) for corpus, make in MAKERS.items()}


@pytest.fixture
def tree(trees: dict[str, tuple[Path, Tree]], tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that gives a fresh copy of a tree."""

    def copied(corpus: str) -> Path:
        return Path(shutil.copytree(trees[corpus][0], tmp_path / corpus))

    return copied


CASES: list[tuple[str, str, Callable[[Path], object], str]] = [
    ("bp4d", "F002", lambda root: cell(root / TABLE, 3, 0, "9" * 30), r"row 3, column 0: '9+' is no frame number"),
    ("bp4d", "F002", lambda root: cell(root / TABLE, 3, 0, HUGE), r"row 3, column 0: '9+' is no frame number"),
    ("bp4d", "F002", lambda root: as_loop(root / TABLE), r"F002_T1.csv: this is no readable CSV file"),
    ("bp4d", "F002", lambda root: as_folder(root / TABLE), r"F002_T1.csv: this is no readable CSV file"),
    ("bp4d", "F002", lambda root: as_file(root / TASK), r"F002/T1: this is no readable folder"),
    ("bp4d", "F002", lambda root: as_loop(root / TASK), r"F002/T1: this is no readable folder"),
    ("bp4d", "F002", lambda root: copy_in_small_letters(root / TABLE), r"F002_T1.csv and f002_t1.csv are both of F002"),
    ("bp4d", "F002", lambda root: cell(root / TABLE, 1, 4, "AU1"), r"columns '1' and 'AU1' both hold AU01; keep one"),
    ("bp4d", "F002", lambda root: cell(root / TABLE, 1, 0, "6"), r"column '6' stands there twice"),
    (
        "bp4d",
        "F002",
        lambda root: (root / TABLE).write_text((root / TABLE).read_text().replace(",", ";")),
        r"row 1: the cells are divided by semicolons",
    ),
    ("bp4d", "F002", lambda root: edit(root / UNIT, 2, HUGE + ",1"), r"AU10.csv row 2: '9+,1' is no coded frame"),
    ("bp4d", "F002", lambda root: edit(root / UNIT, 1, "25,x"), r"AU10.csv row 1: '25,x' is no coded frame"),
    ("bp4d", "F002", lambda root: twice(root / UNIT, 2), r"AU10.csv row 3: frame \d+ stands in row 2 too"),
    ("disfa", "SN010", lambda root: as_file(root / "Landmark_Points/SN010"), r"SN010: this is no readable folder"),
    (
        "disfa",
        "SN010",
        lambda root: edit(root / "ActionUnit_Labels/SN010/SN010_au1.txt", 2, "2," + HUGE),
        r"SN010_au1.txt row 2: '2,9+' is no coded frame",
    ),
    ("gft", "001B", lambda root: as_loop(root / "labels/001B.csv"), r"001B.csv: this is no readable CSV file"),
    ("gft", "001B", lambda root: copy_in_small_letters(root / "labels/001B.csv"), r"001B.csv and 001b.csv are both"),
    (
        "gft",
        "032A",
        lambda root: only_last_row(root / "labels/032A.csv", "10" + ",0" * 15),
        r"032A.avi: no row of 032A.csv has a picture",
    ),
]


@pytest.mark.parametrize(("corpus", "subject", "damage", "line"), CASES)
def test_damage_costs_one_subject_and_is_told(
    corpus: str,
    subject: str,
    damage: Callable[[Path], object],
    line: str,
    tree: Callable[[str], Path],
    trees: dict[str, tuple[Path, Tree]],
) -> None:
    root = tree(corpus)
    damage(root)
    opened = open_corpus(corpus, root)
    assert set(opened.failed) == {subject}
    assert opened.subjects == tuple(sorted({name for name, _ in trees[corpus][1]} - {subject}))
    assert re.search(line, str(opened.problems[0])), str(opened.problems[0])


@pytest.mark.parametrize(
    ("corpus", "damage", "line"),
    [
        ("bp4d", lambda root: as_file(root / "AUCoding"), "no occurrence tables found"),
        ("bp4d", lambda root: as_file(root / "AU Intensity Codes3.0/AU06"), "AU06: this is no readable folder"),
        ("bp4d", lambda root: as_folder(root / "landmarks/BP4D_part1_path.txt"), "path.txt: this is no readable text"),
        (
            "bp4d",
            lambda root: edit(root / "landmarks/BP4D_part1_path.txt", 1, "F002/T1/²².jpg"),
            r"row 1: 'F002/T1/²².jpg' names no picture",
        ),
        (
            "bp4d",
            lambda root: edit(root / "landmarks/BP4D_part1_path.txt", 1, f"F002/T1/{'9' * 30}.jpg"),
            "names no picture",
        ),
        (
            "bp4d",
            lambda root: (root / "landmarks/BP4D_part1_path.txt").write_bytes(b"F\xe9"),
            "this is no readable text file",
        ),
        ("disfa", lambda root: as_loop(root / "gender.csv"), "gender.csv: this is no readable CSV file"),
    ],
)
def test_damage_to_what_all_share_ends_the_run(
    corpus: str, damage: Callable[[Path], object], line: str, tree: Callable[[str], Path]
) -> None:
    root = tree(corpus)
    damage(root)
    with pytest.raises(InputError, match=line):
        open_corpus(corpus, root)


@pytest.mark.parametrize("frame", ["nan", "inf", "-3", "25.5", "1e30"])
def test_landmark_rows_begin_with_a_whole_number(frame: str, tree: Callable[[str], Path]) -> None:
    root = tree("bp4d")
    edit(root / "landmarks/F001_T1.txt", 2, frame + ",1" * 98)
    sequence = open_corpus("bp4d", root, subjects=["F001"]).sequences[0]
    with pytest.raises(InputError, match=r"F001_T1.txt row 2: .* is no frame number"):
        _ = sequence.given_landmarks


def test_a_landmark_file_that_is_a_folder_is_told(tree: Callable[[str], Path]) -> None:
    root = tree("bp4d")
    as_folder(root / "landmarks/F001_T1.txt")
    sequence = open_corpus("bp4d", root, subjects=["F001"]).sequences[0]
    with pytest.raises(InputError, match=r"F001_T1.txt: this is no readable text file"):
        _ = sequence.given_landmarks


def points_of(root: Path, subject: str) -> np.ndarray:
    sequences = open_corpus("bp4d", root, subjects=[subject]).sequences
    return np.concatenate([sequence.given_landmarks.points_px for sequence in sequences])


def test_two_lists_over_the_same_frames_do_not_mix(tree: Callable[[str], Path]) -> None:
    """Public lists of all parts and of one part lie in one folder: each row must be read from its own file."""
    root = tree("bp4d")
    folder = root / "landmarks"
    before = points_of(root, "M001")
    names, rows = ((folder / f"BP4D_part1_{kind}.txt").read_text().splitlines() for kind in ("path", "land"))
    write_text(folder / "BP4D_all_path.txt", names[::-1])
    write_text(folder / "BP4D_all_land.txt", rows[::-1])
    np.testing.assert_array_equal(points_of(root, "M001"), before)
    write_text(folder / "BP4D_all_land.txt", [rows[0], *rows[:0:-1]])
    with pytest.raises(InputError, match=r"part1_land.txt row \d+: frame \d+ has other points than in .*BP4D_all_land"):
        points_of(root, "F002")


def test_lists_may_name_subjects_in_small_letters(tree: Callable[[str], Path]) -> None:
    root = tree("bp4d")
    before = points_of(root, "M001")
    path = root / "landmarks/BP4D_part1_path.txt"
    path.write_text(path.read_text().lower())
    np.testing.assert_array_equal(points_of(root, "M001"), before)
    assert np.isfinite(before).any()


def test_a_task_that_is_not_there_is_told(tree: Callable[[str], Path]) -> None:
    root = tree("bp4d")
    assert len(open_corpus("bp4d", root, tasks=["t1"]).sequences) == 3
    with pytest.raises(InputError, match="task 'T9' is not there; choose one of: T1, T2"):
        open_corpus("bp4d", root, tasks=["T1", "T9"])


def test_a_table_without_frame_numbers_is_told(tree: Callable[[str], Path]) -> None:
    root = tree("bp4d")
    lines = [line.split(",", 1)[1] for line in (root / TABLE).read_text().splitlines()]
    write_text(root / TABLE, [lines[0], "0" + lines[1][1:], "1" + lines[2][1:]])
    assert "the first column is no frame number" in str(open_corpus("bp4d", root).failed["F002"][0])


def test_folders_named_like_pictures_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "7.jpg").mkdir()
    (tmp_path / "0007.jpg").write_bytes(b"x")
    assert pictures_by_number(tmp_path) == {7: str(tmp_path / "0007.jpg")}


def test_codes_written_as_fractions_are_the_same_codes(tree: Callable[[str], Path]) -> None:
    root = tree("gft")
    before = open_corpus("gft", root, subjects=["001A"]).sequences[0].labels
    path = root / "labels/001A.csv"
    head, *rows = path.read_text().splitlines()
    write_text(path, [head, *(re.sub(r"(?<=,)(-?\d+)", r"\1.0", row) for row in rows)])
    after = open_corpus("gft", root, subjects=["001A"]).sequences[0].labels
    np.testing.assert_array_equal(after.au, before.au)
    np.testing.assert_array_equal(after.mask, before.mask)
    with pytest.raises(InputError, match="--missing-codes: 0 is a label"):
        open_corpus("gft", root, missing_codes=["0", "9"])


def test_side_files_may_write_subjects_in_small_letters(
    tree: Callable[[str], Path], trees: dict[str, tuple[Path, Tree]]
) -> None:
    root = tree("gft")
    for name in ("gender.csv", "partition.csv"):
        path = root / name
        path.write_text(path.read_text().lower())
    opened = open_corpus("gft", root)
    assert not opened.failed
    assert {one.subject: (one.apparent_gender, one.split) for one in opened.sequences} == {
        subject: (truth.gender, truth.split) for (subject, _), truth in trees["gft"][1].items()
    }


def test_a_backup_of_a_picture_folder_is_no_subject(tree: Callable[[str], Path]) -> None:
    root = tree("gft")
    (root / "images/001C.old").mkdir()
    assert not open_corpus("gft", root).failed


@pytest.mark.parametrize(
    "texts", [{"subjects": ","}, {"aus": " "}, {"tasks": ""}, {"frame_offset": "9" * 5000}, {"frame_offset": "9" * 30}]
)
def test_empty_lists_and_endless_numbers_are_refused(texts: dict[str, str]) -> None:
    with pytest.raises(InputError, match=f"--{next(iter(texts)).replace('_', '-')}: "):
        parse_options(texts)


def test_a_root_that_is_no_utf8_text_is_refused(tree: Callable[[str], Path], tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    tree("disfa").rename(folder)
    with pytest.raises(InputError, match=r"caf\\xe9: this name is no UTF-8 text"):
        open_corpus("disfa", folder)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("root=/x",), "--option: gft takes no option 'root'"),
        (("frames=3",), "--option: gft takes no option 'frames'"),
        (("split=train", "split=test"), "--option: 'split' stands there twice"),
        (("labels=labels",), "--option: 'labels' is named by --labels too"),
    ],
)
def test_options_are_named_once_and_exist(options: tuple[str, ...], text: str, tree: Callable[[str], Path]) -> None:
    spec = SourceSpec(("gft",), root=str(tree("gft")), labels="labels", options=options)
    with pytest.raises(InputError, match=re.escape(text)):
        open_source(spec)
