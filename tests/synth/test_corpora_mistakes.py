"""Every wrong layout gives one clear line that names file and row; the other subjects go on."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from corpus_trees import MAKERS, cell, edit, make_bp4d, make_disfa, write_picture, write_text, write_video
from scipy.io import savemat

from assets.errors import InputError
from synth.corpora.registry import open_corpus


def bp4d_code(root: Path) -> None:
    cell(root / "AUCoding/AU_OCC/F002_T1.csv", 4, 1, "3")


def bp4d_frame(root: Path) -> None:
    cell(root / "AUCoding/AU_OCC/F002_T1.csv", 3, 0, "12b")


def bp4d_double_frame(root: Path) -> None:
    path = root / "AUCoding/AU_OCC/F002_T1.csv"
    edit(path, 3, path.read_text().splitlines()[1])


def bp4d_short_row(root: Path) -> None:
    edit(root / "AUCoding/AU_OCC/F002_T1.csv", 5, "27,0,1")


def bp4d_no_unit(root: Path) -> None:
    cell(root / "AUCoding/AU_OCC/F002_T1.csv", 1, 3, "44")


def bp4d_no_table(root: Path) -> None:
    (root / "AUCoding/AU_OCC/F002_T2.csv").unlink()


def bp4d_empty_table(root: Path) -> None:
    (root / "AUCoding/AU_OCC/F002_T2.csv").write_text("")


def bp4d_no_pictures(root: Path) -> None:
    shutil.rmtree(root / "Sequences(2D+3D)/F002/T2")


def bp4d_other_pictures(root: Path) -> None:
    folder = root / "Sequences(2D+3D)/F002/T2"
    shutil.rmtree(folder)
    write_picture(folder / "7000.jpg", 1)


def bp4d_same_number(root: Path) -> None:
    write_picture(root / "Sequences(2D+3D)/F002/T1/5.jpg", 5)


def bp4d_intensity(root: Path) -> None:
    path = root / "AU Intensity Codes3.0/AU12/F002_T1_AU12.csv"
    edit(path, 2, path.read_text().splitlines()[1].split(",")[0] + ",6")


def disfa_no_file(root: Path) -> None:
    (root / "ActionUnit_Labels/SN010/SN010_au12.txt").unlink()


def disfa_intensity(root: Path) -> None:
    edit(root / "ActionUnit_Labels/SN010/SN010_au12.txt", 7, "7,6")


def disfa_gap(root: Path) -> None:
    edit(root / "ActionUnit_Labels/SN010/SN010_au12.txt", 7, None)


def disfa_other_length(root: Path) -> None:
    edit(root / "ActionUnit_Labels/SN010/SN010_au12.txt", 12, None)


def disfa_video_length(root: Path) -> None:
    write_video(root / "Video_LeftCamera/LeftVideoSN010_comp.avi", range(14))


def disfa_video_missing(root: Path) -> None:
    (root / "Video_LeftCamera/LeftVideoSN010_comp.avi").unlink()


def disfa_video_broken(root: Path) -> None:
    (root / "Video_LeftCamera/LeftVideoSN010_comp.avi").write_bytes(b"RIFF0000AVI LIST" + bytes(400))


def disfa_video_empty(root: Path) -> None:
    (root / "Video_LeftCamera/LeftVideoSN010_comp.avi").write_bytes(b"")


def disfa_no_gender(root: Path) -> None:
    edit(root / "gender.csv", 3, None)


def disfa_mixed_names(root: Path) -> None:
    savemat(root / "Landmark_Points/SN010/tmp_frame_lm/SN010_0003_lm.mat", {"pts": [[1.0, 2.0]]})


def gft_code(root: Path) -> None:
    cell(root / "labels/001B.csv", 3, 2, "5")


def gft_no_table(root: Path) -> None:
    (root / "labels/001B.csv").unlink()


def gft_no_unit(root: Path) -> None:
    cell(root / "labels/001B.csv", 1, 1, "lid")


def gft_no_frame_column(root: Path) -> None:
    cell(root / "labels/001B.csv", 1, 0, "zeit")


def gft_no_pictures(root: Path) -> None:
    shutil.rmtree(root / "images/001B")


BROKEN: list[tuple[str, str, Callable[[Path], None], str]] = [
    ("bp4d", "F002", bp4d_code, r"F002_T1.csv row 4, column 1: '3' is no code of AU01; the codes are 0, 1, 9"),
    ("bp4d", "F002", bp4d_frame, r"F002_T1.csv row 3, column 0: '12b' is no frame number"),
    ("bp4d", "F002", bp4d_double_frame, r"F002_T1.csv row 3, column 0: frame \d+ stands in row 2 too"),
    ("bp4d", "F002", bp4d_short_row, r"F002_T1.csv row 5: 3 cells for 25 columns"),
    ("bp4d", "F002", bp4d_no_unit, r"F002_T1.csv row 1: no column for AU04"),
    ("bp4d", "F002", bp4d_no_table, r"F002/T2: no label file for this task; take F002_T2.csv"),
    ("bp4d", "F002", bp4d_empty_table, r"F002_T2.csv: the table holds no rows"),
    ("bp4d", "F002", bp4d_no_pictures, r"F002/T2: no picture folder for a coded sequence"),
    ("bp4d", "F002", bp4d_other_pictures, r"F002/T2: none of the 9 coded frames of F002_T2.csv has a picture"),
    ("bp4d", "F002", bp4d_same_number, r"F002/T1: 0005.jpg and 5.jpg are both frame 5"),
    ("bp4d", "F002", bp4d_intensity, r"F002_T1_AU12.csv row 2: '\d+,6' is no coded frame"),
    ("disfa", "SN010", disfa_no_file, r"SN010_au12.txt: the label file is missing"),
    ("disfa", "SN010", disfa_intensity, r"SN010_au12.txt row 7: '7,6' is no coded frame"),
    ("disfa", "SN010", disfa_gap, r"SN010_au12.txt row 7: frame 8 where frame 7 is due"),
    ("disfa", "SN010", disfa_other_length, r"SN010_au12.txt: 11 rows where the subject's other units have 12"),
    ("disfa", "SN010", disfa_video_length, r"SN010_comp.avi: 14 frames for 12 label rows"),
    ("disfa", "SN010", disfa_video_missing, r"SN010_comp.avi: the video of a coded subject is missing"),
    (
        "disfa",
        "SN010",
        disfa_video_broken,
        r"SN010_comp.avi: (this video cannot|no frame of this video can) be decoded",
    ),
    ("disfa", "SN010", disfa_video_empty, r"SN010_comp.avi: (this video cannot|no frame of this video can) be decoded"),
    ("disfa", "SN010", disfa_no_gender, r"gender.csv: no row for subject SN010; add it"),
    ("disfa", "SN010", disfa_mixed_names, r"tmp_frame_lm: 1 files named by subject and \d+ named l"),
    (
        "gft",
        "001B",
        gft_code,
        r"001B.csv row 3, column AU2: '5' is no code of AU02; the codes are 0, 1, -1, 9, 999, blank",
    ),
    ("gft", "001B", gft_no_table, r"001B.csv: the label file is missing"),
    ("gft", "001B", gft_no_unit, r"001B.csv row 1: no column for AU01; .*--columns"),
    ("gft", "001B", gft_no_frame_column, r"001B.csv row 1: no column holds the frame number"),
    ("gft", "001B", gft_no_pictures, r"images: neither a picture folder nor a video for subject 001B"),
]


@pytest.mark.parametrize(("corpus", "subject", "damage", "line"), BROKEN, ids=[case[2].__name__ for case in BROKEN])
def test_one_broken_subject_is_listed_and_the_others_go_on(
    corpus: str, subject: str, damage: Callable[[Path], None], line: str, tmp_path: Path
) -> None:
    tree = MAKERS[corpus](tmp_path)
    damage(tmp_path)
    opened = open_corpus(corpus, tmp_path)
    assert set(opened.failed) == {subject}
    assert opened.subjects == tuple(sorted({name for name, _ in tree} - {subject}))
    assert len(opened.problems) == 1
    problem = opened.problems[0]
    assert re.search(line, str(problem)), str(problem)
    assert "\n" not in str(problem)
    assert problem.mend


def test_everything_wrong_with_a_subject_is_told_at_once(tmp_path: Path) -> None:
    make_disfa(tmp_path)
    for damage in (disfa_intensity, disfa_no_gender, disfa_video_missing):
        damage(tmp_path)
    assert len(open_corpus("disfa", tmp_path).failed["SN010"]) == 3


def test_strangers_and_misnamed_files_are_listed(tmp_path: Path) -> None:
    make_bp4d(tmp_path / "bp4d")
    table = tmp_path / "bp4d/AUCoding/AU_OCC/F001_T1.csv"
    shutil.copy(table, table.with_name("F1-T1.csv"))
    shutil.copy(table, table.with_name("F077_T1.csv"))
    opened = open_corpus("bp4d", tmp_path / "bp4d")
    assert set(opened.failed) == {"F1-T1", "F077"}
    assert opened.subjects == ("F001", "F002", "M001")
    make_disfa(tmp_path / "disfa")
    shutil.copytree(tmp_path / "disfa/ActionUnit_Labels/SN010", tmp_path / "disfa/ActionUnit_Labels/SN033")
    failed = open_corpus("disfa", tmp_path / "disfa").failed
    assert {name: [problem.what for problem in found] for name, found in failed.items()} == {
        "SN033": ["SN033 is no subject of DISFA"]
    }


def test_asking_for_certain_subjects_hides_the_problems_of_others(tmp_path: Path) -> None:
    make_bp4d(tmp_path)
    bp4d_code(tmp_path)
    assert not open_corpus("bp4d", tmp_path, subjects=["F001"]).failed
    with pytest.raises(InputError, match=r"subject 'F009' is not there"):
        open_corpus("bp4d", tmp_path, subjects=["F001", "F009"])


def test_nothing_left_to_read_is_an_error_with_every_problem(tmp_path: Path) -> None:
    make_disfa(tmp_path)
    write_text(tmp_path / "gender.csv", ["subject,gender", "SN002,F"])
    with pytest.raises(InputError) as caught:
        open_corpus("disfa", tmp_path)
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("corpus", list(MAKERS))
def test_a_folder_that_is_no_corpus(corpus: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        open_corpus(corpus, tmp_path / "nowhere")
    (tmp_path / "holiday").mkdir()
    with pytest.raises(InputError):
        open_corpus(corpus, tmp_path)
