"""Sources: what is read is what was written, and every wrong input is named with its place."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from footage import write_image, write_lines, write_video

from assets.errors import InputError
from synth.sources.csv_table import read_csv
from synth.sources.label_csv import read_au_cells
from synth.sources.match import limit_frames
from synth.sources.open import SourceSpec, open_source


def opened(*sources: Path, **options: object) -> dict:
    return open_source(SourceSpec(tuple(map(str, sources)), **options)).subjects


def problems(*sources: Path, **options: object) -> list[str]:
    with pytest.raises(InputError) as caught:
        opened(*sources, **options)
    return [str(problem) for problem in caught.value.problems]


# -- videos


def test_video_frames_come_in_order_and_by_number(tmp_path: Path) -> None:
    levels = write_video(tmp_path / "a.avi")
    (sequence,) = opened(tmp_path / "a.avi")["a"]
    seen = [picture.mean() for picture in sequence.pictures()]
    np.testing.assert_allclose(seen, levels, atol=3)
    np.testing.assert_allclose(sequence.time_s, np.arange(12) / 25)
    part = [picture.mean() for picture in sequence.pictures(4, 7)]
    np.testing.assert_allclose(part, levels[4:7], atol=3)


def test_limited_frames_are_spread_evenly_and_keep_their_numbers(tmp_path: Path) -> None:
    levels = write_video(tmp_path / "a.avi")
    (sequence,) = opened(tmp_path / "a.avi", frames=4)["a"]
    assert sequence.frames.tolist() == [0, 4, 7, 11]
    np.testing.assert_allclose([p.mean() for p in sequence.pictures()], levels[[0, 4, 7, 11]], atol=3)


def test_sequences_travel_to_other_processes(tmp_path: Path) -> None:
    write_video(tmp_path / "a.avi")
    (sequence,) = opened(tmp_path / "a.avi")["a"]
    again = pickle.loads(pickle.dumps(sequence))
    assert sum(1 for _ in again.pictures()) == 12


def test_broken_and_missing_videos_are_all_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "noise.mp4").write_bytes(b"this is no video" * 100)
    found = problems(tmp_path / "noise.mp4", tmp_path / "absent.mp4")
    assert len(found) == 2
    assert "noise.mp4" in found[0]
    assert "absent.mp4" in found[1]


def test_one_broken_video_is_set_aside_with_its_label_rows(tmp_path: Path) -> None:
    write_video(tmp_path / "good.avi")
    (tmp_path / "noise.mp4").write_bytes(b"this is no video" * 100)
    paths = (str(tmp_path / "good.avi"), str(tmp_path / "noise.mp4"))
    labels = write_lines(tmp_path / "l.csv", "subject,frame,AU12", "good,3,1", "noise,3,1")
    source = open_source(SourceSpec(paths, labels=str(labels)))
    assert list(source.subjects) == ["good"]
    assert list(source.failed) == ["noise"]
    assert source.subjects["good"][0].labels.mask[:, 0].nonzero()[0].tolist() == [3]
    unnamed = write_lines(tmp_path / "u.csv", "frame,AU12", "3,1")
    with pytest.raises(InputError, match="could belong to 2 sequences"):
        open_source(SourceSpec(paths, labels=str(unnamed)))


def test_a_subject_with_one_broken_video_is_left_out_whole(tmp_path: Path) -> None:
    for name in ("anna", "ben"):
        (tmp_path / name).mkdir()
        write_video(tmp_path / name / "1.avi")
    (tmp_path / "anna" / "2.avi").write_bytes(b"RIFF")
    source = open_source(SourceSpec((str(tmp_path),)))
    assert list(source.subjects) == ["ben"]
    assert next(map(str, source.failed["anna"])).startswith(str(tmp_path / "anna" / "2.avi"))


def test_video_that_breaks_off_is_refused(tmp_path: Path) -> None:
    write_video(tmp_path / "a.avi", frames=60)
    whole = (tmp_path / "a.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(whole[: len(whole) // 3])
    assert any("cut.avi" in line for line in problems(tmp_path / "cut.avi"))


# -- pictures


def test_folder_of_pictures_is_one_subject_numbered_by_name(tmp_path: Path) -> None:
    for number in (12, 3, 101):
        write_image(tmp_path / "anna" / f"frame_{number}.png", 50 + number)
    (sequence,) = opened(tmp_path / "anna")["anna"]
    assert sequence.frames.tolist() == [3, 12, 101]
    np.testing.assert_allclose([p.mean() - 3.5 for p in sequence.pictures()], [53, 62, 151], atol=2)


def test_sub_folders_are_subjects_and_theirs_are_sequences(tmp_path: Path) -> None:
    for name in ("s1/t1/1.png", "s1/t1/2.png", "s1/t2/1.png", "s2/1.png"):
        write_image(tmp_path / name)
    subjects = opened(tmp_path)
    assert {name: [s.name for s in sequences] for name, sequences in subjects.items()} == {
        "s1": ["t1", "t2"],
        "s2": ["s2"],
    }


def test_single_pictures_are_subjects_of_their_own(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png")
    write_image(tmp_path / "b.jpg")
    assert sorted(opened(tmp_path / "a.png", tmp_path / "b.jpg", gender="f")) == ["a", "b"]


def test_broken_pictures_keep_their_rows_unless_all_are_broken(tmp_path: Path) -> None:
    path = write_image(tmp_path / "x" / "1.jpg")
    good = write_image(tmp_path / "x" / "2.jpg")
    path.write_bytes(path.read_bytes()[:300])
    (tmp_path / "x" / "3.png").write_bytes(b"\x89PNG and nothing more")
    (sequence,) = opened(tmp_path / "x")["x"]
    assert sequence.frames.tolist() == [1, 2, 3]
    assert [picture is None for picture in sequence.pictures()][1:] == [False, True]
    good.unlink()
    found = problems(tmp_path / "x")
    assert len(found) == 2
    assert "1.jpg" in found[0]
    assert "breaks off" in found[0]
    assert "3.png" in found[1]


# -- label tables


def cells_of(tmp_path: Path, *lines: str):
    return read_au_cells(read_csv(write_lines(tmp_path / "l.csv", *lines)), 2.0, frozenset({"frame"}))


def test_codes_blanks_and_fractions(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, "frame, AU1, AU02_c, AU12_r, AU25", "0,1,9,1.9,0.2", "1,,0,2.0,0.7", "2,0,1,9,nan")
    assert cells.numbers == (1, 2, 12, 25)
    assert cells.au.tolist() == [[1, 0, 0, 0], [0, 0, 1, 1], [0, 1, 0, 0]]
    assert cells.mask.tolist() == [[1, 0, 1, 1], [0, 1, 1, 1], [1, 1, 0, 0]]
    np.testing.assert_allclose(cells.intensity[:, 2], [1.9, 2.0, np.nan])


def test_coded_occurrence_wins_over_the_threshold(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, "frame,AU04_r,AU04_c", "0,0.4,1", "1,4.0,0")
    assert cells.au.ravel().tolist() == [1, 0]
    np.testing.assert_allclose(cells.intensity.ravel(), [0.4, 4.0])


def test_rows_that_openface_gave_up_are_masked(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, "frame,success,AU12_c", "0,1,1", "1,0,1")
    assert cells.mask.ravel().tolist() == [1, 0]


@pytest.mark.parametrize(
    ("lines", "part"),
    [
        (("frame,AU99", "0,1"), "AU99"),
        (("frame,AU1", "0,3"), "row 2, column AU1"),
        (("frame,AU1", "0,yes"), "'yes'"),
        (("frame,AU12_c", "0,0.5"), "fractions"),
        (("frame,AU1,AU01_c", "0,1,1"), "name one unit"),
        (("frame,AU1,AU1", "0,1,1"), "stands there twice"),
        (("frame,AU1", "0,1,1"), "3 cells for 2 columns"),
        (("frame,AU1",), "holds no rows"),
    ],
)
def test_wrong_label_tables(tmp_path: Path, lines: tuple[str, ...], part: str) -> None:
    with pytest.raises(InputError) as caught:
        cells_of(tmp_path, *lines)
    assert part in str(caught.value)


# -- labels and frames


def labelled(tmp_path: Path, *lines: str, **options: object):
    write_video(tmp_path / "a.avi")
    write_lines(tmp_path / "l.csv", *lines)
    return opened(tmp_path / "a.avi", labels=str(tmp_path / "l.csv"), **options)["a"][0]


def test_labels_meet_their_frames_and_others_are_masked(tmp_path: Path) -> None:
    sequence = labelled(tmp_path, "frame,AU1,AU12", "0,1,0", "5,0,1")
    assert sequence.labels.numbers == (1, 12)
    assert np.flatnonzero(sequence.labels.mask.any(1)).tolist() == [0, 5]
    assert sequence.labels.au[5].tolist() == [0, 1]


def test_openface_and_full_tables_count_from_one(tmp_path: Path) -> None:
    rows = [f"{frame},1,{frame % 2}" for frame in range(1, 13)]
    sequence = labelled(tmp_path, "frame, success, AU12_c", *rows)
    assert sequence.labels.au[:, 0].tolist() == [1, 0] * 6
    plain = labelled(tmp_path, "frame,AU12", *[f"{frame},{frame % 2}" for frame in range(1, 13)])
    assert plain.labels.au[:, 0].tolist() == [1, 0] * 6


def test_one_extra_label_row_becomes_a_missing_frame(tmp_path: Path) -> None:
    rows = [f"{frame},1" for frame in range(13)]
    sequence = labelled(tmp_path, "frame,AU12", *rows)
    assert sequence.frames.tolist() == list(range(13))
    assert list(sequence.pictures())[12] is None


def test_labels_of_another_video_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name frames that a/a lacks"):
        labelled(tmp_path, "frame,AU12", *[f"{frame},1" for frame in range(100, 112)])


def test_labels_need_to_say_whose_they_are(tmp_path: Path) -> None:
    write_video(tmp_path / "a.avi")
    write_video(tmp_path / "b.avi")
    labels = str(write_lines(tmp_path / "l.csv", "subject,frame,AU12", "a,0,1", "c,1,1"))
    found = problems(tmp_path / "a.avi", tmp_path / "b.avi", labels=labels)
    assert len(found) == 1
    assert "row 3" in found[0]


def test_limits_prefer_labelled_frames(tmp_path: Path) -> None:
    sequence = labelled(tmp_path, "frame,AU1", "2,1", "3,1", "4,0", "9,1", frames=3)
    assert sequence.frames.tolist() == [2, 4, 9]
    assert sequence.labels.au.ravel().tolist() == [1, 0, 1]


def test_limit_counts_over_all_sequences_of_a_subject(tmp_path: Path) -> None:
    for name in ("s/t1", "s/t2"):
        for frame in range(10):
            write_image(tmp_path / name / f"{frame}.png")
    (first, second) = opened(tmp_path, frames=5)["s"]
    assert len(first.frames) + len(second.frames) == 5
    assert limit_frames([first, second], 50)[0].frames.tolist() == first.frames.tolist()


# -- manifests


def test_manifest_of_pictures(tmp_path: Path) -> None:
    for name in ("1.png", "2.png", "3.png"):
        write_image(tmp_path / name, 20 * int(name[0]))
    path = write_lines(
        tmp_path / "m.csv",
        "path,subject,gender,sequence,frame,AU6",
        "2.png,anna,F,t,20,1", "1.png,anna,female,t,10,0", "3.png,ben,male,t,5,9",
    )  # fmt: skip
    subjects = opened(path)
    (anna,), (ben,) = subjects["anna"], subjects["ben"]
    assert (anna.apparent_gender, ben.apparent_gender) == ("female", "male")
    assert anna.frames.tolist() == [10, 20]
    assert anna.labels.au.ravel().tolist() == [0, 1]
    assert ben.labels.mask.ravel().tolist() == [0]
    assert [round(p.mean() / 20) for p in anna.pictures()] == [1, 2]


def test_manifest_of_a_video_with_labels(tmp_path: Path) -> None:
    write_video(tmp_path / "v.avi")
    path = write_lines(tmp_path / "m.csv", "path,subject,frame,AU1", "v.avi,x,0,1", "v.avi,x,3,0")
    (sequence,) = opened(path)["x"]
    assert len(sequence.frames) == 12
    assert np.flatnonzero(sequence.labels.mask[:, 0]).tolist() == [0, 3]


def test_manifest_names_every_wrong_row(tmp_path: Path) -> None:
    write_image(tmp_path / "1.png")
    path = write_lines(
        tmp_path / "m.csv",
        "path,subject,gender,frame",
        "1.png,a,femal,0", "gone.png,a,male,1", "1.png,a,male,1", "notes.txt,a,male,2",
    )  # fmt: skip
    found = problems(path)
    assert any("row 2" in line and "did you mean 'female'" in line for line in found)
    assert any("row 5" in line for line in found)
    write_lines(tmp_path / "m.csv", "path,subject,frame", "1.png,a,0", "gone.png,a,1", "1.png,a,1")
    found = problems(path)
    assert any("row 3" in line and "does not exist" in line for line in found)
    assert any("row 4" in line and "already stands in row 3" in line for line in found)


def test_subject_with_two_genders_is_refused(tmp_path: Path) -> None:
    write_image(tmp_path / "1.png")
    path = write_lines(tmp_path / "m.csv", "path,subject,gender,frame", "1.png,a,f,0", "1.png,a,m,1")
    assert "row 2" in problems(path)[0]


# -- everything else


def test_more_subjects_than_there_are(tmp_path: Path) -> None:
    write_video(tmp_path / "a.avi")
    assert "--subjects" in problems(tmp_path / "a.avi", subjects=3)[0]


def test_unknown_standin_gets_a_hint() -> None:
    with pytest.raises(InputError, match="did you mean 'standin-gft'"):
        open_source(SourceSpec(("standin-gtf",)))


def test_same_name_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    write_video(tmp_path / "a.avi")
    write_video(tmp_path / "x" / "a.avi")
    assert "two inputs are called a/a" in problems(tmp_path / "a.avi", tmp_path / "x" / "a.avi")[0]


def test_openface_file_reads_whole(shared_dir: Path) -> None:
    table = read_csv(shared_dir / "real" / "OpenFace_Test.csv")
    cells = read_au_cells(table)
    assert 12 in cells.numbers
    assert cells.au.shape == (len(table.rows), len(cells.numbers))
    assert set(np.unique(cells.au)) <= {0, 1}
