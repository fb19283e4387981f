"""Each corpus reader against a generated tree in the corpus's layout: every label, mask, frame and landmark."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from corpus_trees import (
    Tree,
    gft_partition,
    make_bp4d,
    make_disfa,
    make_gft,
    number_in,
    write_picture,
    write_text,
    write_video,
)  # fmt: skip

from assets.corpora import CORPORA, fold_subjects
from assets.errors import InputError
from synth.corpora.registry import OPENERS, corpus_options, open_corpus
from synth.corpora.sequence import CorpusSequence, OpenedCorpus
from synth.sources.match import take_rows
from synth.sources.open import SourceSpec, open_source

MAKERS = {"bp4d": make_bp4d, "disfa": make_disfa, "gft": make_gft}
SCHEMES = {"bp4d": "ibug49", "disfa": "ibug66", "gft": "ibug49"}


@pytest.fixture(scope="module", params=list(MAKERS))
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tree, OpenedCorpus]:
    root = tmp_path_factory.mktemp(request.param)
    tree = MAKERS[request.param](root)
    return tree, open_corpus(request.param, root)


def by_key(corpus: OpenedCorpus) -> dict[tuple[str, str], CorpusSequence]:
    return {(sequence.subject, sequence.name): sequence for sequence in corpus.sequences}


def test_every_sequence_is_opened_once_and_in_order(opened: tuple[Tree, OpenedCorpus]) -> None:
    tree, corpus = opened
    assert [(s.subject, s.name) for s in corpus.sequences] == sorted(tree)
    assert not corpus.failed
    assert corpus.subjects == tuple(sorted({subject for subject, _ in tree}))


def test_labels_masks_intensities_and_frames_are_those_of_the_files(opened: tuple[Tree, OpenedCorpus]) -> None:
    tree, corpus = opened
    for key, sequence in by_key(corpus).items():
        truth = tree[key]
        assert sequence.labels.numbers == CORPORA[corpus.name].au_numbers
        assert sequence.labels.source == "coded"
        np.testing.assert_array_equal(sequence.frames, truth.frames)
        np.testing.assert_array_equal(sequence.labels.au, truth.au)
        np.testing.assert_array_equal(sequence.labels.mask, truth.mask)
        assert (sequence.labels.au[sequence.labels.mask == 0] == 0).all()
        if truth.intensity is None:
            assert sequence.labels.intensity is None
        else:
            np.testing.assert_array_equal(sequence.labels.intensity, truth.intensity)
        assert (sequence.apparent_gender, sequence.split) == (truth.gender, truth.split)
        assert (np.diff(sequence.time_s) > 0).all()


def test_each_planned_frame_comes_with_its_own_picture(opened: tuple[Tree, OpenedCorpus]) -> None:
    tree, corpus = opened
    for key, sequence in by_key(corpus).items():
        truth = tree[key]
        pictures = list(sequence.pictures())
        numbers = [-1 if picture is None else number_in(picture) for picture in pictures]
        np.testing.assert_array_equal(numbers, truth.picture_numbers)
        some = [-1 if picture is None else number_in(picture) for picture in sequence.pictures(2, 7)]
        assert some == numbers[2:7]


def test_landmarks_count_pixels_from_zero_and_stay_with_their_frame(opened: tuple[Tree, OpenedCorpus]) -> None:
    tree, corpus = opened
    for key, sequence in by_key(corpus).items():
        given = sequence.given_landmarks
        assert given is not None
        assert given.scheme == SCHEMES[corpus.name]
        np.testing.assert_allclose(given.points_px, tree[key].points_px, atol=1e-3)


def test_a_choice_of_rows_keeps_everything_together(opened: tuple[Tree, OpenedCorpus]) -> None:
    _, corpus = opened
    sequence = pickle.loads(pickle.dumps(corpus.sequences[0]))
    rows = np.array([0, 2, 5])
    for few in (sequence.take(rows), take_rows(sequence, rows)):
        check_rows(few, sequence, rows)


def check_rows(few: CorpusSequence, sequence: CorpusSequence, rows: np.ndarray) -> None:
    np.testing.assert_array_equal(few.frames, sequence.frames[rows])
    np.testing.assert_array_equal(few.labels.mask, sequence.labels.mask[rows])
    np.testing.assert_array_equal(few.given_landmarks.points_px, sequence.given_landmarks.points_px[rows])
    all_pictures = list(sequence.pictures())
    for row, picture in zip(rows, few.pictures(), strict=True):
        np.testing.assert_array_equal(picture, all_pictures[row])


def test_frames_are_spread_over_all_sequences_of_a_subject(tmp_path: Path) -> None:
    tree = make_bp4d(tmp_path)
    few = open_corpus("bp4d", tmp_path, frames=6)
    for subject in few.subjects:
        mine = [sequence for sequence in few.sequences if sequence.subject == subject]
        assert sum(len(sequence.frames) for sequence in mine) == 6
        assert {sequence.name for sequence in mine} == {"T1", "T2"}
        assert mine[0].frames[0] == tree[subject, "T1"].frames[0]
        assert mine[-1].frames[-1] == tree[subject, "T2"].frames[-1]


def test_subjects_tasks_units_and_splits_can_be_chosen(tmp_path: Path) -> None:
    make_bp4d(tmp_path / "bp4d")
    one = open_corpus("bp4d", tmp_path / "bp4d", subjects=["M001"], tasks=["t2"], aus=(12, 4))
    assert [(s.subject, s.name, s.labels.numbers) for s in one.sequences] == [("M001", "T2", (12, 4))]
    whole = by_key(open_corpus("bp4d", tmp_path / "bp4d"))["M001", "T2"]
    places = [CORPORA["bp4d"].au_numbers.index(number) for number in (12, 4)]
    np.testing.assert_array_equal(one.sequences[0].labels.au, whole.labels.au[:, places])
    make_gft(tmp_path / "gft")
    assert open_corpus("gft", tmp_path / "gft", split="val").subjects == ("021C",)
    assert open_corpus("gft", tmp_path / "gft", split="train").subjects == ("001A", "001B")


def test_disfa_reads_units_beyond_the_published_eight(tmp_path: Path) -> None:
    make_disfa(tmp_path)
    sequence = open_corpus("disfa", tmp_path, aus=(5, 20)).sequences[0]
    lines = (tmp_path / "ActionUnit_Labels/SN001/SN001_au20.txt").read_text().split()
    np.testing.assert_array_equal(sequence.labels.intensity[:, 1], [int(line.split(",")[1]) for line in lines])


def test_disfa_right_camera_has_its_own_videos_and_no_left_landmarks(tmp_path: Path) -> None:
    make_disfa(tmp_path, "Right")
    corpus = open_corpus("disfa", tmp_path, camera="right")
    assert {sequence.name for sequence in corpus.sequences} == {f"RightVideo{s}_comp" for s in corpus.subjects}
    assert all(sequence.given_landmarks is None for sequence in corpus.sequences)
    named = open_corpus("disfa", tmp_path, camera="right", landmarks="Landmark_Points")
    assert all(sequence.given_landmarks is not None for sequence in named.sequences)
    with pytest.raises(InputError, match="videos of the left camera"):
        open_corpus("disfa", tmp_path)


def test_gft_columns_codes_and_offset_are_the_users(tmp_path: Path) -> None:
    make_gft(tmp_path)
    plain = by_key(open_corpus("gft", tmp_path, subjects=["001A"]))["001A", "001A"]
    path = tmp_path / "labels" / "001A.csv"
    lines = [line.split(",") for line in path.read_text().splitlines()]
    head = ["no", *(f"unit{name.removeprefix('AU')}_occ" for name in lines[0][1:]), "who"]
    coded = ["7" if text in ("9", "999", "-1", "") else text for line in lines[1:] for text in line[1:]]
    rows = np.array(coded).reshape(len(lines) - 1, -1)
    write_text(path, [",".join(head), *(",".join([str(i), *row, "F"]) for i, row in enumerate(rows))])
    units = {f"AU{number}": f"unit{number}_occ" for number in CORPORA["gft"].au_numbers}
    (tmp_path / "gender.csv").unlink()
    again = open_corpus(
        "gft", tmp_path, subjects=["001A"], columns={"frame": "no", "gender": "who", **units}, missing_codes=["7"],
        frame_offset=1,
    ).sequences[0]  # fmt: skip
    np.testing.assert_array_equal(again.frames, plain.frames - 1)
    np.testing.assert_array_equal(again.labels.au, plain.labels.au)
    np.testing.assert_array_equal(again.labels.mask, plain.labels.mask)
    assert again.apparent_gender == "female"
    for one, other in zip(again.pictures(), plain.pictures(), strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one, other)
    by_row = open_corpus(
        "gft", tmp_path, subjects=["001A"], columns={"frame": "#row", "gender": "who", **units}, missing_codes=["7"]
    ).sequences[0]
    np.testing.assert_array_equal(by_row.frames, plain.frames)


def test_gft_partition_may_spell_its_splits_out(tmp_path: Path) -> None:
    make_gft(tmp_path)
    spelt = {"train": "Training", "val": "development", "test": "TEST"}
    rows = [f"{subject},{spelt[split]}" for subject, split in gft_partition().items()]
    write_text(tmp_path / "elsewhere.csv", ["Subject,Split", *rows])
    corpus = open_corpus("gft", tmp_path, partition="elsewhere.csv")
    assert {s.subject: s.split for s in corpus.sequences}["021C"] == "val"


def test_landmarks_without_frame_numbers_belong_to_the_rows_in_order(tmp_path: Path) -> None:
    tree = make_gft(tmp_path)
    for subject in ("001A", "032A"):
        path = tmp_path / "landmarks" / f"{subject}.txt"
        rows = [line.split(" ", 1)[1] for line in path.read_text().splitlines()]
        write_text(path, rows + rows[:1] if subject == "032A" else rows)
        sequence = open_corpus("gft", tmp_path, subjects=[subject]).sequences[0]
        truth = tree[subject, subject].points_px
        np.testing.assert_allclose(sequence.given_landmarks.points_px, truth, atol=1e-3)
        few = sequence.take(np.array([1, 4]))
        np.testing.assert_allclose(few.given_landmarks.points_px, truth[[1, 4]], atol=1e-3)


def test_the_corpus_s_own_points_can_be_left_aside(tmp_path: Path) -> None:
    make_gft(tmp_path)
    corpus = open_corpus("gft", tmp_path, landmarks="none")
    assert [sequence.given_landmarks for sequence in corpus.sequences] == [None] * 4


def test_render_reads_a_corpus_through_the_same_reader(tmp_path: Path) -> None:
    make_disfa(tmp_path, "Right")
    (tmp_path / "ActionUnit_Labels/SN010/SN010_au4.txt").unlink()
    spec = SourceSpec(("disfa",), root=str(tmp_path), subjects=1, frames=5, options=("camera=right", "aus=4,12"))
    source = open_source(spec)
    direct = open_corpus("disfa", tmp_path, camera="right", aus=(4, 12), frames=5)
    assert list(source.subjects) == ["SN001"]
    assert source.failed == direct.failed
    assert set(source.failed) == {"SN010"}
    sequence, twin = source.subjects["SN001"][0], direct.sequences[0]
    np.testing.assert_array_equal(sequence.frames, twin.frames)
    assert sequence.labels is not None
    np.testing.assert_array_equal(sequence.labels.au, twin.labels.au)
    with pytest.raises(InputError, match=r"write --source disfa --root FOLDER"):
        open_source(SourceSpec(("disfa",)))
    with pytest.raises(InputError, match=r"--option: 'camera' is no key=value"):
        open_source(SourceSpec(("disfa",), root=str(tmp_path), options=("camera",)))
    with pytest.raises(InputError, match=r"--subjects: 3 subjects asked for but 2 can be opened"):
        open_source(SourceSpec(("disfa",), root=str(tmp_path), subjects=3, options=("camera=right",)))


def test_options_are_those_of_the_opener() -> None:
    assert set(OPENERS) == set(CORPORA)
    assert "camera" in corpus_options("disfa")
    with pytest.raises(InputError, match=r"--camera: bp4d takes no such option"):
        open_corpus("bp4d", "anywhere", camera="left")
    with pytest.raises(InputError, match=r"did you mean 'disfa'"):
        open_corpus("difsa", "anywhere")


def test_pictures_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    root = tmp_path / "gft"
    make_gft(root)
    for frame in range(1, 11):
        write_picture(root / "images" / "001A" / f"{frame}.jpg", frame)
    sequence = open_corpus("gft", root, subjects=["001A"]).sequences[0]
    pictures = sequence.pictures()
    assert number_in(next(pictures)) == 1
    (root / "images" / "001A" / "2.jpg").unlink()
    assert next(pictures) is None
    write_video(root / "images" / "unused.avi", range(2))
    assert open_corpus("gft", root, subjects=["001A"]).subjects == ("001A",)


def test_the_document_prints_the_folds_of_the_data_file() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "datasets.md").read_text(encoding="utf-8")
    for name, title, size in (("bp4d", "BP4D", 41), ("disfa", "DISFA", 27)):
        printed = [
            tuple(line.split("|")[3].split())
            for line in text.splitlines()
            if re.match(rf"\| {title} \| [123] \|", line)
        ]
        assert tuple(printed) == fold_subjects(name)
        members = [subject for part in printed for subject in part]
        assert len(members) == len(set(members)) == size == CORPORA[name].subjects
